internal import POSIX
internal import Text

extension CommandTree {
    /// Checks what was given against what a command takes.
    ///
    /// - Throws: `CommandError` with exit code 64.
    func check(_ parsed: ParsedOptions, against command: Command, _ path: [String]) throws(CommandError) {
        for option in command.options { try check(option, parsed.options.filter { $0.name == option.name }, path) }
        try checkChild(parsed, against: command, path)
        let operands = parsed.operands + (command.takesChild ? [] : parsed.afterDashes ?? [])
        for (index, operand) in command.operands.enumerated() where operand.count == .one || operand.count == .oneOrMore
        {
            guard operands.count > index else {
                throw usage(path, "\(operand.name) is missing (\(operand.summary))")
            }
        }
        for (operand, value) in zip(command.operands, operands) {
            try check(value, of: operand.kind, operand.name, path)
        }
        let most =
            command.operands.contains { $0.count == .oneOrMore || $0.count == .anyNumber }
            ? Int.max : command.operands.count
        guard operands.count <= most else {
            let takes =
                command.operands.isEmpty ? "no operand" : "only \(command.operands.map(\.name).joined(separator: " "))"
            throw usage(path, command.surplus ?? "takes \(takes), and \(operands.count) were given")
        }
    }

    private func check(
        _ option: Option,
        _ given: [ParsedOptions.Occurrence],
        _ path: [String]
    ) throws(CommandError) {
        guard !option.isRequired || !given.isEmpty else {
            throw usage(path, "--\(option.name) is missing (\(option.summary))")
        }
        guard option.repeats || given.count <= 1 else {
            throw usage(path, "--\(option.name) is given \(given.count) times; give it once")
        }
        for value in given.compactMap(\.value) { try check(value, of: option.kind, "--\(option.name)", path) }
    }

    private func check(
        _ value: String,
        of kind: Option.Kind,
        _ name: String,
        _ path: [String]
    ) throws(CommandError) {
        guard case .choice(let choices) = kind, !choices.contains(value) else { return }
        let question = NearMiss.question(value, among: choices)
        throw usage(path, "\(name): '\(value.madeVisible)' is none of \(choices.joined(separator: ", "))\(question)")
    }

    private func checkChild(
        _ parsed: ParsedOptions,
        against command: Command,
        _ path: [String]
    ) throws(CommandError) {
        guard command.takesChild else { return }
        guard let child = parsed.afterDashes else {
            throw usage(
                path,
                "the command to run is missing; write it after --, as in: \(command.examples.first?.line ?? "")"
            )
        }
        guard !child.isEmpty else { throw usage(path, "there is no command after --") }
    }

    private func usage(_ path: [String], _ message: String) -> CommandError {
        .usage("\(Self.label(path))\(message)", advice: advice(path))
    }
}
