/// A command as its help, its completion and its reading of the command line see it.
struct Command: Sendable {
    /// What stands on the command line besides options.
    struct Operand: Equatable, Sendable {
        enum Count: Equatable, Sendable {
            case one
            case atMostOne
            case oneOrMore
            case anyNumber
        }

        /// Such as `TARGET`.
        let name: String
        let count: Count
        let kind: Option.Kind
        let summary: String

        init(_ name: String, _ summary: String, count: Count = .one, kind: Option.Kind = .text) {
            self.name = name
            self.count = count
            self.kind = kind
            self.summary = summary
        }
    }

    /// A line that works as it stands, with what it is for.
    struct Example: Equatable, Sendable {
        let line: String
        let purpose: String

        init(_ line: String, _ purpose: String) {
            self.line = line
            self.purpose = purpose
        }
    }

    /// An environment variable or exit code, and what it means here.
    struct Note: Equatable, Sendable {
        let name: String
        let meaning: String

        init(_ name: String, _ meaning: String) {
            self.name = name
            self.meaning = meaning
        }
    }

    /// What a command does.
    enum Body: Sendable {
        case group([Command])
        case action(@Sendable (Invocation) throws -> ExitCode)
    }

    let name: String
    /// One line, without a full stop.
    let summary: String
    /// Paragraphs of what a line cannot say.
    var details: [String] = []
    var operands: [Operand] = []
    var options: [Option] = []
    /// What to say where there are more operands than it takes; they are not repeated, as one may be a secret.
    var surplus: String?
    /// Whether it takes `-- CMD…`, a command of its caller's.
    var takesChild = false
    let examples: [Example]
    var variables: [Note] = []
    /// Exit codes that say more than the program's general list does.
    var exits: [Note] = []
    let body: Body
    /// Whether help and completion leave it out: a tool of those who work on the program.
    var isHidden = false

    /// The commands below this one that help and completion tell of.
    var subcommands: [Command] { if case .group(let commands) = body { commands.filter { !$0.isHidden } } else { [] } }

    /// How it is called, without the path that leads to it.
    var pattern: String {
        if !subcommands.isEmpty { return "COMMAND …" }
        let parts =
            operands.map { operand in
                switch operand.count {
                case .one: operand.name
                case .atMostOne: "[\(operand.name)]"
                case .oneOrMore: "\(operand.name)…"
                case .anyNumber: "[\(operand.name)…]"
                }
            }
            + options.filter(\.isRequired).map { "--\($0.name) \($0.placeholder ?? "")" }
            + (options.contains { !$0.isRequired } ? ["[OPTION…]"] : [])
            + (takesChild ? ["-- CMD…"] : [])
        return parts.joined(separator: " ")
    }
}
