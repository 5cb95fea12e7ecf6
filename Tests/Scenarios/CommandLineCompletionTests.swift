import POSIX
import Support
import Testing

@Suite("Shell completion")
struct CommandLineCompletionTests {
    /// What bash offers for the last of some words.
    private func offers(_ words: String...) throws -> [String] {
        let quoted = words.map { "'\($0)'" }.joined(separator: " ")
        let result = try BuiltCommand.shell(
            """
            set -eu
            source <("$JOBPASS" completions bash)
            COMP_WORDS=(jobpass \(quoted)); COMP_CWORD=\(words.count)
            _jobpass
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        )
        #expect(result.code == 0, "\(result.error)")
        return result.output.split(separator: "\n").map(String.init)
    }

    @Test("bash completes commands, at every level")
    func commands() throws {
        #expect(try offers("tok") == ["token"])
        let below = try offers("secret", "").filter { !$0.hasPrefix("-") }
        #expect(below.prefix(3) == ["set", "list", "versions"])
        #expect(try offers("--ver") == ["--version"])
    }

    @Test("bash completes options, and the values of those that have a choice")
    func options() throws {
        #expect(try offers("token", "--aud") == ["--audience"])
        #expect(try offers("token", "--audience", "x", "--format", "") == ["jwt", "json", "claims"])
        #expect(try offers("token", "--format", "=", "c") == ["claims"])
        #expect(try offers("completions", "f") == ["fish"])
    }

    @Test("bash completes programs after --")
    func children() throws {
        #expect(try offers("exec", "aws-prod", "--", "ech").contains("echo"))
    }

    @Test("bash completes files where an option or operand is one")
    func files() throws {
        let scratch = try Files.makeTemporaryDirectory("jobpass-completion")
        defer { try? Files.removeTree(scratch) }
        try Files.writeNew(Paths.join(scratch, "value.txt"), [])
        #expect(try offers("secret", "set", "--file", "\(scratch)/va") == ["\(scratch)/value.txt"])
    }

    @Test("zsh is given one rule for the rest of a line, as it takes no second one")
    func restOfLine() throws {
        let script = try BuiltCommand.run(["completions", "zsh"]).output
        let functions = script.split(separator: "\n}\n")
        #expect(functions.count > 10)
        for function in functions {
            let rests = function.split(separator: "\n").filter { $0.hasPrefix("        '*:") }
            #expect(rests.count <= 1, "\(function)")
            #expect(function.contains("_jobpass_exec()") == false || function.contains("_normal"))
        }
    }

    @Test("zsh and fish are told every command and option", arguments: ["zsh", "fish"])
    func others(shell: String) throws {
        let script = try BuiltCommand.run(["completions", shell]).output
        let marker = shell == "zsh" ? "--" : "-l "
        let named = Set(
            script.split(separator: marker).dropFirst().map { rest in
                String(rest.prefix { $0.isLetter || $0.isNumber || $0 == "-" })
            }
        )
        for page in try CommandLineHelpTests.pages() {
            if let name = page.path.last { #expect(script.contains(name), "\(name)") }
            for line in CommandLineHelpTests.section("Options", of: page.help) {
                let name = line.split(separator: " ").first { $0.hasPrefix("--") }?.dropFirst(2) ?? ""
                #expect(named.contains(String(name)), "\(page.path) \(name)")
            }
        }
    }
}
