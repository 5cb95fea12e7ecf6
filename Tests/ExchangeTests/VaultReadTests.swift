import Exchange
import HTTP
import JSON
import Support
import Testing
import Time

private let login = FakeTransport.Reply.status(
    200,
    "{\"request_id\":\"r1\",\"auth\":{\"client_token\":\"s.geheim\",\"lease_duration\":900,\"token_type\":\"service\"}}"
)

@Suite("Reading with Vault's token")
struct VaultReadTests {
    private func target(_ reads: [VaultRead], wrap: Duration? = nil) throws -> Target {
        let vault = try VaultTarget(
            address: "https://vault.example.com:8200",
            role: "ci",
            namespace: "team/web",
            reads: reads,
            wrap: wrap
        )
        return try Target(name: "vault-prod", service: .vault(vault))
    }

    @Test(
        "fields of KV secrets and of dynamic ones become variables, and the first lease to end is the credential's end"
    )
    func reads() async throws {
        let harness = try TradeHarness([
            login, .status(200, try Vectors.text("vault-kv2.json")), .status(200, try Vectors.text("vault-pki.json")),
        ])
        let credential = try await harness.obtain(
            at: target([
                VaultRead(
                    path: "secret/data/web",
                    fields: [("DB_PASSWORD", "password"), ("DB_PORT", "port")],
                    version: 2
                ),
                VaultRead(
                    path: "pki/issue/web",
                    fields: [("TLS_KEY", "private_key"), ("TLS_CHAIN", "ca_chain"), ("TLS_SERIAL", "serial_number")],
                    parameters: [TokenExchangeTarget.Parameter("common_name", "web.example")]
                ),
            ])
        )
        let texts = credential.environment.texts()
        #expect(texts["DB_PASSWORD"] == "hunter2 'quoted'")
        #expect(texts["DB_PORT"] == "5432")
        #expect(texts["TLS_KEY"]?.hasPrefix("-----BEGIN EC PRIVATE KEY-----\n") == true)
        #expect(texts["TLS_CHAIN"]?.hasPrefix("-----BEGIN CERTIFICATE-----") == true)
        #expect(texts["VAULT_TOKEN"] == "s.geheim")
        // The certificate of the answer was leased for ten minutes, the login for fifteen.
        #expect(credential.expires == harness.book.clock.now + .seconds(600))
        let read = try #require(credential.details["reads"]?.asArray)
        #expect(read[0] == ["path": "secret/data/web", "version": 2])
        #expect(read[1]["lease_duration"] == 600)
        let requests = harness.network.requests
        #expect(requests[1].method == .get)
        #expect(requests[1].url == "https://vault.example.com:8200/v1/secret/data/web?version=2")
        #expect(requests[1].fields["X-Vault-Token"] == "s.geheim")
        #expect(requests[1].fields["X-Vault-Namespace"] == "team/web")
        #expect(requests[2].method == .post)
        #expect(try JSON.parse(requests[2].body) == ["common_name": "web.example"])
    }

    @Test("a secret that may not be read ends the trade, and the token that nobody will use")
    func refused() async throws {
        let denied = "{\"errors\":[\"1 error occurred:\\n\\t* permission denied\\n\\n\"]}"
        let harness = try TradeHarness([login, .status(403, denied), .status(204)])
        let read = try VaultRead(path: "secret/data/web", fields: [("A", "a")])
        let failure = try #require(try await harness.failure(at: target([read])))
        #expect(failure.kind == .refused)
        #expect(failure.description == "http-403: 1 error occurred: * permission denied")
        let last = try #require(harness.network.requests.last)
        #expect(last.url == "https://vault.example.com:8200/v1/auth/token/revoke-self")
        #expect(last.fields["X-Vault-Token"] == "s.geheim")
    }

    /// Answers to a read, what they mean, and a part of what is said.
    static let failures: [(Int, String, ExchangeFailure.Kind, String)] = [
        (404, "{\"errors\":[]}", .misconfigured, "data/ stands behind the mount"),
        (
            404,
            "{\"request_id\":\"r\",\"data\":null,\"warnings\":[\"Invalid path for a versioned K/V secrets engine.\"]}",
            .misconfigured, "versioned"
        ),
        (
            404, "{\"request_id\":\"r\",\"data\":{\"data\":null,\"metadata\":{\"version\":3,\"destroyed\":false}}}",
            .misconfigured,
            "version 3 of the secret is deleted"
        ),
        (200, "{\"data\":{\"b\":\"x\",\"c\":\"y\"}}", .misconfigured, "no field 'a'; it has 'b', 'c'"),
        (200, "{\"data\":null}", .brokenAnswer, "no data"),
        (200, "{\"data\":{\"a\":\"x\"},\"lease_id\":\"l\",\"lease_duration\":-1}", .brokenAnswer, "lease_duration"),
        (503, "{\"errors\":[\"Vault is sealed\"]}", .outage, "error of its own"),
    ]

