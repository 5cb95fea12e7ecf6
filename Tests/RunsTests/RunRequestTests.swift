import JSON
import Runs
import Testing

@Suite("Bodies of POST /v1/runs")
struct RunRequestTests {
    @Test("every member of the contract is read")
    func whole() throws {
        let body = try JSON.parse(
            Array(
                #"""
                {"project": "acme/web", "project_id": "1", "workflow": "deploy", "workflow_id": "2", "job": "release",
                 "run_id": "3", "attempt": "4", "ref": "refs/heads/main", "ref_type": "branch", "sha": "abc", "event": "push",
                 "environment": "production", "actor": "ada", "runner": "r1", "repository": "git", "trust": "untrusted",
                 "claims": {"team": "web", "tier": "2"}, "expires_in": 600}
                """#.utf8
            )
        )
        let request = try RunRequest(body: body)
        #expect(
            request
                == RunRequest(
                    [
                        .project: "acme/web", .projectID: "1", .workflow: "deploy", .workflowID: "2", .job: "release",
                        .runID: "3", .attempt: "4", .ref: "refs/heads/main", .refType: "branch", .sha: "abc",
                        .event: "push",
                        .environment: "production", .actor: "ada", .runner: "r1", .repository: "git",
                    ],
                    trust: .untrusted,
                    further: [Claim("team", "web"), Claim("tier", "2")],
                    expiresIn: 600
                )
        )
    }

    @Test("a run that says nothing of trust is trusted")
    func trusted() throws {
        #expect(try RunRequest(body: ["project": "acme/web"]).trust == .trusted)
    }

    @Test(
        "a body of another shape is refused, naming member, seen and wanted",
        arguments: [
            ("[]", "'body': saw an array, wanted an object"),
            ("null", "'body': saw null, wanted an object"),
            (#"{"project": 1}"#, "'project': saw a number, wanted a string"),
            (#"{"attempt": 1}"#, "'attempt': saw a number, wanted a string"),
            (#"{"ref": null}"#, "'ref': saw null, wanted a string"),
            (#"{"job": ["a"]}"#, "'job': saw an array, wanted a string"),
            (#"{"trust": true}"#, "'trust': saw a boolean, wanted a string"),
            (#"{"trust": "Trusted"}"#, "'trust': saw 'Trusted', wanted 'trusted' or 'untrusted'"),
            (#"{"claims": []}"#, "'claims': saw an array, wanted an object of strings"),
            (#"{"claims": {"tier": 2}}"#, "'claims.tier': saw a number, wanted a string"),
            (#"{"claims": {"a": {"b": "c"}}}"#, "'claims.a': saw an object, wanted a string"),
            (#"{"expires_in": "600"}"#, "'expires_in': saw a string, wanted a whole number of seconds"),
            (#"{"expires_in": 1.5}"#, "'expires_in': saw a number, wanted a whole number of seconds"),
            (#"{"expires_in": 1e3}"#, "'expires_in': saw a number, wanted a whole number of seconds"),
        ]
    )
    func refuses(body: String, message: String) throws {
        let parsed = try JSON.parse(Array(body.utf8))
        let error = try #require(throws: AttestationError.self) { try RunRequest(body: parsed) }
        #expect(error.code == .malformed)
        #expect("\(error)" == message)
    }

    @Test("an unknown member is refused with the name that was meant")
    func unknownMember() throws {
        let error = try #require(throws: AttestationError.self) { try RunRequest(body: ["enviroment": "production"]) }
        #expect(error.member == "enviroment")
        #expect(error.wanted.hasSuffix("; did you mean 'environment'?"))
    }

    @Test("a foreign name is quoted short and without what a log reader cannot see")
    func quotesSafely() throws {
        let name = "\u{1B}[31m" + String(repeating: "a", count: 500)
        let error = try #require(throws: AttestationError.self) {
            try RunRequest(body: .object([name: "x"]))
        }
        #expect(error.member == "\\u{1b}[31m" + String(repeating: "a", count: 59))
    }
}
