extension Completions {
    /// Completion for fish 3 and later, to be saved as `jobpass.fish` among its completions, or sourced.
    static func fish(_ places: [Place]) -> String {
        let paths = places.dropFirst().map { quoted($0.path) }.joined(separator: " ")
        return """
            # Completion of jobpass for fish: jobpass completions fish | source
            function __jobpass_at
                set -l path ''
                set -l words (commandline -opc)
                for word in $words[2..-1]
                    test "$word" = --; and return 1
                    contains -- "$path/$word" \(paths); and set path "$path/$word"
                end
                test "$path" = "$argv[1]"
            end
            function __jobpass_in_child
                contains -- -- (commandline -opc)
            end
            complete -c jobpass -f
            complete -c jobpass -n __jobpass_in_child -a '(__fish_complete_subcommand --fcs-skip=(contains -i -- -- (commandline -opc)))'
            \(places.flatMap(lines).joined(separator: "\n"))

            """
    }

    private static func lines(_ place: Place) -> [String] {
        let start = "complete -c jobpass -n \(quoted("__jobpass_at \(quoted(place.path))"))"
        var lines = place.command.subcommands.map { "\(start) -a \($0.name) -d \(quoted($0.summary))" }
        if place.command.subcommands.isEmpty {
            lines += words(at: place).map { "\(start) -a \($0)" }
            if takesFiles(place) { lines.append("\(start) -F") }
        }
        lines += place.options.map { option in
            let letter = option.letter.map { " -s \($0)" } ?? ""
            let value =
                switch option.kind {
                case _ where option.placeholder == nil: ""
                case .text: " -x"
                case .file, .directory: " -r -F"
                case .choice(let choices): " -x -a \(quoted(choices.joined(separator: " ")))"
                }
            return "\(start) -l \(option.name)\(letter)\(value) -d \(quoted(option.summary))"
        }
        return lines
    }
}