    @Test("a read that brings nothing says what to mend", arguments: failures.indices)
    func mended(_ index: Int) async throws {
        let (status, body, kind, says) = Self.failures[index]
        let harness = try TradeHarness([login, .status(status, body)])
        let read = try VaultRead(path: "secret/data/web", fields: [("A", "a")])
        let failure = try #require(try await harness.failure(at: target([read])))
        #expect(failure.kind == kind)
        #expect(failure.message.contains(says), "\(failure.message)")
        #expect(!failure.message.contains("geheim"))
    }

    @Test("a value that no variable can carry is refused without being shown")
    func tooLong() async throws {
        let body = "{\"data\":{\"a\":\"\(String(repeating: "x", count: 70_000))\"}}"
        let harness = try TradeHarness([login, .status(200, body)])
        let read = try VaultRead(path: "kv/web", fields: [("A", "a")])
        let failure = try #require(try await harness.failure(at: target([read])))
        #expect(failure.kind == .misconfigured)
        #expect(failure.message.contains("70000 bytes") && !failure.message.contains("xxx"))
    }

    @Test("a wrapped login is the job's alone: the broker asks for it, and cannot open it")
    func wrapped() async throws {
        let answer = """
            {"request_id":"r2","auth":null,"wrap_info":{"token":"s.wrapping","accessor":"a","ttl":60,\
            "creation_time":"2026-11-22T09:00:00Z","creation_path":"auth/jwt/login","wrapped_accessor":"b"}}
            """
        let harness = try TradeHarness([.status(200, answer)])
        let credential = try await harness.obtain(at: target([], wrap: .seconds(60)))
        #expect(harness.network.requests.count == 1)
        #expect(harness.network.requests[0].fields["X-Vault-Wrap-TTL"] == "60")
        #expect(credential.environment.texts()["VAULT_WRAPPING_TOKEN"] == "s.wrapping")
        #expect(credential.environment.texts()["VAULT_TOKEN"] == nil)
        #expect(credential.expires == harness.book.clock.now + .seconds(60))
    }

    @Test("a login ends itself by its token, a wrapped one by the wrapping while nobody has opened it")
    func revoked() async throws {
        let wrapping = FakeTransport.Reply.status(200, "{\"wrap_info\":{\"token\":\"s.wrapping\",\"ttl\":60}}")
        for (reply, wrap, token) in [(login, nil, "s.geheim"), (wrapping, Duration.seconds(60), "s.wrapping")] {
            let harness = try TradeHarness([reply, .status(204)])
            let target = try target([], wrap: wrap)
            let revocation = try await harness.trade(at: target).revocation
            try await harness.exchange.revoke(try #require(revocation), at: target)
            let request = try #require(harness.network.requests.last)
            #expect(request.url == "https://vault.example.com:8200/v1/auth/token/revoke-self")
            #expect(request.fields["X-Vault-Token"] == token)
            #expect(request.fields["X-Vault-Namespace"] == "team/web")
        }
    }
}

@Suite("The settings of Vault's reads")
struct VaultReadSettings {
    @Test(
        "a read that cannot work is named",
        arguments: [
            ("", "A", "a", "path"), ("v1/secret/data/x", "A", "a", "path"), ("sys/raw", "A", "a", "path"),
            ("auth/token/create", "A", "a", "path"), ("../x", "A", "a", "path"), ("a b", "A", "a", "path"),
            ("secret/data/x", "1A", "a", "fields"), ("secret/data/x", "A", "", "fields"),
        ]
    )
    func wrong(path: String, variable: String, field: String, key: String) {
        #expect(
            refusedKey { () throws(TargetError) in _ = try VaultRead(path: path, fields: [(variable, field)]) } == key
        )
    }

    @Test("each variable stands once, and none is the login's own")
    func variables() throws {
        func refused(_ names: [String]) throws -> String? {
            let reads = try names.map { try VaultRead(path: "kv/x", fields: [($0, "a")]) }
            return refusedKey { () throws(TargetError) in
                _ = try VaultTarget(address: "https://v.example", role: "ci", reads: reads)
            }
        }
        #expect(try refused(["A", "B"]) == nil)
        #expect(try refused(["A", "A"]) == "reads")
        #expect(try refused(["VAULT_TOKEN"]) == "reads")
        #expect(try refused((1...17).map { "A\($0)" }) == "reads")
    }

    @Test("a wrapping and reads contradict each other")
    func wrapping() throws {
        let read = try VaultRead(path: "kv/x", fields: [("A", "a")])
        #expect(
            refusedKey { () throws(TargetError) in
                _ = try VaultTarget(address: "https://v.example", role: "ci", reads: [read], wrap: .seconds(60))
            } == "wrap"
        )
    }
}
