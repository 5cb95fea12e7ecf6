import HTTP
import JSON
import POSIX
import Support
import Testing

@Suite("What an administrator and an auditor ask for")
struct PrincipalCommandTests {
    @Test(
        "a secret's value comes from standard input without its line end",
        arguments: [("s3cret\n", "s3cret"), ("s3cret\r\n", "s3cret"), ("s3cret", "s3cret"), ("a\nb\n\n", "a\nb\n")]
    )
    func secretFromInput(typed: String, value: String) async throws {
        let scenario = try await ClientScenario([
            "PUT /v1/contexts/npm/secrets/NPM_TOKEN": .answer(["version": 1], status: 201)
        ])
        let result = try scenario.principal(["secret", "set", "npm", "NPM_TOKEN"], input: Array(typed.utf8))
        #expect(result.code == 0)
        #expect(result.output.isEmpty && result.error.contains("set NPM_TOKEN in npm, version 1"))
        #expect(!result.error.contains("s3cret"))
        #expect(scenario.broker.calls.map(\.body) == [Array(value.utf8)])
    }

    @Test("a secret's value comes from a file byte for byte")
    func secretFromFile() async throws {
        let scenario = try await ClientScenario([
            "PUT /v1/contexts/npm/secrets/KEY": .answer(["version": 4, "ledger_index": 9], status: 201)
        ])
        let directory = try Files.makeTemporaryDirectory("jobpass-secret")
        defer { try? Files.removeTree(directory) }
        let file = Paths.join(directory, "key.pem")
        try Files.writeNew(file, Array("-----\n".utf8))
        let result = try scenario.principal(["secret", "set", "npm", "KEY", "--file", file])
        #expect(result.error.contains("set KEY in npm, version 4"))
        #expect(scenario.broker.calls.map(\.body) == [Array("-----\n".utf8)])
    }

    @Test("a secret's value as an argument is refused, not repeated and not sent")
    func secretAsArgument() async throws {
        let scenario = try await ClientScenario([
            "PUT /v1/contexts/npm/secrets/NPM_TOKEN": .answer(["version": 1], status: 201)
        ])
        let result = try scenario.principal(["secret", "set", "npm", "NPM_TOKEN", "hunter2"])
        #expect(result.code == 64)
        #expect(result.error.contains("takes no value as an argument"))
        #expect(!result.error.contains("hunter2"))
        #expect(scenario.broker.calls.isEmpty)
    }

    @Test("an empty value is refused", arguments: ["", "\n"])
    func emptySecret(typed: String) async throws {
        let scenario = try await ClientScenario([:])
        let result = try scenario.principal(["secret", "set", "npm", "NPM_TOKEN"], input: Array(typed.utf8))
        #expect(result.code == 65)
        #expect(result.error.contains("the value is empty"))
        #expect(scenario.broker.calls.isEmpty)
    }

    @Test("on a terminal a secret is asked for and not shown")
    func typedSecret() async throws {
        let scenario = try await ClientScenario([
            "PUT /v1/contexts/npm/secrets/NPM_TOKEN": .answer(["version": 1], status: 201)
        ])
        let directory = try Files.makeTemporaryDirectory("jobpass-secret")
        defer { try? Files.removeTree(directory) }
        try Files.writeNew(Paths.join(directory, "token"), Array("jpp_test".utf8))
        // script(1) gives the command a terminal; what is typed once it asks has a mistake and its correction in it.
        // Where the typing ends, script(1) hangs up: not before the command has ended, which takes it longer under a sanitizer.
        let result = try BuiltCommand.shell(
            """
            shown='\(Paths.join(directory, "shown"))'
            until_shown() { for ((i = 0; i < 600; i++)); do grep -q "$1" "$shown" && return; sleep 0.1; done; }
            : > "$shown"
            { until_shown 'not shown'; printf 's3crex\\177t\\r'; until_shown 'version 1'; sleep 1; } |
                script -qefc '"$JOBPASS" secret set npm NPM_TOKEN' "$shown"
            """,
            [
                "JOBPASS_URL": scenario.broker.url, "JOBPASS_TOKEN_FILE": Paths.join(directory, "token"),
                "SHELL": "/bin/sh", "TERM": "dumb",
            ]
        )
        #expect(result.code == 0)
        #expect(result.output.contains("Value of NPM_TOKEN in npm, not shown: "))
        #expect(!result.output.contains("s3cre"))
        #expect(scenario.broker.calls.map(\.body) == [Array("s3cret".utf8)])
    }

