/// The help of one command, made from its definition alone.
struct Help {
    let command: Command
    let path: [String]
    let style: Style
    /// In columns.
    let width: Int

    /// The narrowest that is worth breaking lines for, and the widest that is still read with ease.
    static let widths = 40...100

    /// The exit codes that hold for every command.
    static let exits = [
        Command.Note("0", "done"), Command.Note("64", "the command line is wrong"),
        Command.Note("65", "what was given or found is wrong: a name, a value, a token"),
        Command.Note("69", "the broker cannot be reached or cannot answer now"),
        Command.Note("74", "a file or stream cannot be read or written"),
        Command.Note("75", "it may work later: too many requests, or a time limit ran out"),
        Command.Note("77", "refused: by the broker's policy, by the cloud, or for want of a valid token"),
        Command.Note("78", "a configuration, key file or environment variable is wrong"),
    ]

    var text: String {
        var sections = ["\(style.heading(path.joined(separator: " "))): \(command.summary)"]
        sections.append("\(style.heading("Usage:")) \(path.joined(separator: " ")) \(command.pattern)")
        sections += command.details.map { Self.wrapped($0, width: width, indent: 0) }
        sections += [
            section("Commands", command.subcommands.map { Command.Note($0.name, $0.summary) }),
            section("Operands", command.operands.map { Command.Note($0.name, $0.summary) }),
            section("Options", options.map { Command.Note($0.heading, Self.summary(of: $0)) }),
            section("Environment", command.variables),
            section("Exit codes", path.count == 1 ? Self.exits : command.exits),
            examples,
        ].compactMap(\.self)
        if !command.subcommands.isEmpty {
            sections.append("\(path.joined(separator: " ")) COMMAND --help says more of each.")
        }
        return sections.joined(separator: "\n\n") + "\n"
    }

    private var options: [Option] {
        command.options + [.help] + (path.count == 1 ? [CommandTree.versionOption] : [])
    }

    /// What an option is for, with its choices and whether it must or may be given.
    static func summary(of option: Option) -> String {
        option.summary + (option.choices.map { " (\($0.joined(separator: ", ")))" } ?? "")
            + (option.isRequired ? "; required" : "") + (option.repeats ? "; may be repeated" : "")
    }

    /// Each example's purpose, then its line alone, to be copied.
    private var examples: String {
        let title = style.heading(command.examples.count == 1 ? "Example:" : "Examples:")
        return ([title] + command.examples.map { "  \($0.purpose):\n    \($0.line)" }).joined(separator: "\n")
    }

    /// A heading and its lines: names in a column, the long ones each above what it means.
    private func section(_ title: String, _ notes: [Command.Note]) -> String? {
        guard !notes.isEmpty else { return nil }
        let column = notes.map(\.name.count).filter { $0 <= 30 }.max() ?? 0
        let lines = notes.map { note in
            let isLong = note.name.count > 30
            let indent = column == 0 ? 6 : column + 4
            let meaning = Self.wrapped(note.meaning, width: width, indent: indent)
            let name = "  \(note.name)"
            if isLong { return "\(name)\n\(String(repeating: " ", count: indent))\(meaning)" }
            return name + String(repeating: " ", count: indent - name.count) + meaning
        }
        return ([style.heading("\(title):")] + lines).joined(separator: "\n")
    }

    /// A text broken between words, each line but the first indented.
    static func wrapped(_ text: String, width: Int, indent: Int) -> String {
        let room = max(24, min(max(width, widths.lowerBound), widths.upperBound) - indent)
        var lines: [String] = [""]
        for word in text.split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if last.count + 1 + word.count <= room {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines.joined(separator: "\n" + String(repeating: " ", count: indent))
    }
}
