import Claims
import Crypto
import Encoding
import JSON
import Ledger
import Policy
import Runs
import Support
import Testing
import Time
import Tokens

/// A broker's two issuers with keys for every algorithm that tokens are signed with.
struct Issuers {
    static let algorithms: [SignatureAlgorithm] = [.rs256, .es256, .edDSA]

    let clock = TestClock()
    let trusted: Issuer
    let untrusted: Issuer

    /// Made once: RSA keys take their time.
    private static let rings = Result {
        try (IssuerKeys.generate(for: algorithms), IssuerKeys.generate(for: algorithms))
    }

    init() throws {
        let url = try IssuerURL("https://ci.example.com")
        let rings = try Self.rings.get()
        trusted = Issuer(url: url, keys: rings.0)
        untrusted = Issuer(url: url.untrusted, keys: rings.1)
    }

    var signer: TokenSigner { TokenSigner(trusted: trusted, untrusted: untrusted, clock: clock.wall) }

    /// Signs, records in a ledger in memory, and releases: the only way to a token's text.
    func text(_ grant: Grant, trace: String? = nil) async throws -> String {
        try await Self.release(try signer.sign(grant, trace: trace))
    }

    static func release(_ token: consuming SignedToken) async throws -> String {
        let harness = try LedgerHarness(storage: MemoryLedgerStorage())
        try harness.create()
        let ledger = try harness.open()
        let sealed = token.seal(recordedAs: Entry(.tokenIssued, .succeeded, trace: "trace"))
        return try await ledger.record(sealed).take().text
    }

    /// A verifier that an honest relying party of one of the issuers would be.
    func verifier(of issuer: Issuer, audience: String = "sts.amazonaws.com") -> TokenVerifier {
        let rules = VerificationRules(issuer: issuer.url.text, audiences: [audience])
        return TokenVerifier(keys: .given(issuer.keys.published), rules: rules, clock: clock.wall)
    }
}

@Suite("Signing")
struct TokenSignerTests {
    @Test("a token has the header and claims of the contract, and verifies", arguments: Issuers.algorithms)
    func contents(algorithm: SignatureAlgorithm) async throws {
        let issuers = try Issuers()
        let token = try await issuers.text(try Grant.sample(algorithm: algorithm))
        let jws = try CompactJWS(token)
        let kid = try #require(issuers.trusted.keys.signing(algorithm)?.kid)
        let header: JSONObject = ["alg": .string(algorithm.rawValue), "kid": .string(kid), "typ": "JWT"]
        #expect(jws.header.members == header)
        let claims = try #require(JSON.parse(jws.payload).asObject)
        #expect(claims.members.prefix(7).map(\.name) == ["iss", "sub", "aud", "iat", "nbf", "exp", "jti"])
        let identifier = try #require(claims["jti"]?.asString)
        #expect(try Base64URL.decode(identifier).count == 16)
        let expected: JSON = [
            "iss": "https://ci.example.com",
            "sub": "project:acme/web:ref:refs/heads/main:workflow:deploy:job:release",
            "aud": "sts.amazonaws.com", "iat": 1_795_339_800, "nbf": 1_795_339_740, "exp": 1_795_340_100,
            "jti": .string(identifier), "project": "acme/web", "workflow": "deploy", "job": "release",
            "run_id": "4711", "attempt": "1", "ref": "refs/heads/main", "ref_type": "branch",
            "sha": "9fceb02d0ae598e95dc970b74767f19372d61af8", "event": "push", "environment": "production",
            "actor": "ada", "trust": "trusted",
        ]
        #expect(JSON.object(claims) == expected)
        let verified = try await issuers.verifier(of: issuers.trusted).verify(token)
        #expect(JSON.object(verified.claims) == expected)
    }

    @Test("numbers in a token are integers as they are written")
    func integers() async throws {
        let text = try await Issuers().text(try Grant.sample(algorithm: .es256))
        let payload = String(decoding: try CompactJWS(text).payload, as: UTF8.self)
        #expect(payload.contains(#""iat":1795339800,"nbf":1795339740,"exp":1795340100,"jti":""#))
    }

