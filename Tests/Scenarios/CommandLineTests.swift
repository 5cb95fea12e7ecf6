import POSIX
import Support
import Testing

@Suite("The command line")
struct CommandLineTests {
    @Test(
        "help is a result: on standard output, with exit code 0",
        arguments: [["--help"], ["-h"], ["help"], ["help", "token"], ["token", "--help"], ["secret", "set", "-h"]]
    )
    func help(arguments: [String]) throws {
        let result = try BuiltCommand.run(arguments)
        #expect(result.code == 0)
        #expect(result.output.contains("Usage: jobpass"))
        #expect(result.output.contains("Example"))
        #expect(result.error.isEmpty)
    }

    @Test("help of a command is the same by both names")
    func helpTwice() throws {
        #expect(try BuiltCommand.run(["help", "audit", "list"]) == BuiltCommand.run(["audit", "list", "--help"]))
    }

    @Test("the version is one line")
    func version() throws {
        let result = try BuiltCommand.run(["--version"])
        #expect(result.code == 0)
        #expect(result.output.hasPrefix("jobpass ") && result.output.hasSuffix("\n"))
        #expect(result.output.split(separator: "\n").count == 1)
    }

    @Test(
        "a wrong command line is refused with what was meant",
        arguments: [
            (["tokn"], "there is no command 'tokn'; did you mean 'token'?"),
            (["secret", "sett", "a", "b"], "secret: there is no command 'sett'; did you mean 'set'?"),
            (["nothing-like-it"], "there is no command 'nothing-like-it'\n"),
            (["help", "tokn"], "there is no command 'tokn'; did you mean 'token'?"),
            ([], "a command is missing: one of "),
            (["secret"], "secret: a command is missing: one of set, list"),
            (["token", "--audiense", "x"], "token: --audiense: there is no such option; did you mean '--audience'?"),
            (["token", "--audience=x", "--aud=secret-value"], "token: --aud: there is no such option"),
            (["--verson"], "--verson: there is no such option; did you mean '--version'?"),
            (["token"], "token: --audience is missing"),
            (["token", "-a"], "token: -a: needs a value"),
            (["token", "-a", "x", "--audience", "y"], "--audience is given 2 times; give it once"),
            (["whoami", "--json=yes"], "whoami: --json: takes no value"),
            (
                ["token", "-a", "x", "--format", "claim"],
                "--format: 'claim' is none of jwt, json, claims; did you mean 'claims'?"
            ),
            (["token", "-a", "x", "--lifetime", "10"], "token: --lifetime: '10' is no duration"),
            (["token", "-a", "x", "stray"], "token: takes no operand, and 1 were given"),
            (["credential"], "credential: TARGET is missing"),
            (["audit", "show", "one"], "audit show: INDEX: 'one' is no entry's number"),
            (["audit", "list", "--limit", "0"], "audit list: --limit: '0' is no whole number from 1 to 1000"),
            (["audit", "list", "--since", "lately"], "audit list: --since: 'lately' is no time"),
            (["completions", "bsh"], "SHELL: 'bsh' is none of bash, zsh, fish; did you mean 'bash'?"),
            (["exec", "aws-prod", "aws", "s3"], "exec: the command to run is missing; write it after --"),
            (["exec", "aws-prod", "--"], "exec: there is no command after --"),
            (["exec", "--", "true"], "exec: name a target or a --context"),
            (
                ["sandbox", "--issuer", "http://127.0.0.1:1", "--listen", "0.0.0.0:80"],
                "sandbox: --listen: saw '0.0.0.0:80'"
            ),
            (["sandbox"], "sandbox: --issuer is missing"),
            (
                ["run", "--project", "p", "--workflow", "w", "--job", "j", "--claim", "team", "--", "true"],
                "--claim: 'team'"
            ),
        ]
    )
    func refuses(arguments: [String], words: String) throws {
        let result = try BuiltCommand.run(arguments)
        #expect(result.code == 64)
        #expect(result.output.isEmpty)
        #expect(result.error.hasPrefix("jobpass: error: "))
        #expect(result.error.contains(words), "\(result.error)")
    }

    @Test("what stands behind a mistyped option's = is not repeated")
    func keepsValues() throws {
        let result = try BuiltCommand.run(["token", "--tokn=hunter2", "-a", "x"])
        #expect(result.code == 64)
        #expect(!result.error.contains("hunter2"))
    }

    @Test("what was written cannot move the terminal's cursor")
    func escapes() throws {
        let result = try BuiltCommand.run(["\u{1B}[2Jtoken"])
        #expect(result.error.contains(#"\u{1b}[2Jtoken"#))
        #expect(!result.error.utf8.contains(0x1B))
    }

    @Test("a full disk under standard output is an I/O error")
    func fullDisk() throws {
        let result = try BuiltCommand.shell("\"$JOBPASS\" --help > /dev/full")
        #expect(result.code == 74)
        #expect(result.error.contains("cannot write standard output: No space left on device"))
    }

    @Test("a reader that goes away is no error to speak of")
    func brokenPipe() throws {
        let result = try BuiltCommand.shell("{ \"$JOBPASS\" --help; echo \"code $?\" >&2; } | :")
        #expect(result.error == "code 74\n" || result.error == "code 0\n")
    }
}
