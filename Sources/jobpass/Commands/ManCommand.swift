internal import POSIX
internal import Text

/// `jobpass man [COMMAND…]`.
enum ManCommand {
    static let directory = Option.value(
        "directory",
        "DIR",
        "write every page into this directory, each to its file, such as jobpass-token.1",
        kind: .directory
    )

    static let definition = Command(
        name: "man",
        summary: "write the manual page of jobpass or of one of its commands",
        details: [
            "The pages are made from the same definitions as --help, in the language of man(7). Once they are in a directory of "
                + "MANPATH, as the Debian package puts them, 'man jobpass secret set' finds that command's."
        ],
        operands: [
            Command.Operand("COMMAND", "whose page, such as secret set; jobpass itself by default", count: .anyNumber)
        ],
        options: [directory],
        examples: [
            Command.Example("jobpass man | man -l -", "read it here"),
            Command.Example("jobpass man secret set > jobpass-secret-set.1", "keep one page"),
            Command.Example("jobpass man --directory /usr/local/share/man/man1", "install all of them"),
        ],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let manual = Manual(tree: .jobpass)
        guard let directory = invocation[directory] else {
            let wanted = invocation.operands.joined(separator: " ")
            guard let page = manual.pages.first(where: { $0.command == wanted }) else {
                let question = NearMiss.question(wanted, among: manual.pages.map(\.command))
                throw CommandError.usage(
                    "\(invocation.label)there is no command '\(wanted)'\(question)",
                    advice: "try: jobpass --help"
                )
            }
            try Console(invocation.environment).result(page.text)
            return .success
        }
        guard invocation.operands.isEmpty else {
            throw CommandError.usage("\(invocation.label)--directory takes every page: leave COMMAND out")
        }
        for page in manual.pages {
            try Files.replace(Paths.join(directory, page.file), Array(page.text.utf8), mode: 0o644)
        }
        return .success
    }
}
