import POSIX
import Support
import Testing

@Suite("The help of every command")
struct CommandLineHelpTests {
    /// A command's words, and its help.
    struct Page: Sendable {
        let path: [String]
        let result: BuiltCommand.Result
        var help: String { result.output }
    }

    /// Every command there is, found as a person finds them: from help to help.
    static func pages() throws -> [Page] { try found.get() }

    private static let found = Result { try pages(below: []) }

    private static func pages(below path: [String]) throws -> [Page] {
        let page = Page(path: path, result: try BuiltCommand.run(path + ["--help"]))
        let names = section("Commands", of: page.help).map { line in String(line.prefix { $0 != " " }) }
        return [page] + (try names.flatMap { try pages(below: path + [$0]) })
    }

    /// The lines of a section that begin a note, without their indentation.
    static func section(_ title: String, of help: String) -> [Substring] {
        let lines = help.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(where: { $0 == "\(title):" }) else { return [] }
        return lines[(start + 1)...].prefix { !$0.isEmpty }.filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
            .map { $0.dropFirst(2) }
    }

    @Test("every command says how it is called, what it is for, and gives an example")
    func complete() throws {
        let pages = try Self.pages()
        #expect(pages.count > 10)
        for page in pages {
            let (path, result) = (page.path, page.result)
            let name = (["jobpass"] + path).joined(separator: " ")
            #expect(result.code == 0 && result.error.isEmpty)
            #expect(result.output.hasPrefix("\(name): "))
            #expect(result.output.contains("\nUsage: \(name) "))
            #expect(result.output.contains("\nExample"))
            #expect(!result.output.contains("\u{1B}"))
            for line in result.output.split(separator: "\n") where !line.hasPrefix("    ") {
                #expect(line.count <= 100 || line.hasPrefix("Usage:"), "\(line)")
            }
        }
    }

    @Test("every option that help names is taken")
    func options() throws {
        for page in try Self.pages() {
            let options = try Self.section("Options", of: page.help).map { line in
                let words = line.split(separator: "  ")[0].split(separator: " ")
                let name = try #require(words.first { $0.hasPrefix("--") })
                let takesValue = words.last.map { !$0.hasPrefix("-") } ?? false
                return takesValue ? "\(name)=1" : "\(name)"
            }
            // All at once: what is not taken is named.
            let result = try BuiltCommand.run(
                page.path + options.filter { $0 != "--help" && $0 != "--version" } + ["--help"]
            )
            #expect(result.code == 0, "\(page.path): \(result.error)")
            #expect(result.output == page.help, "\(page.path)")
        }
    }

    /// Reads examples as a shell does, and asks for help in place of what they would do.
    private static let rehearsal = """
        jobpass() {
            local line=() word
            for word; do if [[ $word == -- ]]; then break; fi; line+=("$word"); done
            "$JOBPASS" "${line[@]}" --help > /dev/null || echo "refused: $*" >&2
        }
        pass() { :; }
        aws() { :; }
        eval() { :; }
        source() { :; }

        """

    @Test("every example's words are taken")
    func examples() throws {
        for page in try Self.pages() {
            let tail = try #require(page.help.split(separator: "\nExample").dropFirst().first, "\(page.path)")
            let lines = tail.split(separator: "\n").filter { $0.hasPrefix("    ") }.map { $0.dropFirst(4) }
            #expect(!lines.isEmpty)
            for line in lines {
                let scratch = try Files.makeTemporaryDirectory("jobpass-examples")
                defer { try? Files.removeTree(scratch) }
                let result = try BuiltCommand.shell("cd '\(scratch)'; fpath=.; \(Self.rehearsal)\(line)")
                #expect(
                    !result.error.contains("refused:") && !result.error.contains("error:"),
                    "\(line)\n\(result.error)"
                )
            }
        }
    }

    @Test("a terminal gets colour, and NO_COLOR takes it away", arguments: [true, false])
    func colour(isRefused: Bool) throws {
        let result = try BuiltCommand.shell(
            "script -qec '\"$JOBPASS\" --help' /dev/null",
            ["TERM": "xterm", "NO_COLOR": isRefused ? "1" : "", "SHELL": "/bin/sh"]
        )
        #expect(result.output.contains("Usage:"))
        #expect(result.output.contains("\u{1B}[1m") == !isRefused)
    }
}
