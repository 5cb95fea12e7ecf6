internal import POSIX

/// One option of a command: what it is called, what it takes, and what its line of help says.
struct Option: Equatable, Sendable {
    /// What may stand as an option's value or as an operand, as far as completion can help.
    enum Kind: Equatable, Sendable {
        case text
        case file
        case directory
        case choice([String])
    }

    let name: String
    let letter: Character?
    /// What its value is called in help, such as `DURATION`; nil for an option that takes none.
    let placeholder: String?
    let kind: Kind
    let summary: String
    let isRequired: Bool
    let repeats: Bool

    /// An option without a value.
    static func flag(_ name: String, letter: Character? = nil, _ summary: String) -> Option {
        Option(
            name: name,
            letter: letter,
            placeholder: nil,
            kind: .text,
            summary: summary,
            isRequired: false,
            repeats: false
        )
    }

    /// An option with a value.
    static func value(
        _ name: String,
        _ placeholder: String,
        _ summary: String,
        letter: Character? = nil,
        kind: Kind = .text,
        isRequired: Bool = false,
        repeats: Bool = false
    ) -> Option {
        Option(
            name: name,
            letter: letter,
            placeholder: placeholder,
            kind: kind,
            summary: summary,
            isRequired: isRequired,
            repeats: repeats
        )
    }

    /// As it stands in help: `-a, --audience AUDIENCE`.
    var heading: String {
        (letter.map { "-\($0), " } ?? "") + "--\(name)" + (placeholder.map { " \($0)" } ?? "")
    }

    /// The values it may have; nil where any will do.
    var choices: [String]? { if case .choice(let choices) = kind { choices } else { nil } }

    /// How getopt is told about it.
    var shape: OptionShape { OptionShape(name, letter: letter, takesValue: placeholder != nil) }

    static let help = Option.flag("help", letter: "h", "show this help and exit")
    static let json = Option.flag("json", "write the answer as JSON, for programs")
}