    @Test("secret list shows names, versions and dates")
    func secretList() async throws {
        let scenario = try await ClientScenario([
            "GET /v1/contexts/npm/secrets": .answer([
                "context": "npm",
                "secrets": [
                    ["name": "NPM_TOKEN", "version": 3, "changed_at": "2026-11-22T09:30:00Z"],
                    [
                        "name": "OLD", "version": 1, "changed_at": "2026-01-01T00:00:00Z",
                        "deleted_at": "2026-02-01T00:00:00Z", "purged_at": "2026-02-08T00:00:00Z",
                    ],
                ],
            ])
        ])
        let result = try scenario.principal(["secret", "list", "npm"])
        #expect(
            result.output == """
                NAME       VERSION  CHANGED               STATE
                NPM_TOKEN  3        2026-11-22T09:30:00Z  -
                OLD        1        2026-01-01T00:00:00Z  deleted 2026-02-01T00:00:00Z, value kept until 2026-02-08T00:00:00Z

                """
        )
    }

    @Test("without a token file nobody is asked")
    func noToken() throws {
        let result = try BuiltCommand.run(["audit", "list"], ["JOBPASS_URL": "http://127.0.0.1:1"])
        #expect(result.code == 77)
        #expect(result.error.contains("neither JOBPASS_TOKEN_FILE nor JOBPASS_CLIENT_CERTIFICATE is set"))
    }

    static let entry: JSON = [
        "index": 12, "time": "2026-11-22T09:30:00Z", "kind": "exchange.refused", "outcome": "refused",
        "claims": ["project": "acme/web", "job": "release"], "target": "aws-prod", "reason": "a\u{1B}[2J reason",
    ]

    static let change: JSON = [
        "index": 11, "time": "2026-11-22T09:29:00Z", "kind": "secret.changed", "outcome": "succeeded",
        "principal": "admin", "context": "npm",
    ]

    @Test("audit list asks with every filter and shows a table")
    func auditList() async throws {
        let scenario = try await ClientScenario([
            "GET /v1/audit/entries": .answer(["entries": [Self.entry, Self.change], "next": "c2"])
        ])
        let result = try scenario.principal([
            "audit", "list", "--project", "acme/web", "--token-sha256", "ab", "--since", "2026-11-22", "--until",
            "2026-11-22T10:00:00+01:00", "--limit", "5", "--cursor", "c1",
        ])
        #expect(result.code == 0)
        #expect(
            result.output == """
                INDEX  TIME                  KIND              OUTCOME    WHO               FOR       REASON
                12     2026-11-22T09:30:00Z  exchange.refused  refused    acme/web release  aws-prod  a\\u{1b}[2J reason
                11     2026-11-22T09:29:00Z  secret.changed    succeeded  admin             npm       -

                """
        )
        #expect(result.error == "jobpass: there are more: --cursor c2\n")
        #expect(
            scenario.broker.calls.map(\.line) == [
                "GET /v1/audit/entries?project=acme%2Fweb&token_sha256=ab&since=2026-11-22T00%3A00%3A00Z"
                    + "&until=2026-11-22T09%3A00%3A00Z&limit=5&cursor=c1"
            ]
        )
    }

    @Test("audit list of nothing says so beside the result")
    func auditNothing() async throws {
        let scenario = try await ClientScenario(["GET /v1/audit/entries": .answer(["entries": [], "next": .null])])
        let table = try scenario.principal(["audit", "list", "--since", "24h"])
        #expect(table.output.isEmpty && table.error.contains("no such entry"))
        let json = try scenario.principal(["audit", "list", "--json"])
        #expect(try JSON.parse(Array(json.output.utf8)) == ["entries": [], "next": .null])
    }

    @Test("audit show believes no broker that proves nothing")
    func auditShow() async throws {
        let scenario = try await ClientScenario([
            "GET /v1/audit/entries/12": .answer(["entry": Self.entry, "leaf": "AA==", "proof": [], "checkpoint": "c"])
        ])
        let key = "127.0.0.1:8080+8fe79ff5+AbbtglNzyfLS6ngKrW+GxiqhVZzU1aFeVigW8PPSjUAG"
        let result = try scenario.principal(["audit", "show", "12", "--key", key])
        #expect(result.code == 65)
        #expect(result.output.isEmpty && result.error.contains("not proved"))
    }
}
