import POSIX
import Support
import Testing

/// The manual pages, as the programs read them that people read them with.
@Suite("The manual")
struct ManualTests {
    @Test("there is a page of every command, with each of its options, and mandoc and groff have nothing to say of it")
    func pages() throws {
        let folder = try Folder()
        let made = try BuiltCommand.run(["man", "--directory", folder.root])
        #expect(made.code == 0, "\(made.error)")
        let pages = try CommandLineHelpTests.pages()
        let names = pages.map { (["jobpass"] + $0.path).joined(separator: "-") + ".1" }
        #expect(try Files.list(folder.root).sorted() == names.sorted())
        for (name, known) in zip(names, pages) {
            let page = try Files.readText(folder.path(name))
            for line in CommandLineHelpTests.section("Options", of: known.help) {
                let option = try #require(line.split(separator: " ").first { $0.hasPrefix("--") })
                let escaped = option.split(separator: "-").joined(separator: "\\-")
                #expect(page.contains("\\fB\\-\\-\(escaped)\\fR"), "\(name) lacks \(option)")
            }
        }
        let files = names.map { folder.path($0) }
        let linted = try Finished("mandoc", ["-Tlint", "-Wwarning"] + files)
        #expect(linted.code == 0, "\(linted)")
        #expect(linted.output.isEmpty, "\(linted)")
        let set = try Finished("groff", ["-ww", "-z", "-mandoc"] + files)
        #expect(set.code == 0 && set.error.isEmpty, "\(set)")
    }

    @Test("mandoc would find a fault")
    func plantedFault() throws {
        let folder = try Folder()
        let page = try folder.write("bad.1", ".TH BAD 1 \"2026-11-23\"\n.SH NAME\nbad \\- \\fXname\n.NOSUCH\n")
        let linted = try Finished("mandoc", ["-Tlint", "-Wwarning", page])
        #expect(linted.code != 0)
    }

    @Test("a page reads as the command's help does, characters that troff knows as its own included")
    func text() throws {
        let page = try BuiltCommand.run(["man", "secret", "set"])
        #expect(page.code == 0)
        let folder = try Folder()
        let file = try folder.write("jobpass-secret-set.1", page.output)
        let shown = try Finished("mandoc", ["-Tutf8", "-Owidth=120", file])
        // Each letter of bold text is struck twice: what stands before a backspace goes.
        let plain = try Finished("col", ["-b"], environment: ["LC_ALL": "C.UTF-8"], input: shown.output).output
        let help = try BuiltCommand.run(["secret", "set", "--help"]).output
        for example in help.split(separator: "\n").filter({ $0.hasPrefix("    ") && $0.contains("jobpass secret") }) {
            let line = example.drop { $0 == " " }
            #expect(plain.contains(line), "\(line) is not in\n\(plain)")
        }
    }

    @Test("of what is no command there is no page", arguments: [["nothing"], ["secret", "nothing"]])
    func unknown(words: [String]) throws {
        let result = try BuiltCommand.run(["man"] + words)
        #expect(result.code == 64)
        #expect(result.output.isEmpty)
        #expect(result.error.contains("there is no command '\(words.joined(separator: " "))'\n"))
    }

    @Test(
        "a word that was mistyped is known again",
        arguments: [
            (["tokn"], "tokn'; did you mean 'token'?"), (["secert", "set"], "secert set'; did you mean 'secret set'?"),
            (["audit", "lst"], "audit lst'; did you mean 'audit list'?"),
        ]
    )
    func mistyped(words: [String], question: String) throws {
        let result = try BuiltCommand.run(["man"] + words)
        #expect(result.code == 64 && result.output.isEmpty)
        #expect(result.error.contains("there is no command '\(question)"), "\(result.error)")
    }
}
