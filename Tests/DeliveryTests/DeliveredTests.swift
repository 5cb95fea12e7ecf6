import Crypto
import Delivery
import Exchange
import JSON
import Ledger
import Policy
import Secrets
import Support
import Testing
import Time

@Suite("From the ledger to the job")
struct DeliveredTests {
    private static let login = """
        {"request_id":"r1","auth":{"client_token":"s.geheim","lease_duration":900,"token_type":"batch"}}
        """

    private func vault(namespace: String? = "ci") throws -> Target {
        let vault = try VaultTarget(address: "https://vault.example.com", role: "ci", namespace: namespace)
        return try Target(name: "vault-prod", service: .vault(vault))
    }

    @Test("a traded credential is answered with its variables, its expiry and its place in the ledger")
    func exchange() async throws {
        let harness = try TradeHarness([.status(200, Self.login)])
        let answer = try await CredentialAnswer(harness.obtain(at: vault())).json()
        #expect(
            answer == [
                "target": "vault-prod", "type": "vault", "source": "exchange", "expires_at": "2026-11-22T09:45:00Z",
                "environment": [
                    "VAULT_TOKEN": "s.geheim", "VAULT_ADDR": "https://vault.example.com", "VAULT_NAMESPACE": "ci",
                ],
                "credential": ["token_type": "batch", "lease_duration": 900], "ledger_index": 1,
            ]
        )
    }

    /// The answer in which a context stands in for a target.
    private func fallback(_ secrets: [String: String], for target: Target) async throws -> JSON {
        let harness = try VaultHarness()
        for (name, value) in secrets.sorted(by: { $0.key < $1.key }) { try await harness.set(name, value) }
        let fallback = try Fallback(context: VaultHarness.context, until: "2027-01-31", reason: "not migrated yet")
        guard case .use(let use) = fallback.decide(after: .outage, at: harness.book.clock.now) else { return .null }
        let entry = Entry(.fallbackUsed, .succeeded, trace: "trace")
        let sealed = try await harness.vault.read(use, for: .sample(VaultHarness.context), recordedAs: entry)
        return try await CredentialAnswer(
            harness.ledger.record(sealed).open(),
            standingInFor: target,
            askAgain: RFC3339.parse("2026-11-22T11:00:00Z")
        ).json()
    }

    @Test("a fallback is answered as such, without an end, and with where to use it")
    func standingIn() async throws {
        #expect(
            try await fallback(["VAULT_TOKEN": "s.static"], for: vault()) == [
                "target": "vault-prod", "type": "vault", "source": "fallback", "expires_at": nil,
                "environment": [
                    "VAULT_TOKEN": "s.static", "VAULT_ADDR": "https://vault.example.com", "VAULT_NAMESPACE": "ci",
                ],
                "credential": ["context": "aws-legacy", "ask_again_at": "2026-11-22T11:00:00Z"], "ledger_index": 1,
            ]
        )
    }

    @Test("what the context itself says of where to use it wins")
    func contextWins() async throws {
        let aws = try AWSTarget(role: "arn:aws:iam::123456789012:role/deploy", region: "eu-west-1")
        let answer = try await fallback(
            ["AWS_ACCESS_KEY_ID": "AKIA", "AWS_REGION": "us-east-1"],
            for: Target(name: "aws-prod", service: .aws(aws))
        )
        #expect(
            answer["environment"] == [
                "AWS_ACCESS_KEY_ID": "AKIA", "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "eu-west-1",
            ]
        )
    }

    @Test("a context's answer has its values and its place in the ledger")
    func context() async throws {
        let harness = try VaultHarness()
        try await harness.set("NPM_TOKEN", "npm_x")
        let entry = Entry(.secretRead, .succeeded, trace: "trace")
        let sealed = try await harness.vault.read(.sample(VaultHarness.context), recordedAs: entry)
        let answer = try await ContextAnswer(harness.ledger.record(sealed).open()).json()
        #expect(answer == ["context": "aws-legacy", "values": ["NPM_TOKEN": "npm_x"], "ledger_index": 1])
    }
}
