import Encoding
import HTTP
import HTTPServer
import JSON
import POSIX
import Support
import Testing

@Suite("What a job asks for")
struct JobCommandTests {
    @Test("whoami shows the claims as a table, and as JSON for programs")
    func whoami() async throws {
        let claims: JSON = ["iss": "https://ci.example.com", "project": "acme/web", "attempt": 2]
        let scenario = try await ClientScenario(["GET /v1/whoami": .answer(claims)])
        let table = try scenario.job("whoami")
        #expect(table.code == 0 && table.error.isEmpty)
        #expect(
            table.output == """
                CLAIM    VALUE
                iss      https://ci.example.com
                project  acme/web
                attempt  2

                """
        )
        let json = try scenario.job("whoami", "--json")
        #expect(try JSON.parse(Array(json.output.utf8)) == claims)
        #expect(scenario.broker.calls.allSatisfy { $0.authorization == "Bearer jpr_test" })
    }

    @Test("whoami says who answers for each claim, where the broker does")
    func sources() async throws {
        let claims: JSON = [
            "iss": "https://ci.example.com", "project": "acme/web", "team": "web",
            "jobpass_provenance": [
                "iss": ["source": "broker"],
                "project": ["source": "upstream", "issuer": "https://gitlab.com", "claim": "project_path"],
                "team": ["source": "orchestrator", "principal": "fleet"],
            ],
        ]
        let scenario = try await ClientScenario(["GET /v1/whoami": .answer(claims)])
        #expect(
            try scenario.job("whoami").output == """
                CLAIM    VALUE                   FROM
                iss      https://ci.example.com  the broker
                project  acme/web                https://gitlab.com: project_path
                team     web                     attested by fleet

                """
        )
        #expect(try JSON.parse(Array(scenario.job("whoami", "--json").output.utf8)) == claims)
    }

    @Test("token sends what the job says of itself")
    func saying() async throws {
        let scenario = try await ClientScenario(["GET /v1/token": .answer(["value": "a.b.c"])])
        _ = try scenario.job("token", "-a", "x", "--claim", "deployment=4711", "--claim", "note=a b")
        #expect(
            scenario.broker.calls.map(\.line) == [
                "GET /v1/token?audience=x&claim=deployment%3D4711&claim=note%3Da%20b"
            ]
        )
    }

    @Test("token writes the JWT alone, the answer, or what the token says")
    func token() async throws {
        let jwt = "e30.\(Base64URL.encode(Array(#"{"sub":"project:acme/web","exp":1795340000}"#.utf8))).c2ln"
        let answer: JSON = ["value": .string(jwt), "count": 60, "ledger_index": 7]
        let scenario = try await ClientScenario(["GET /v1/token": .answer(answer)])
        #expect(try scenario.job("token", "-a", "sts.amazonaws.com").output == "\(jwt)\n")
        let json = try scenario.job("token", "-a", "a b&c", "--lifetime", "10m", "--format", "json")
        #expect(try JSON.parse(Array(json.output.utf8)) == answer)
        let claims = try scenario.job("token", "--audience=x", "--format=claims").output
        #expect(try JSON.parse(Array(claims.utf8)) == ["sub": "project:acme/web", "exp": 1_795_340_000])
        #expect(
            scenario.broker.calls.map(\.line) == [
                "GET /v1/token?audience=sts.amazonaws.com", "GET /v1/token?audience=a%20b%26c&lifetime=600",
                "GET /v1/token?audience=x",
            ]
        )
    }

    @Test(
        "an error of the broker is told with its code, reason and trace, and has its exit code",
        arguments: [
            (400, 65), (401, 77), (403, 77), (404, 65), (409, 65), (413, 65), (429, 75), (500, 69), (502, 77),
            (503, 69), (504, 75),
        ]
    )
    func refusals(status: Int, code: Int32) async throws {
        let refusal = HTTPResponse.refusal(status, "some_code", "The \u{1B}[31mreason.")
        let scenario = try await ClientScenario(["GET /v1/whoami": refusal])
        let result = try scenario.job("whoami")
        #expect(result.code == code)
        #expect(result.output.isEmpty)
        #expect(result.error.contains("\(scenario.broker.url) answered \(status) some_code: The \\u{1b}[31mreason.\n"))
        #expect(result.error.contains("\ntrace 0123456789abcdef0123456789abcdef\n"))
    }

    @Test("a cloud's refusal is told in the cloud's own words")
    func cause() async throws {
        let refusal = HTTPResponse.refusal(
            502,
            "target_refused",
            "Refused.",
            cause: ["code": "AccessDenied", "text": "Not authorized"]
        )
        let scenario = try await ClientScenario(["POST /v1/targets/aws-prod/credentials": refusal])
        let result = try scenario.job("credential", "aws-prod")
        #expect(result.code == 77)
        #expect(result.error.contains("\nthe cloud's own words: AccessDenied: Not authorized\n"))
    }

    @Test("credential writes each form, and says when it is a fallback")
    func credential() async throws {
        let scenario = try await ClientScenario([
            "POST /v1/targets/aws-prod/credentials": .answer(ClientScenario.credential()),
            "POST /v1/targets/old/credentials": .answer(ClientScenario.credential("old", source: "fallback")),
        ])
        let json = try scenario.job("credential", "aws-prod")
        #expect(try JSON.parse(Array(json.output.utf8)) == ClientScenario.credential())
        #expect(json.error.isEmpty)
        let shell = try scenario.job("credential", "aws-prod", "--format", "env")
        #expect(
            shell.output == "export AWS_ACCESS_KEY_ID='ASIATEST'\nexport AWS_SECRET_ACCESS_KEY='hunter2'\n"
        )
        let process = try scenario.job("credential", "aws-prod", "--format", "aws-process")
        #expect(try JSON.parse(Array(process.output.utf8))["Version"] == 1)
        let fallback = try scenario.job("credential", "old")
        #expect(fallback.code == 0)
        #expect(fallback.error.contains("warning: target 'old': the exchange could not be reached"))
        #expect(fallback.error.contains("ledger entry 41"))
    }

    @Test("an answer that is not the contract's is no credential, and is not shown")
    func brokenAnswer() async throws {
        let scenario = try await ClientScenario([
            "POST /v1/targets/odd/credentials": .answer(["value": "hunter2"]),
            "POST /v1/targets/page/credentials": HTTPResponse(status: 200, body: Array("<html>hunter2".utf8)),
            "POST /v1/targets/proxy/credentials": HTTPResponse(status: 502, body: Array("<html>hunter2".utf8)),
        ])
        for target in ["odd", "page", "proxy"] {
            let result = try scenario.job("credential", target)
            #expect(result.code == 69)
            #expect(!result.error.contains("hunter2") && result.output.isEmpty, "\(result.error)")
        }
    }
}

