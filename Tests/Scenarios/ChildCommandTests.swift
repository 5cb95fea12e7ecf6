import HTTP
import JSON
import POSIX
import Support
import Testing

@Suite("Commands that run a command")
struct ChildCommandTests {
    private func scenario() async throws -> ClientScenario {
        try await ClientScenario([
            "POST /v1/targets/aws-prod/credentials": .answer(ClientScenario.credential()),
            "POST /v1/targets/other/credentials": .answer(ClientScenario.credential("other", key: "another")),
            "GET /v1/contexts/npm": .answer([
                "context": "npm", "values": ["NPM_TOKEN": "npm-secret"], "ledger_index": 3,
            ]),
            "POST /v1/unmasked": HTTPResponse(status: 204),
            "POST /v1/runs": .answer(
                [
                    "id": "run-1", "request_token": "jpr_new", "request_url": "x", "expires_at": "2030-01-01T00:00:00Z",
                    "environment": ["JOBPASS_URL": "https://ci.example.com", "JOBPASS_REQUEST_TOKEN": "jpr_new"],
                ],
                status: 201
            ),
            "DELETE /v1/runs/run-1": HTTPResponse(status: 204),
        ])
    }

    private let registration = ["run", "--project", "acme/web", "--workflow", "w", "--job", "j"]

    @Test("exec gives the command its credentials and secrets, by its environment alone")
    func environment() async throws {
        let scenario = try await scenario()
        let result = try scenario.job(
            "exec",
            "aws-prod",
            "--context",
            "npm",
            "--keys",
            "--no-mask",
            "--",
            "sh",
            "-c",
            "echo \"$AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $NPM_TOKEN\"; tr '\\0' ' ' < /proc/$$/cmdline"
        )
        #expect(result.code == 0)
        #expect(result.output.hasPrefix("ASIATEST hunter2 npm-secret\n"))
        #expect(!result.output.dropFirst(28).contains("hunter2"))
        #expect(result.error.isEmpty)
    }

    @Test("where one of several is refused, or two disagree, the command is not run", arguments: ["unknown", "other"])
    func allOrNothing(second: String) async throws {
        let scenario = try await scenario()
        let result = try scenario.job("exec", "aws-prod", second, "--", "echo", "ran")
        #expect(result.code == 65)
        #expect(result.output.isEmpty)
        #expect(!result.error.contains("hunter2") && !result.error.contains("another"))
    }

    @Test(
        "exec and run exit as their child did",
        arguments: [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -KILL $$", 137)]
    )
    func codes(script: String, code: Int32) async throws {
        let scenario = try await scenario()
        let exec = try scenario.job("exec", "aws-prod", "--", "sh", "-c", script)
        #expect(exec.code == code)
        let run = try scenario.principal(registration + ["--", "sh", "-c", script])
        #expect(run.code == code)
        #expect(scenario.broker.calls.map(\.line).suffix(2) == ["POST /v1/runs", "DELETE /v1/runs/run-1"])
    }

    @Test("a command that is not there or may not be run has the code of env(1), and its run is ended")
    func unstartable() async throws {
        let scenario = try await scenario()
        let missing = try scenario.principal(registration + ["--", "jobpass-no-such-program"])
        #expect(missing.code == 127)
        #expect(missing.error.contains("cannot start jobpass-no-such-program: No such file or directory"))
        #expect(scenario.broker.calls.last?.line == "DELETE /v1/runs/run-1")
        #expect(try scenario.job("exec", "aws-prod", "--", "/etc/passwd").code == 126)
    }

    @Test("run attests what its options say")
    func registers() async throws {
        let scenario = try await scenario()
        let result = try scenario.principal(
            registration + [
                "--ref", "refs/heads/main", "--environment", "production", "--run-id", "9", "--trust", "untrusted",
                "--claim", "team=a=b", "--claim", "tier=1", "--expires-in", "2h", "--", "true",
            ]
        )
        #expect(result.code == 0)
        let call = try #require(scenario.broker.calls.first)
        #expect(call.authorization == "Bearer jpp_test")
        #expect(
            call.json == [
                "project": "acme/web", "workflow": "w", "job": "j", "ref": "refs/heads/main",
                "environment": "production", "run_id": "9", "trust": "untrusted",
                "claims": ["team": "a=b", "tier": "1"], "expires_in": 7_200,
            ]
        )
    }

    @Test("run's command has the run's request token, and not where its principal's token lies")
    func runEnvironment() async throws {
        let scenario = try await scenario()
        let script =
            "echo \"$JOBPASS_URL $JOBPASS_REQUEST_TOKEN ${JOBPASS_TOKEN_FILE-none} ${JOBPASS_REQUEST_TOKEN_FILE-none}\""
        let result = try scenario.principal(
            registration + ["--", "sh", "-c", script],
            ["JOBPASS_REQUEST_TOKEN_FILE": "/outer", "JOBPASS_REQUEST_TOKEN": "jpr_outer"]
        )
        #expect(result.output == "https://ci.example.com jpr_new none none\n")
    }

    @Test("a run that cannot be ended is told, and the command's code stays")
    func endFails() async throws {
        let scenario = try await ClientScenario([
            "POST /v1/runs": .answer(
                ["id": "r", "expires_at": "2030-01-01T00:00:00Z", "environment": [:]],
                status: 201
            )
        ])
        let result = try scenario.principal(registration + ["--", "sh", "-c", "exit 3"])
        #expect(result.code == 3)
        #expect(result.error.contains("warning: run r could not be ended and lives until 2030-01-01T00:00:00Z"))
    }

    @Test(
        "a signal is passed on, and the run is ended before jobpass exits as its child did",
        arguments: [Signal.terminate, .user1]
    )
    func signals(signal: Signal) async throws {
        let scenario = try await scenario()
        var output = try FileDescriptor.pipe()
        var environment = BuiltCommand.environment
        let directory = try Files.makeTemporaryDirectory("jobpass-signals")
        defer { try? Files.removeTree(directory) }
        try Files.writeNew(Paths.join(directory, "token"), Array("jpp_test".utf8))
        environment.merge([
            "JOBPASS_URL": scenario.broker.url, "JOBPASS_TOKEN_FILE": Paths.join(directory, "token"),
        ])
        let name = signal.description.dropFirst(3)
        let script = "trap 'echo got \(name); exit 42' \(name); echo ready; while :; do sleep 0.05; done"
        let process = try Process(
            try BuiltCommand.path(),
            registration + ["--", "bash", "-c", script],
            environment: environment,
            output: output.forOutput
        )
        output.closeWriting()
        let ready = try output.reading.read(atMost: 100, subject: "output")
        #expect(ready == Array("ready\n".utf8))
        process.send(signal)
        let got = try output.reading.readToEnd(limit: 100, subject: "output")
        #expect(got == Array("got \(name)\n".utf8))
        let status = process.wait()
        #expect(status == .exited(42))
        #expect(scenario.broker.calls.last?.line == "DELETE /v1/runs/run-1")
    }
}
