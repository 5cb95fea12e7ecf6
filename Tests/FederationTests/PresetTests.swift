import Federation
import JSON
import Runs
import Support
import Testing
import Time
import Tokens

/// A verifier whose clock can be turned, before the stand-in of one system.
struct FederationHarness {
    let clock = TestClock()
    let system: ForeignSystem
    let upstream: Upstream
    let issuers: [UpstreamIssuer]

    init(_ vector: SystemVector, configuration: String? = nil) throws {
        system = try ForeignSystem(vector.json)
        issuers = try configuration.map { try SystemVector.issuers($0) } ?? vector.issuers()
        upstream = Upstream(
            keys: UpstreamKeys(clock: clock.wall) { _, _ in },
            spent: SpentTokens(),
            clock: clock.wall
        )
    }

    func token(_ changes: JSONObject = [:], header: JSONObject = [:], signedByAnother: Bool = false) throws -> String {
        try system.token(at: clock.wall(), changes, header: header, signedByAnother: signedByAnother)
    }

    func identify(_ token: String) async throws(FederationError) -> Upstream.Identity {
        try await upstream.identify(token, by: issuers, over: system.server)
    }

    /// Why a token is refused; nil where it is taken.
    func refusal(of token: String) async -> FederationError? {
        do throws(FederationError) {
            _ = try await identify(token)
            return nil
        } catch { return error }
    }
}

@Suite("Tokens of other CI systems, in their exact shape")
struct PresetTests {
    @Test("a system's token becomes a run by its preset", arguments: try SystemVector.all())
    func maps(vector: SystemVector) async throws {
        let harness = try FederationHarness(vector)
        let identity = try await harness.identify(try harness.token())
        var seen = JSONObject()
        for name in StandardClaim.allCases {
            if let value = identity.request.values[name] { seen[name.rawValue] = .string(value) }
        }
        for claim in identity.request.further { seen[claim.name] = .string(claim.value) }
        #expect(JSON.object(seen) == vector.json["expect"])
        #expect(identity.request.trust == .trusted)
        #expect(identity.doubt == nil)
        let attestation = try Attestation(identity.request, by: identity.issuer.attestor, limits: .standard)
        #expect(attestation.principal == identity.issuer.name)
    }

    @Test(
        "forks, SSH reruns and other organisations are marked or refused with the reason",
        arguments: try SystemVector.cases()
    )
    func decides(example: SystemVector.Case) async throws {
        let harness = try FederationHarness(example.system)
        let token = try harness.token(try #require(example.json["changes"]?.asObject))
        let outcome = try #require(example.json["outcome"]?.asString)
        let reason = example.json["reason"]?.asString ?? ""
        if outcome == "refused" {
            let refusal = try #require(await harness.refusal(of: token))
            #expect(refusal.reason.contains(reason), "\(refusal.reason)")
            return
        }
        let identity = try await harness.identify(token)
        #expect(identity.request.trust.rawValue == outcome)
        #expect((identity.doubt ?? "").contains(reason), "\(identity.doubt ?? "no doubt")")
        #expect((identity.doubt == nil) == (outcome == "trusted"))
    }

    @Test(
        "an expired token of each system is refused, and one that is not yet valid",
        arguments: try SystemVector.all()
    )
    func expires(vector: SystemVector) async throws {
        let harness = try FederationHarness(vector)
        let token = try harness.token()
        let future = try harness.token(["nbf": .integer(harness.clock.wall().seconds + 600)])
        #expect(try #require(await harness.refusal(of: future)).reason.hasPrefix("nbf"))
        harness.clock.advance(by: .seconds((vector.json["lifetime"]?.asInteger ?? 300) + 31))
        let refusal = try #require(await harness.refusal(of: token))
        #expect(refusal.code == .token)
        #expect(refusal.reason.hasPrefix("exp: saw"))
        #expect(refusal.isGenuine)
    }

    @Test("a token that the system has not signed is refused", arguments: try SystemVector.all())
    func forged(vector: SystemVector) async throws {
        let harness = try FederationHarness(vector)
        let forged = try #require(await harness.refusal(of: try harness.token(signedByAnother: true)))
        #expect(forged.code == .token)
        #expect(forged.reason.hasPrefix("signature"))
        #expect(!forged.isGenuine)
        let unnamed = try #require(await harness.refusal(of: try harness.token(header: ["kid": "nobody's"])))
        #expect(unnamed.reason.hasPrefix("kid"))
        for header: JSONObject in [
            ["crit": ["exp"]], ["jku": "https://evil.example"], ["alg": "none"], ["alg": "HS256"],
        ] {
            #expect(await harness.refusal(of: try harness.token(header: header)) != nil)
        }
    }

    @Test("an issuer's document that names another issuer is not believed")
    func otherIssuer() async throws {
        let vector = try #require(SystemVector.all().first { $0.name == "gitlab" })
        let harness = try FederationHarness(vector)
        let document =
            #"{"issuer":"https://gitlab.example.com/","jwks_uri":"https://gitlab.example.com/oauth/discovery/keys"}"#
        harness.system.server["https://gitlab.example.com/.well-known/openid-configuration"] = .document(
            Array(document.utf8)
        )
        let refusal = try #require(await harness.refusal(of: try harness.token()))
        #expect(refusal.code == .unreachable)
        #expect(refusal.reason.contains("byte for byte"))
    }
}