@Suite("How a client finds its broker")
struct ClientSetupTests {
    @Test("a broker that is not there is named, with what to look at")
    func unreachable() async throws {
        let scenario = try await ClientScenario([:])
        await scenario.broker.stop()
        let result = try scenario.job("whoami")
        #expect(result.code == 69)
        #expect(result.error.contains("cannot reach the broker at \(scenario.broker.url)"))
        #expect(result.error.contains("is JOBPASS_URL or --url right?"))
    }

    @Test(
        "what is missing or wrong in the environment is named, and no token is shown",
        arguments: [
            ([:], 64, "no broker is named"),
            (
                ["JOBPASS_URL": "ci.example.com", "JOBPASS_REQUEST_TOKEN": "t"], 78,
                "JOBPASS_URL: 'ci.example.com' is no broker's"
            ),
            (["JOBPASS_URL": "https://u:p@host", "JOBPASS_REQUEST_TOKEN": "t"], 78, "is no broker's address"),
            (["JOBPASS_URL": "http://ci.example.com", "JOBPASS_REQUEST_TOKEN": "t"], 64, "http://ci.example.com"),
            (["JOBPASS_URL": "http://127.0.0.1:1"], 77, "this is no registered run"),
            (
                ["JOBPASS_URL": "http://127.0.0.1:1", "JOBPASS_REQUEST_TOKEN": "hunter2 x"], 78,
                "JOBPASS_REQUEST_TOKEN: there is no token"
            ),
            (
                ["JOBPASS_URL": "http://127.0.0.1:1", "JOBPASS_REQUEST_TOKEN_FILE": "/no/such"], 78,
                "JOBPASS_REQUEST_TOKEN_FILE: cannot read /no/such: No such file"
            ),
        ]
    )
    func environment(variables: [String: String], code: Int32, words: String) throws {
        let result = try BuiltCommand.run(["whoami"], variables)
        #expect(result.code == code)
        #expect(result.error.contains(words), "\(result.error)")
        #expect(!result.error.contains("hunter2"))
    }

    @Test("a token file that others may read is refused with what mends it")
    func looseFile() async throws {
        let scenario = try await ClientScenario(["GET /v1/whoami": .answer([:])])
        let directory = try Files.makeTemporaryDirectory("jobpass-client")
        defer { try? Files.removeTree(directory) }
        let file = Paths.join(directory, "token")
        try Files.writeNew(file, Array("jpr_file\n".utf8), mode: 0o640)
        let variables = ["JOBPASS_URL": scenario.broker.url + "/", "JOBPASS_REQUEST_TOKEN_FILE": file]
        let loose = try BuiltCommand.run(["whoami"], variables)
        #expect(loose.code == 78)
        #expect(loose.error.contains("chmod 600 '\(file)'"))
        #expect(scenario.broker.calls.isEmpty)
        try Files.replace(file, Array("jpr_file\n".utf8))
        #expect(try BuiltCommand.run(["whoami"], variables).code == 0)
        #expect(scenario.broker.calls.map(\.authorization) == ["Bearer jpr_file"])
    }
}

@Suite("What a person at a terminal sees")
struct TerminalTests {
    private func onTerminal(_ arguments: String, _ variables: [String: String]) throws -> String {
        let known = ["TERM": "dumb", "SHELL": "/bin/sh"]
        let script = "script -qec '\"$JOBPASS\" \(arguments)' /dev/null < /dev/null"
        return try BuiltCommand.shell(script, known.merging(variables) { $1 }).output
    }

    @Test("a wait of over a second is told, and the note goes when it is over")
    func progress() async throws {
        let server = try await TestHTTPServer { _ in
            // Longer than the second after which the note comes.
            try? await Task.sleep(for: .milliseconds(1_800))
            return .answer(["project": "acme/web"])
        }
        let url = "http://127.0.0.1:\(server.server.port)"
        let shown = try onTerminal("whoami", ["JOBPASS_URL": url, "JOBPASS_REQUEST_TOKEN": "jpr_test"])
        let note = try #require(shown.firstRange(of: "jobpass: waiting for \(url) …\r\u{1B}[K"), "\(shown)")
        #expect(shown[note.upperBound...].hasPrefix("CLAIM    VALUE"))
    }

    @Test("JSON is laid out for reading, and cannot move the cursor")
    func json() async throws {
        let scenario = try await ClientScenario(["GET /v1/whoami": .answer(["a": "\u{9B}2J"])])
        let shown = try onTerminal("whoami --json", scenario.jobVariables)
        #expect(shown.contains("{\r\n") && shown.contains(#""a": "\u009b2J""#), "\(shown)")
    }
}
