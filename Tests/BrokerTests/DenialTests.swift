import Exchange
import HTTP
import JSON
import Support
import Testing

/// A target of a type, how its cloud says no, and how it is out of order.
struct DeniedTarget: Sendable, CustomTestStringConvertible {
    let type: TargetType
    let settings: String
    /// What its cloud answers to a token that it does not want.
    let denial: FakeTransport.Reply
    /// What it answers that no cloud should.
    let garbage: FakeTransport.Reply

    var testDescription: String { type.rawValue }

    init(
        _ type: TargetType,
        _ settings: String,
        denial: FakeTransport.Reply,
        garbage: FakeTransport.Reply = .status(200, "<html>")
    ) {
        self.type = type
        self.settings = settings
        self.denial = denial
        self.garbage = garbage
    }

    private static let checkout = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    /// One of each type that trades at all.
    static let all = [
        DeniedTarget(
            .aws,
            "role: arn:aws:iam::123456789012:role/deploy, region: eu-west-1",
            denial: .status(
                403,
                "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
            )
        ),
        DeniedTarget(
            .gcp,
            "provider: projects/1/locations/global/workloadIdentityPools/pool/providers/jobpass",
            denial: .status(400, #"{"error": "unauthorized_client", "error_description": "attribute condition"}"#)
        ),
        DeniedTarget(
            .azure,
            """
            tenant: 11111111-2222-3333-4444-555555555555, client_id: 11111111-2222-3333-4444-555555555555,
                  scope: https://management.azure.com/.default
            """,
            denial: .status(
                401,
                #"{"error": "invalid_client", "error_description": "AADSTS700213: subject", "error_codes": [700213]}"#
            )
        ),
        DeniedTarget(
            .vault,
            "address: https://vault.example.com, role: ci, audience: vault",
            denial: .status(400, #"{"errors": ["error validating claims"]}"#)
        ),
        DeniedTarget(
            .tokenExchange,
            "token_endpoint: https://sts.example.com/token, audience: sts",
            denial: .status(400, #"{"error": "invalid_grant", "error_description": "no"}"#)
        ),
        DeniedTarget(
            .recipe,
            """
            recipe: \(checkout)/deploy/recipes/jfrog.yaml, audience: jfrog,
                  parameters: {platform: acme.jfrog.io, provider: jobpass}
            """,
            denial: .status(401, #"{"errors": [{"status": 401, "message": "no"}]}"#)
        ),
    ]
}

@Suite("A no is a no, at every cloud")
struct DenialTests {
    private func site(_ target: DeniedTarget, _ script: [FakeTransport.Reply]) async throws -> BrokerHarness {
        let site = try await BrokerHarness(
            script,
            targets: """
                  denied:
                    {type: \(target.type.rawValue), \(target.settings), timeout: 5s,
                      allow: [{project: acme/web, ref: refs/heads/main}],
                      fallback: {context: legacy, until: 2030-01-31, reason: not migrated yet}}

                """
        )
        let path = "/v1/contexts/legacy/secrets/OLD_TOKEN"
        _ = try await site.send(.put, path, as: BrokerHarness.administrator, body: "THE-OLD-ONE")
        return site
    }

    @Test("every type that trades is here")
    func complete() {
        #expect(Set(DeniedTarget.all.map(\.type)) == Set(TargetType.allCases).subtracting([.none]))
    }

    @Test("what the cloud refuses is asked for once and falls back on nothing", arguments: DeniedTarget.all)
    func denied(_ target: DeniedTarget) async throws {
        let site = try await site(target, [target.denial])
        let run = try await site.run()
        let answer = try await site.send(.post, "/v1/targets/denied/credentials", as: run.token)
        #expect(answer.status == 502, "\(answer.text)")
        #expect(answer.json["cause"]?["kind"] == "refused", "\(answer.text)")
        #expect(answer.text.contains("To mend it: "))
        #expect(!answer.text.contains("THE-OLD-ONE"))
        #expect(site.network.requests.count == 1)
        #expect(try site.recorded.suffix(2) == ["token.issued", "exchange.refused"])
    }

    @Test("what is no answer of the cloud's falls back on nothing", arguments: DeniedTarget.all)
    func broken(_ target: DeniedTarget) async throws {
        let site = try await site(target, [target.garbage])
        let run = try await site.run()
        let answer = try await site.send(.post, "/v1/targets/denied/credentials", as: run.token)
        #expect(answer.status == 502, "\(answer.text)")
        #expect(answer.json["cause"]?["kind"] == "broken_answer", "\(answer.text)")
        #expect(site.network.requests.count == 1)
        #expect(try site.recorded.last == "exchange.failed")
    }

    @Test("what our own policy refuses reaches no cloud and falls back on nothing", arguments: DeniedTarget.all)
    func forbidden(_ target: DeniedTarget) async throws {
        let site = try await site(target, [.failing(.connection)])
        let run = try await site.run(ref: "refs/heads/feature")
        let answer = try await site.send(.post, "/v1/targets/denied/credentials", as: run.token)
        #expect(answer.status == 403)
        #expect(site.network.requests.isEmpty)
        #expect(try site.recorded.last == "exchange.denied")
    }

    @Test("an outage alone does, and a refusal that follows tries of an outage does not", arguments: DeniedTarget.all)
    func outage(_ target: DeniedTarget) async throws {
        let site = try await site(target, [.failing(.connection)])
        let run = try await site.run()
        let answer = try await site.send(.post, "/v1/targets/denied/credentials", as: run.token)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json["environment"]?["OLD_TOKEN"] == "THE-OLD-ONE")
        let late = try await self.site(target, [.failing(.connection), .status(503), target.denial])
        let second = try await late.run()
        let refused = try await late.send(.post, "/v1/targets/denied/credentials", as: second.token)
        #expect(refused.status == 502, "\(refused.text)")
        #expect(late.network.requests.count == 3)
        #expect(try !late.recorded.contains("fallback.used"))
    }
}