    @Test("a run of strangers' code gets its token from the second issuer, and the first does not know it")
    func untrusted() async throws {
        let issuers = try Issuers()
        let grant = try Grant.sample(algorithm: .es256, claims: .sample(trust: .untrusted))
        let token = try await issuers.text(grant)
        let verified = try await issuers.verifier(of: issuers.untrusted).verify(token)
        #expect(verified.claims["iss"] == "https://ci.example.com/untrusted")
        #expect(verified.claims["trust"] == "untrusted")
        let error = await #expect(throws: TokenError.self) {
            try await issuers.verifier(of: issuers.trusted).verify(token)
        }
        #expect(error?.code == .key)
    }

    @Test("what a job chose stands under job_claims, and further attested claims under their own names")
    func jobClaims() async throws {
        let issuers = try Issuers()
        let claims = try ClaimSet.sample(further: [.init("team", "quote\" and \\ and \u{e9}")])
        let own = try JobClaims(["deployment=47\"11", "level=a=b"])
        let grant = try Grant.sample(algorithm: .es256, claims: claims, saying: own)
        let token = try await issuers.text(grant, trace: "0123abcd")
        let verified = try await issuers.verifier(of: issuers.trusted).verify(token).claims
        #expect(verified["job_claims"] == ["deployment": "47\"11", "level": "a=b"])
        #expect(verified["deployment"] == nil)
        #expect(verified["jobpass_trace"] == "0123abcd")
        #expect(verified["team"] == "quote\" and \\ and \u{e9}")
        #expect(verified["iss"] == "https://ci.example.com")
        #expect(verified.members.last?.name == "job_claims")
    }

    @Test(
        "a token says which request it answers, whatever that is called",
        arguments: ["00ff", "doctor", "a\"b\\", "\u{e9}"]
    )
    func trace(name: String) async throws {
        let issuers = try Issuers()
        let token = try await issuers.text(try Grant.sample(algorithm: .es256), trace: name)
        let verified = try await issuers.verifier(of: issuers.trusted).verify(token).claims
        #expect(verified["jobpass_trace"]?.asString == name)
        #expect(verified.members.last?.name == "jobpass_trace")
    }

    @Test("an audience and a subject that need escapes are written whole")
    func escapes() async throws {
        let issuers = try Issuers()
        let audience = "urn:\u{e9}\"\\\n\u{1F600}"
        let claims = try ClaimSet.sample([.job: "say \"hi\" \\"])
        let token = try await issuers.text(try Grant.sample(audience: audience, algorithm: .es256, claims: claims))
        let verified = try await issuers.verifier(of: issuers.trusted, audience: audience).verify(token)
        #expect(verified.claims["sub"]?.asString?.hasSuffix("job:say \"hi\" \\") == true)
    }

    @Test("a token's facts, digest and claims are those of its text, and its entry says them")
    func facts() async throws {
        let issuers = try Issuers()
        let signed = try issuers.signer.sign(try Grant.sample(algorithm: .es256))
        let facts = signed.facts
        let digest = signed.sha256
        let claims = signed.claims
        let sealed = signed.seal(recordedAs: Entry(.tokenIssued, .succeeded, trace: "trace"))
        let entry = sealed.entry
        let harness = try LedgerHarness(storage: MemoryLedgerStorage())
        try harness.create()
        let released = try await harness.open().record(sealed)
        #expect(released.receipt.index == 0)
        let token = released.take()
        #expect(token.facts == facts)
        #expect(SHA256.hash(token.bytes) == digest)
        let jws = try CompactJWS(token.text)
        #expect(jws.payload == claims)
        #expect(jws.header.kid == facts.kid)
        #expect(facts.expires == UnixTime(seconds: 1_795_340_100))
        var expected = Entry(.tokenIssued, .succeeded, trace: "trace")
        expected.issuer = "https://ci.example.com"
        expected.kid = facts.kid
        expected.audience = "sts.amazonaws.com"
        expected.jti = facts.identifier
        expected.expires = facts.expires
        expected.tokenSHA256 = digest
        expected.claims = claims
        #expect(entry == expected)
        #expect(try harness.check() == 1)
    }

    @Test("every token has a jti of its own")
    func identifiers() throws {
        let issuers = try Issuers()
        let grant = try Grant.sample(algorithm: .es256)
        var seen: Set<String> = []
        for _ in 0..<200 { #expect(try seen.insert(issuers.signer.sign(grant).facts.identifier).inserted) }
    }

    @Test(
        "a token ends with its lifetime, with its run, or not later than a day after",
        arguments: [
            (300, nil, 300), (1, nil, 1), (86_400, nil, 86_400), (300, 120, 120), (300, 300, 300), (300, 1_000, 300),
            (300, 1, 1), (86_401, nil, nil), (300, 0, nil), (300, -5, nil),
        ] as [(Int64, Int64?, Int64?)]
    )
    func lifetime(granted: Int64, end: Int64?, lived: Int64?) throws {
        let issuers = try Issuers()
        let grant = try Grant.sample(algorithm: .es256, lifetime: .seconds(granted))
        let now = issuers.clock.now
        do throws(TokenError) {
            let facts = try issuers.signer.sign(grant, end: end.map { now + .seconds($0) }).facts
            #expect(facts.expires == lived.map { now + .seconds($0) })
        } catch {
            #expect(lived == nil && error.code == .lifetime)
        }
    }

    @Test("times are whole seconds, rounded down")
    func fractions() throws {
        let issuers = try Issuers()
        issuers.clock.advance(by: .milliseconds(999))
        let facts = try issuers.signer.sign(try Grant.sample(algorithm: .es256)).facts
        #expect(facts.issued == UnixTime(seconds: 1_795_339_800))
        #expect(facts.expires == UnixTime(seconds: 1_795_340_100))
    }

    @Test("an algorithm without a key is refused, and the message says where to add it")
    func noKey() throws {
        let url = try IssuerURL("https://ci.example.com")
        let issuer = Issuer(url: url, keys: try IssuerKeys.generate(for: [.es256]))
        let signer = TokenSigner(trusted: issuer, untrusted: issuer, clock: TestClock().wall)
        let error = #expect(throws: TokenError.self) { _ = try signer.sign(try Grant.sample(algorithm: .rs256)) }
        #expect(error?.code == .keyRing)
        #expect(error?.wanted.contains("keys.algorithms") == true)
    }

    @Test("a token longer than AWS takes is refused")
    func tooLong() throws {
        let issuers = try Issuers()
        let grant = try Grant.sample(algorithm: .es256)
        let error = #expect(throws: TokenError.self) {
            _ = try issuers.signer.sign(grant, trace: String(repeating: "x", count: 15_000))
        }
        #expect(error?.code == .tooLong)
    }
}
