internal import POSIX
internal import Time

/// One call of a command, its options checked against what the command takes.
struct Invocation: Sendable {
    /// From `jobpass` to the command's own name.
    let path: [String]
    let operands: [String]
    /// What stands after `--`, for commands that run another.
    let child: [String]
    let environment: Environment
    private let options: [ParsedOptions.Occurrence]

    init(
        path: [String],
        operands: [String],
        child: [String],
        environment: Environment,
        options: [ParsedOptions.Occurrence]
    ) {
        self.path = path
        self.operands = operands
        self.child = child
        self.environment = environment
        self.options = options
    }

    /// The value of an option that was given.
    subscript(_ option: Option) -> String? { options.last { $0.name == option.name }?.value }

    /// Every value of an option that may be repeated, in order.
    func all(_ option: Option) -> [String] { options.compactMap { $0.name == option.name ? $0.value : nil } }

    /// Whether a flag was given.
    func has(_ option: Option) -> Bool { options.contains { $0.name == option.name } }

    /// The value of an option, or of an operand, that is one of a list's names.
    ///
    /// - Throws: `CommandError` where it is none of them.
    func choice<Choice: RawRepresentable<String>>(_ text: String) throws(CommandError) -> Choice {
        guard let choice = Choice(rawValue: text) else { throw .usage("\(label)'\(text)' is not known") }
        return choice
    }

    /// The value of an option that is a duration of the contract.
    ///
    /// - Throws: `CommandError` where it is none.
    func duration(_ option: Option) throws(CommandError) -> Duration? {
        guard let text = self[option] else { return nil }
        do throws(TimeError) { return try Duration(parsing: text) } catch {
            throw .usage("\(label)--\(option.name): \(error)")
        }
    }

    /// The value of an option that is a whole number within a range.
    ///
    /// - Throws: `CommandError` where it is none, or outside.
    func integer(_ option: Option, in range: ClosedRange<Int>) throws(CommandError) -> Int? {
        guard let text = self[option] else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw .usage(
                "\(label)--\(option.name): '\(text)' is no whole number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return number
    }

    /// What messages about this call begin with: `secret set: `.
    var label: String { CommandTree.label(path) }
}
