/// Manual pages (man(7)), made from the commands' definitions alone: one for the program and one for each of its commands.
struct Manual {
    let tree: CommandTree

    /// A page, and the name of its file, such as `jobpass-secret-set.1`, which `man jobpass secret set` finds.
    struct Page: Equatable {
        /// The command's words, such as `secret set`; empty for the program.
        let command: String
        let file: String
        let text: String
    }

    /// Every page: the program's, then those of its commands in the order of help.
    var pages: [Page] { pages(tree.root, path: [tree.root.name]) }

    private func pages(_ command: Command, path: [String]) -> [Page] {
        let words = path.dropFirst().joined(separator: " ")
        return [Page(command: words, file: "\(path.joined(separator: "-")).1", text: page(of: command, path: path))]
            + command.subcommands.flatMap { pages($0, path: path + [$0.name]) }
    }

    /// The page of one command; the same definitions give the same bytes.
    func page(of command: Command, path: [String]) -> String {
        let name = path.joined(separator: "-")
        let isProgram = path.count == 1
        let options = command.options + [.help] + (isProgram ? [CommandTree.versionOption] : [])
        let parts: [String?] = [
            // Nothing is broken at a hyphen that is not there, or stretched: names and lines are to be copied.
            ".TH \"\(Self.escaped(name.uppercased()))\" 1 \"\(Version.date)\" \"\(tree.root.name) \(tree.version)\"\n.nh\n.ad l",
            ".SH NAME\n\(Self.escaped(name)) \\- \(Self.escaped(command.summary))",
            ".SH SYNOPSIS\n\\fB\(Self.escaped(path.joined(separator: " ")))\\fR \(Self.escaped(command.pattern))",
            Self.description(command),
            Self.section("COMMANDS", command.subcommands.map { ("\\fB\(Self.escaped($0.name))\\fR", $0.summary) }),
            Self.section("OPERANDS", command.operands.map { ("\\fI\(Self.escaped($0.name))\\fR", $0.summary) }),
            Self.section("OPTIONS", options.map { (Self.heading(of: $0), Help.summary(of: $0)) }),
            Self.section("ENVIRONMENT", command.variables.map { ("\\fB\(Self.escaped($0.name))\\fR", $0.meaning) }),
            Self.section(
                "EXIT STATUS",
                (isProgram ? Help.exits : command.exits).map { (Self.escaped($0.name), $0.meaning) }
            ),
            isProgram ? Self.section("FILES", Self.files) : nil,
            ".SH EXAMPLES\n" + command.examples.map(Self.example).joined(separator: "\n.PP\n"),
            seeAlso(command, path),
        ]
        return ".\\\" Made by jobpass man from the command's own definition.\n"
            + parts.compactMap(\.self).joined(separator: "\n") + "\n"
    }

    private static let files = [
        ("\\fI/etc/jobpass/jobpass.yaml\\fR", "the broker's configuration, where no other is named"),
        ("\\fI./jobpass.yaml\\fR", "the same, and taken first where it is there"),
    ]

    private static func description(_ command: Command) -> String? {
        guard !command.details.isEmpty else { return nil }
        return ".SH DESCRIPTION\n" + command.details.map(line).joined(separator: "\n.PP\n")
    }

    /// A heading, and names with what they mean; names come in troff, meanings as text.
    private static func section(_ title: String, _ notes: [(name: String, meaning: String)]) -> String? {
        guard !notes.isEmpty else { return nil }
        return ".SH \(title)\n" + notes.map { ".TP\n\($0.name)\n\(line($0.meaning))" }.joined(separator: "\n")
    }

    private static func heading(of option: Option) -> String {
        let letter = option.letter.map { "\\fB\\-\(escaped(String($0)))\\fR, " } ?? ""
        let value = option.placeholder.map { " \\fI\(escaped($0))\\fR" } ?? ""
        return "\(letter)\\fB\\-\\-\(escaped(option.name))\\fR\(value)"
    }

    /// What it is for, then the line as it is typed.
    private static func example(_ example: Command.Example) -> String {
        "\(line(example.purpose + ":"))\n.PP\n.RS 4\n.nf\n\(line(example.line))\n.fi\n.RE"
    }

    private func seeAlso(_ command: Command, _ path: [String]) -> String {
        let parent = path.count == 1 ? [] : [path.dropLast().joined(separator: "-")]
        let names = parent + command.subcommands.map { (path + [$0.name]).joined(separator: "-") }
        guard !names.isEmpty else { return ".SH SEE ALSO\n.BR sysexits.h (3head)" }
        let lines = names.enumerated().map { index, name in
            ".BR \(Self.escaped(name)) (1)\(index == names.count - 1 ? "" : ",")"
        }
        return ".SH SEE ALSO\n" + lines.joined(separator: "\n")
    }

    /// A line of text, which must not begin as a request does.
    private static func line(_ text: String) -> String {
        text.split(separator: "\n").map { line in
            let escaped = escaped(String(line))
            return escaped.hasPrefix(".") || escaped.hasPrefix("\\(aq") ? "\\&\(escaped)" : escaped
        }.joined(separator: "\n")
    }

    /// Text as it is, whatever troff would read into it; a minus stays one that can be copied.
    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\\": result += "\\e"
            case "-": result += "\\-"
            case "'": result += "\\(aq"
            case "`": result += "\\(ga"
            case "^": result += "\\(ha"
            case "~": result += "\\(ti"
            case "\"": result += "\\(dq"
            case _ where scalar.isASCII: result.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                result += "\\[u\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)]"
            }
        }
    }
}
