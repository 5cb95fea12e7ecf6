import HTTP
import JSON
import POSIX
import Support
import Testing

@Suite("The output of a command that has secrets")
struct MaskedOutputTests {
    private func scenario(_ values: JSON = ["TOKEN": "s3cret-value+/", "FLAG": "on"]) async throws -> ClientScenario {
        try await ClientScenario([
            "POST /v1/targets/aws-prod/credentials": .answer(ClientScenario.credential()),
            "GET /v1/contexts/c": .answer(["context": "c", "values": values, "ledger_index": 3]),
            "POST /v1/unmasked": HTTPResponse(status: 204),
        ])
    }

    @Test("secrets are replaced in output and error, however the command writes them")
    func masked() async throws {
        let script = """
            echo "out $TOKEN"; echo "err $TOKEN" >&2
            printf 's3cret'; sleep 0.2; printf -- '-value+/\\n'
            printf '%s' "user:$TOKEN" | base64; echo "$TOKEN" | fold -w 3
            """
        let result = try await scenario().job("exec", "--context", "c", "--", "sh", "-c", script)
        #expect(result.code == 0)
        // What was written before a long pause is shown; the rest of the secret is not.
        #expect(result.output == "out ***\\ns3cret***\\ndXNlcjp***w==\\n***\\n".replacing("\\n", with: "\n"))
        #expect(
            result.error
                == "jobpass: warning: FLAG is too short to be masked: it would be found everywhere\nerr ***\n"
        )
    }

    @Test("--no-mask lets everything through, after the broker has recorded it")
    func unmasked() async throws {
        let scenario = try await scenario()
        let result = try scenario.job("exec", "aws-prod", "-c", "c", "--no-mask", "--", "sh", "-c", "echo $TOKEN")
        #expect(result.code == 0 && result.output == "s3cret-value+/\n")
        let calls = scenario.broker.calls
        #expect(calls.map(\.line).first == "POST /v1/unmasked")
        #expect(calls.first?.json == ["targets": ["aws-prod"], "contexts": ["c"]])
        let old = try await ClientScenario([:])
        let refused = try old.job("exec", "-c", "c", "--no-mask", "--", "echo", "ran")
        #expect(refused.code == 65 && refused.output.isEmpty, "a broker that cannot record it gives nothing")
    }

    @Test("where the output cannot be masked the command is not run, and the flag is named")
    func refused() async throws {
        let large = String(repeating: "x1y2", count: 1 << 16)
        var values = JSONObject()
        for number in 0..<8 { values["V\(number)"] = .string("\(large)\(number)") }
        let result = try await scenario(.object(values)).job("exec", "-c", "c", "--", "echo", "ran")
        #expect(result.code == 74)
        #expect(result.output.isEmpty)
        #expect(
            result.error.contains("cannot be masked: the secrets are too large") && result.error.contains("--no-mask")
        )
    }

    @Test("what goes to one pipe keeps its order")
    func order() async throws {
        let script = "for i in 1 2 3 4 5 6 7 8 9; do echo out $i; echo err $i >&2; done"
        let scenario = try await scenario()
        let result = try BuiltCommand.shell(
            "\"$JOBPASS\" exec aws-prod -- sh -c '\(script)' 2>&1",
            scenario.jobVariables
        )
        #expect(result.output == (1...9).map { "out \($0)\nerr \($0)\n" }.joined())
    }

    @Test("megabytes come through whole, and a reader that goes away ends the command as it would without us")
    func streams() async throws {
        let scenario = try await scenario()
        let whole = try BuiltCommand.shell(
            "\"$JOBPASS\" exec aws-prod -- sh -c 'seq 1 2000000' | sha256sum; seq 1 2000000 | sha256sum",
            scenario.jobVariables
        )
        let sums = whole.output.split(separator: "\n")
        #expect(sums.count == 2 && sums.first == sums.last)
        let cut = try BuiltCommand.shell(
            "\"$JOBPASS\" exec aws-prod -- yes | head -n 1; echo ${PIPESTATUS[0]}",
            scenario.jobVariables
        )
        #expect(cut.output == "y\n141\n", "128 and SIGPIPE")
    }

    @Test("a process that the command leaves behind does not keep exec waiting")
    func leftBehind() async throws {
        let script = "sleep 30 & echo $!; echo done"
        let result = try await scenario().job("exec", "aws-prod", "--", "sh", "-c", script)
        #expect(result.code == 0 && result.output.hasSuffix("done\n"))
        #expect(result.error.contains("a process that the command left behind holds its output open"))
        let sleeper = result.output.split(separator: "\n").first.flatMap { Int32($0) }
        try #require(sleeper != nil)
        _ = try BuiltCommand.shell("kill \(sleeper ?? 0)")
    }

    @Test("on a terminal the command has a terminal, of the same size, whose keys and signals are its own")
    func terminal() async throws {
        let scenario = try await scenario()
        let script = """
            test -t 0 && test -t 1 && test -t 2 && echo "terminal $(stty size)"
            echo "$TOKEN"; printf "Name: "; read name </dev/tty; echo "hello $name"
            trap "echo interrupted; exit 5" INT; echo waiting; while :; do sleep 0.05; done
            """
        // script(1) is the person's terminal here: what it reads is typed.
        let run = """
            stty rows 33 cols 101; "$JOBPASS" exec -c c -- sh -c '\(script)'
            echo "code $?"; stty -a | grep -o ' -*icanon'
            """
        let typed = "(sleep 1; printf 'Bob\\n'; sleep 1; printf '\\003'; sleep 1)"
        let result = try BuiltCommand.shell(
            "\(typed) | script --quiet --echo never --command \"$RUN\" /dev/null",
            scenario.jobVariables.merging(["RUN": run, "SHELL": "/bin/bash"]) { $1 }
        )
        let lines = result.output.split(whereSeparator: \.isNewline).map(String.init)
        #expect(lines.contains("terminal 33 101"), "\(lines)")
        #expect(lines.contains("***"))
        #expect(lines.contains { $0.hasPrefix("Name: ") })
        #expect(lines.contains { $0.hasSuffix("hello Bob") })
        #expect(lines.contains { $0.contains("interrupted") }, "\(lines)")
        #expect(lines.contains("code 5"))
        #expect(lines.last == " icanon", "the terminal is as it was")
        #expect(!result.output.contains("s3cret"))
    }
}
