import Claims
import Crypto
import JSON
import Ledger
import Policy
import Runs
import Support
import Testing
import Time
import Tokens

@Suite("A decoy's token says of itself that it is one, and leaves as a probe alone")
struct DecoyTests {
    private static let keys = Result { try IssuerKeys.generate(for: [.es256]) }
    private let clock = TestClock()
    private let signer: TokenSigner
    private let trusted: Issuer

    init() throws {
        trusted = Issuer(url: try IssuerURL("https://ci.example.com"), keys: try Self.keys.get())
        let untrusted = Issuer(url: trusted.url.untrusted, keys: try Self.keys.get())
        signer = TokenSigner(trusted: trusted, untrusted: untrusted, clock: clock.wall)
    }

    private func decoy(_ fault: Decoy.Fault) throws -> Decoy {
        let rule = TokenRule(
            audience: "vault",
            algorithm: .es256,
            lifetime: .seconds(300),
            maximumLifetime: .seconds(3_600),
            subject: .standard,
            subjectLimit: .openID,
            allow: try RuleList([try .of(["project": ["acme/web"]])])
        )
        let policy = try Policy(PolicyRules(targets: ["prod": rule]))
        let isGood = [.otherAudience, .expired].contains(fault)
        return try policy.decoy(
            fault,
            of: .sample([.project: isGood ? "acme/web" : "acme/api"], trust: fault == .fork ? .untrusted : .trusted),
            for: "prod",
            pinnedElsewhere: nil
        )
    }

    @Test("the entry is a probe's, with the token's claims and hash", arguments: [Decoy.Fault.otherProject, .expired])
    func entry(fault: Decoy.Fault) throws {
        let entry = try signer.sign(decoy(fault)).seal(trace: "trace").entry
        #expect(entry.kind == .probeSent)
        #expect(entry.reason == fault.rawValue)
        #expect(entry.target == "prod")
        #expect(entry.tokenSHA256 != nil)
        let claims = try JSON.parse(try #require(entry.claims))
        #expect(claims["jobpass_probe"]?.asString == fault.rawValue)
    }

    @Test("it is a good signature's token but for its fault")
    func verified() async throws {
        let harness = try LedgerHarness(storage: MemoryLedgerStorage())
        try harness.create()
        let ledger = try harness.open()
        func text(_ fault: Decoy.Fault) async throws -> String {
            try await ledger.record(signer.sign(decoy(fault)).seal(trace: "trace")).take().text
        }
        let verifier = TokenVerifier(
            keys: .given(JWKSet(trusted.keys.all.map(\.jwk))),
            rules: VerificationRules(issuer: "https://ci.example.com", audiences: ["vault"]),
            clock: clock.wall
        )
        let other = try await verifier.verify(try await text(.otherProject))
        #expect(other.claims["project"] == "acme/api")
        for (fault, code) in [
            (Decoy.Fault.expired, TokenError.Code.expired), (.otherAudience, .claim), (.fork, .claim),
        ] {
            let token = try await text(fault)
            let error = await #expect(throws: TokenError.self) { try await verifier.verify(token) }
            #expect(error?.code == code, "\(fault)")
        }
    }
}
