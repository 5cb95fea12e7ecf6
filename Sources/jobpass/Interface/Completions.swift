/// Shell completions, made from the commands' definitions alone.
enum Completions {
    enum Shell: String, CaseIterable, Sendable {
        case bash
        case zsh
        case fish
    }

    /// One place on a command line where something can be completed.
    struct Place {
        /// Below `jobpass`, joined by `/`: `/secret/set`; empty for `jobpass` itself.
        let path: String
        let command: Command
        let options: [Option]
    }

    /// The script that a shell sources.
    static func script(for shell: Shell, of tree: CommandTree) -> String {
        let places = places(tree.root, path: "")
        return switch shell {
        case .bash: bash(places)
        case .zsh: zsh(places)
        case .fish: fish(places)
        }
    }

    private static func places(_ command: Command, path: String) -> [Place] {
        let options = command.options + [.help] + (path.isEmpty ? [CommandTree.versionOption] : [])
        return [Place(path: path, command: command, options: options)]
            + command.subcommands.flatMap { places($0, path: "\(path)/\($0.name)") }
    }

    /// What may stand as a place's operand: the names of its commands, or the choices of its first operand.
    static func words(at place: Place) -> [String] {
        if !place.command.subcommands.isEmpty { return place.command.subcommands.map(\.name) }
        if case .choice(let choices) = place.command.operands.first?.kind { return choices }
        return []
    }

    /// Whether a place's operands, or what follows `--`, are files.
    static func takesFiles(_ place: Place) -> Bool {
        place.command.operands.contains { $0.kind == .file || $0.kind == .directory }
    }

    /// A text between single quotes, as all three shells read them.
    static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
