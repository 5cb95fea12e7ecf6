internal import POSIX
internal import Text

/// Finds the command that a line means, checks the line against it and runs it.
struct CommandTree: Sendable {
    let root: Command
    let version: String

    static let versionOption = Option.flag("version", "show the version and exit")

    /// What a command line asks for.
    enum Request {
        case help(Command, path: [String])
        case version
        case run(@Sendable (Invocation) throws -> ExitCode, Invocation)
    }

    /// Reads a command line without the program's own name.
    ///
    /// - Throws: `CommandError` with exit code 64 and, where a name was mistyped, the one that was probably meant.
    func read(_ arguments: [String], _ environment: Environment) throws(CommandError) -> Request {
        var command = root
        var path = [root.name]
        var rest = arguments
        while case .group = command.body {
            let options = [Option.help] + (path.count == 1 ? [Self.versionOption] : [])
            let parsed = try parse(rest, options, path, untilOperand: true)
            if parsed.options.contains(where: { $0.name == Option.help.name }) { return .help(command, path: path) }
            if !parsed.options.isEmpty { return .version }
            guard let word = parsed.operands.first else {
                throw .usage(
                    "\(Self.label(path))a command is missing: one of \(command.subcommands.map(\.name).joined(separator: ", "))",
                    advice: advice(path)
                )
            }
            if word == "help", path.count == 1 { return try help(Array(parsed.operands.dropFirst())) }
            command = try child(word, of: command, path)
            path.append(word)
            rest = Array(parsed.operands.dropFirst())
        }
        return try request(command, path, rest, environment)
    }

    /// The command at the end of `help audit list`.
    private func help(_ words: [String]) throws(CommandError) -> Request {
        var command = root
        var path = [root.name]
        for word in words {
            command = try child(word, of: command, path)
            path.append(word)
        }
        return .help(command, path: path)
    }

    private func child(_ word: String, of command: Command, _ path: [String]) throws(CommandError) -> Command {
        if case .group(let children) = command.body, let found = children.first(where: { $0.name == word }) {
            return found
        }
        let question = NearMiss.question(word, among: command.subcommands.map(\.name))
        throw .usage(
            "\(Self.label(path))there is no command '\(word.madeVisible)'\(question)",
            advice: advice(path)
        )
    }

    private func request(
        _ command: Command,
        _ path: [String],
        _ arguments: [String],
        _ environment: Environment
    ) throws(CommandError) -> Request {
        let parsed = try parse(arguments, command.options + [.help], path, untilOperand: false)
        if parsed.options.contains(where: { $0.name == Option.help.name }) { return .help(command, path: path) }
        guard case .action(let action) = command.body else { return .help(command, path: path) }
        try check(parsed, against: command, path)
        return .run(
            action,
            Invocation(
                path: path,
                operands: parsed.operands + (command.takesChild ? [] : parsed.afterDashes ?? []),
                child: command.takesChild ? parsed.afterDashes ?? [] : [],
                environment: environment,
                options: parsed.options
            )
        )
    }

    private func parse(
        _ arguments: [String],
        _ options: [Option],
        _ path: [String],
        untilOperand: Bool
    ) throws(CommandError) -> ParsedOptions {
        do throws(POSIXError) {
            return try Options.parse(arguments, accepting: options.map(\.shape), untilOperand: untilOperand)
        } catch {
            let word = error.subject.drop { $0 == "-" }
            let meant =
                error.code == .unknownOption ? NearMiss.name(nearestTo: String(word), among: options.map(\.name)) : nil
            let question = meant.map { "; did you mean '--\($0)'?" } ?? ""
            throw .usage(
                "\(Self.label(path))\(error.description.madeVisible)\(question)",
                advice: advice(path)
            )
        }
    }

    /// What messages about a command begin with: nothing for the program itself, else `audit list: `.
    static func label(_ path: [String]) -> String {
        path.count == 1 ? "" : "\(path.dropFirst().joined(separator: " ")): "
    }

    func advice(_ path: [String]) -> String { "try: \(path.joined(separator: " ")) --help" }
}
