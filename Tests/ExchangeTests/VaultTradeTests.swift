import Exchange
import HTTP
import JSON
import Ledger
import Support
import Testing
import Time

@Suite("Trading at Vault")
struct VaultTradeTests {
    private static let login = """
        {"request_id":"883c8007-c7d0-1f0a-2a15-edac5b6191b1","auth":{"client_token":"s.geheim","policies":["default","ci"],\
        "lease_duration":900,"renewable":true,"token_type":"service","mfa_requirement":null}}
        """

    @Test("the request is a login of the role at its mount, in its namespace, over its own authority")
    func request() async throws {
        let harness = try TradeHarness([.status(400, "{\"errors\":[\"no\"]}")])
        _ = try await harness.failure(at: vaultTarget())
        let request = try #require(harness.network.requests.first)
        #expect(request.method == .post)
        #expect(request.url == "https://vault.example.com:8200/v1/auth/ci/jwt/login")
        #expect(
            request.fields == [
                "Content-Type": "application/json", "X-Vault-Request": "true", "X-Vault-Namespace": "team/web",
            ]
        )
        #expect(request.certificateAuthorities == "/etc/jobpass/vault-ca.pem")
        #expect(try JSON.parse(request.body) == ["role": "ci", "jwt": .string(harness.sentToken())])
    }

    @Test("without a namespace none is named, neither to Vault nor to the job")
    func noNamespace() async throws {
        let harness = try TradeHarness([.status(200, Self.login)])
        let credential = try await harness.obtain(at: vaultTarget(namespace: nil))
        #expect(harness.network.requests[0].fields["X-Vault-Namespace"] == nil)
        #expect(
            credential.environment.texts() == [
                "VAULT_TOKEN": "s.geheim", "VAULT_ADDR": "https://vault.example.com:8200",
            ]
        )
    }

    @Test("what OpenBao answered is understood", arguments: try Vectors.all("vault-logins.json"))
    func logins(_ login: Vector) async throws {
        let known = ["name", "status", "body", "result", "lease", "token_type"]
        #expect(login.members.asObject?.members.allSatisfy { known.contains($0.name) } == true)
        let body = try login.text("body")
        let answer = try JSON.parse(Array(body.utf8))
        let status = Int(try #require(login.members["status"]?.asInteger))
        let harness = try TradeHarness([.status(status, body)])
        guard let lease = login.members["lease"]?.asInteger else {
            let failure = try #require(try await harness.failure(at: vaultTarget()))
            #expect(failure.kind.rawValue == (try login.text("result")))
            #expect(harness.network.requests.count == (failure.kind == .outage ? 4 : 1))
            if failure.kind != .outage { #expect(failure.message == answer["errors"]?.asArray?.first?.asString) }
            return
        }
        let credential = try await harness.obtain(at: vaultTarget())
        #expect(credential.expires == harness.book.clock.now + .seconds(lease))
        #expect(credential.environment.texts()["VAULT_TOKEN"] == answer["auth"]?["client_token"]?.asString)
        #expect(credential.environment.texts()["VAULT_NAMESPACE"] == "team/web")
        #expect(credential.details["token_type"] == login.members["token_type"])
        #expect(try harness.lastEntry().credential == answer["request_id"]?.asString)
    }

    @Test("a lease without end has no expiry")
    func endless() async throws {
        let endless = Self.login.split(separator: "900").joined(separator: "0")
        let harness = try TradeHarness([.status(200, endless)])
        let expires = try await harness.obtain(at: vaultTarget()).expires
        #expect(expires == nil)
    }

    @Test("a login that wants a second factor is a matter of configuration")
    func secondFactor() async throws {
        let answer =
            "{\"auth\":{\"client_token\":\"\",\"lease_duration\":0,\"mfa_requirement\":{\"mfa_request_id\":\"x\"}}}"
        let failure = try #require(try await TradeHarness([.status(200, answer)]).failure(at: vaultTarget()))
        #expect(failure.kind == .misconfigured)
        #expect(failure.code == "mfa")
    }

    /// What stands in a good login, and what a broken one has instead.
    static let broken: [(String, String)] = [
        ("\"auth\"", "\"data\""), ("{\"client_token\"", "[{\"client_token\""), ("\"s.geheim\"", "null"),
        ("\"s.geheim\"", "\"\""),
        ("\"s.geheim\"", "7"), ("s.geheim", "s.geh\\neim"), ("s.geheim", "s.géheim"), ("s.geheim", "s geheim"),
        ("900", "-1"),
        ("900", "\"900\""), ("900", "9e2"), ("900", "99999999999999"), ("\"lease_duration\":900,", ""),
        ("\"lease_duration\":900", "\"lease_duration\":900,\"lease_duration\":1"), ("}}", "}"),
    ]

    @Test("an answer of 200 that is no login's is broken, and no word of it is told", arguments: broken)
    func brokenAnswers(_ old: String, _ new: String) async throws {
        #expect(Self.login.contains(old))
        let body = Self.login.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
        let harness = try TradeHarness([.status(200, body)])
        let failure = try #require(try await harness.failure(at: vaultTarget()))
        #expect(failure.kind == .brokenAnswer)
        #expect(failure.code == "no-vault-answer")
        #expect(!failure.message.contains("geheim"))
        #expect(harness.network.requests.count == 1)
    }

    @Test(
        "a 4xx that is no error of Vault's is a refusal all the same",
        arguments: ["", "<html>", "{\"errors\":7}", "[]"]
    )
    func foreignRefusal(_ body: String) async throws {
        let failure = try #require(try await TradeHarness([.status(403, body)]).failure(at: vaultTarget()))
        #expect(failure.kind == .refused)
        #expect(failure.code == "http-403")
    }
}
