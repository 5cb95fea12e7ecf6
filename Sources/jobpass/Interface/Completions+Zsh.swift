extension Completions {
    /// Completion for zsh, to be saved as `_jobpass` in a directory of `fpath`, or sourced.
    static func zsh(_ places: [Place]) -> String {
        """
        #compdef jobpass
        # Completion of jobpass for zsh: jobpass completions zsh > "${fpath[1]}/_jobpass"

        \(places.map(function).joined(separator: "\n\n"))

        if [[ $zsh_eval_context == *loadautofunc* ]]; then _jobpass "$@"; else compdef _jobpass jobpass; fi

        """
    }

    private static func function(_ place: Place) -> String {
        let name = "_jobpass" + place.path.split(separator: "/").map { "_\($0)" }.joined()
        let options = place.options.map { "        \(quoted(specification(of: $0)))" }
        let commands = place.command.subcommands
        guard !commands.isEmpty else {
            let lines = options + operands(of: place).map { "        \($0)" }
            let child = place.command.takesChild ? Self.child : ""
            return "\(name)() {\n\(child)    _arguments -s \\\n\(lines.joined(separator: " \\\n"))\n}"
        }
        let described = commands.map { "        \(quoted("\($0.name):\($0.summary)"))" }
        let branches = commands.map { "        \($0.name)) \(name)_\($0.name) ;;" }
        return """
            \(name)() {
                local line state
                local -a commands=(
            \(described.joined(separator: "\n"))
                )
                _arguments -C \\
            \(options.joined(separator: " \\\n")) \\
                    '1: :->command' '*:: :->rest'
                case $state in
                command) _describe command commands ;;
                rest) case $line[1] in
            \(branches.joined(separator: "\n"))
                    esac ;;
                esac
            }
            """
    }

    /// Behind `--` stands a command line of its own, completed as if it were the whole.
    private static let child = """
            local child=${words[(ie)--]}
            if (( CURRENT > child )); then
                shift $child words
                (( CURRENT -= child ))
                _normal
                return
            fi

        """

    private static func operands(of place: Place) -> [String] {
        place.command.operands.enumerated().map { index, operand in
            let position = operand.count == .oneOrMore || operand.count == .anyNumber ? "*" : "\(index + 1)"
            return quoted("\(position):\(escaped(operand.name)):\(action(of: operand.kind))")
        }
    }

    private static func specification(of option: Option) -> String {
        let repeats = option.repeats ? "*" : ""
        let head = "\(repeats)--\(option.name)\(option.placeholder == nil ? "" : "=")[\(escaped(option.summary))]"
        return option.placeholder.map { "\(head):\(escaped($0)):\(action(of: option.kind))" } ?? head
    }

    private static func action(of kind: Option.Kind) -> String {
        switch kind {
        case .text: " "
        case .file: "_files"
        case .directory: "_files -/"
        case .choice(let choices): "(\(choices.joined(separator: " ")))"
        }
    }

    /// Colons and brackets end the parts of a specification.
    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { $0 += ":[]\\".contains($1) ? "\\\($1)" : String($1) }
    }
}
