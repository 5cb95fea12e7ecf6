import Crypto
import Encoding
import JSON
import Support
import Testing
import Time
import Tokens

/// Signs whatever a test wants, as somebody would who has a key and no manners.
struct Forger {
    let key: SigningKey
    let jwk: JWK

    init(_ algorithm: SignatureAlgorithm = .es256) throws {
        key = try SigningKey.generate(for: algorithm)
        jwk = JWK(of: key)
    }

    /// A token that everybody accepts, but for what is changed; null takes a member away.
    func token(header: JSONObject = [:], claims: JSONObject = [:]) throws -> String {
        var head: JSONObject = ["alg": .string(key.algorithm.rawValue), "kid": .string(jwk.kid ?? ""), "typ": "JWT"]
        var body: JSONObject = [
            "iss": "https://ci.example.com", "sub": "project:acme/web", "aud": "vault.example.com",
            "iat": 1_795_339_800, "nbf": 1_795_339_740, "exp": 1_795_340_100, "jti": "one",
        ]
        for member in header.members { head[member.name] = member.value == .null ? Optional.none : member.value }
        for member in claims.members { body[member.name] = member.value == .null ? Optional.none : member.value }
        return try token(header: JSON.object(head).serialized(), payload: JSON.object(body).serialized())
    }

    func token(header: [UInt8], payload: [UInt8]) throws -> String {
        let input = "\(Base64URL.encode(header)).\(Base64URL.encode(payload))"
        return "\(input).\(Base64URL.encode(try key.sign(Array(input.utf8))))"
    }

    func verifier(
        keys: [JWK]? = nil,
        clock: TestClock = TestClock(),
        change: (inout VerificationRules) -> Void = { _ in }
    ) -> TokenVerifier {
        var rules = VerificationRules(issuer: "https://ci.example.com", audiences: ["vault.example.com"])
        change(&rules)
        return TokenVerifier(keys: .given(JWKSet(keys ?? [jwk])), rules: rules, clock: clock.wall)
    }
}

extension TokenVerifier {
    /// Why a token is refused; nil where it is accepted.
    func refusal(of token: String) async -> TokenError? {
        do throws(TokenError) {
            _ = try await verify(token)
            return nil
        } catch { return error }
    }
}

@Suite("Verifying: form and header")
struct VerifierFormTests {
    @Test(
        "published tokens verify with their keys, and payloads that are no claims are left alone",
        arguments: try Vectors.all("jws.json")
    )
    func vectors(vector: Vector) async throws {
        let set = JWKSet([try JWK(#require(vector.members["key"]))])
        let rules = VerificationRules(issuer: nil, audiences: nil)
        let verifier = TokenVerifier(keys: .given(set), rules: rules, clock: TestClock().wall)
        let token = try vector.text("jws")
        let verified = try await verifier.verifySignature(token)
        #expect(verified.payload == (try CompactJWS(token).payload))
        #expect(await verifier.refusal(of: token) != nil)
        let other = try Forger()
        await #expect(throws: TokenError.self) {
            try await other.verifier(keys: [other.jwk]).verifySignature(token)
        }
    }

    @Test("a good token is accepted")
    func good() async throws {
        let forger = try Forger()
        #expect(await forger.verifier().refusal(of: try forger.token()) == nil)
    }

    @Test(
        "what is not the one spelling of a compact JWS is refused",
        arguments: [
            ("", .malformed), (".", .malformed), ("..", .malformed), ("a.b", .malformed), ("TOKEN.", .malformed),
            (".TOKEN", .malformed), ("TOKEN.x", .malformed), (" TOKEN", .malformed), ("TOKEN ", .malformed),
            ("TOKEN\n", .malformed), ("TOKEN=", .malformed), ("TOKEN\u{e9}", .malformed), ("\u{FEFF}TOKEN", .malformed),
            ("a.b.c.d.e", .malformed), (#"{"payload":"","signatures":[]}"#, .malformed), ("e30.e30.", .algorithm),
            ("bnVsbA..", .malformed), ("W10..", .malformed), ("IiI..", .malformed),
        ] as [(String, TokenError.Code)]
    )
    func form(text: String, code: TokenError.Code) async throws {
        let forger = try Forger()
        let token = try forger.token()
        let changed = text.split(separator: "TOKEN", omittingEmptySubsequences: false).joined(separator: token)
        #expect(await forger.verifier().refusal(of: changed)?.code == code)
    }

    @Test("a token of 20,000 characters is read and one more is not")
    func length() async throws {
        let forger = try Forger()
        let longest = try forger.token(claims: ["x": .string(String(repeating: "x", count: 14_000))])
        #expect(await forger.verifier().refusal(of: longest) == nil)
        let code = await forger.verifier().refusal(of: String(repeating: "x", count: 20_001))?.code
        #expect(code == .tooLong)
        #expect(await forger.verifier().refusal(of: String(repeating: "x", count: 20_000))?.code == .malformed)
    }

    @Test("a part with stray trailing bits is refused, though it decodes to the same bytes")
    func malleability() async throws {
        let forger = try Forger()
        let token = try forger.token()
        // 64 bytes end in a group of two characters, whose last holds four bits that must be zero: A, Q, g or w.
        let last = try #require(token.last)
        let next: [Character: String] = ["A": "B", "Q": "R", "g": "h", "w": "x"]
        let changed = String(token.dropLast()) + (try #require(next[last]))
        #expect(await forger.verifier().refusal(of: changed)?.code == .malformed)
    }

    @Test(
        "a header that brings a key, an extension or another algorithm is refused",
        arguments: [
            (["jku": "https://evil.example/keys"], .header), (["x5u": "https://evil.example/c"], .header),
            (["jwk": ["kty": "EC"]], .header), (["x5c": ["AA"]], .header), (["crit": ["exp"]], .header),
            (["crit": []], .header), (["b64": false, "crit": ["b64"]], .header), (["enc": "A256GCM"], .header),
            (["zip": "DEF"], .header), (["cty": "JWT"], .header), (["typ": "at+jwt"], .header),
            (["typ": "logout+jwt"], .header), (["alg": "none"], .algorithm), (["alg": "None"], .algorithm),
            (["alg": "HS256"], .algorithm), (["alg": "es256"], .algorithm), (["alg": ["ES256"]], .algorithm),
            (["alg": nil], .algorithm), (["alg": "RS256"], .algorithm), (["alg": "ES384"], .algorithm),
            (["alg": "EdDSA"], .algorithm), (["kid": 1], .malformed), (["typ": 1], .malformed),
            (["kid": "other"], .key),
            (["kid": ""], .key),
        ] as [(JSONObject, TokenError.Code)]
    )
    func header(change: JSONObject, code: TokenError.Code) async throws {
        let forger = try Forger()
        #expect(await forger.verifier().refusal(of: try forger.token(header: change))?.code == code)
    }

    @Test(
        "typ may be missing, or JWT however it is written",
        arguments: [nil, "JWT", "jwt", "application/jwt"] as [JSON]
    )
    func type(type: JSON) async throws {
        let forger = try Forger()
        #expect(await forger.verifier().refusal(of: try forger.token(header: ["typ": type])) == nil)
    }

    @Test("a name that stands twice in the header or the claims is refused")
    func duplicates() async throws {
        let forger = try Forger()
        let kid = forger.jwk.kid ?? ""
        let header = Array(#"{"alg":"ES256","kid":"\#(kid)"}"#.utf8)
        let twice = Array(#"{"alg":"ES256","kid":"\#(kid)","alg":"ES256"}"#.utf8)
        let claims = Array(
            #"{"iss":"https://ci.example.com","sub":"s","aud":"vault.example.com","iat":1795339800,"exp":1795340100}"#
                .utf8
        )
        let claimsTwice = claims.dropLast() + Array(#","sub":"admin"}"#.utf8)
        #expect(await forger.verifier().refusal(of: try forger.token(header: header, payload: claims)) == nil)
        #expect(
            await forger.verifier().refusal(of: try forger.token(header: twice, payload: claims))?.code == .malformed
        )
        let code = await forger.verifier().refusal(of: try forger.token(header: header, payload: Array(claimsTwice)))?
            .code
        #expect(code == .malformed)
    }

    @Test("a payload that is no JSON object is refused", arguments: ["", "text", "[]", "1", #""{}""#, "{}{}"])
    func payload(text: String) async throws {
        let forger = try Forger()
        let header = Array(#"{"alg":"ES256","kid":"\#(forger.jwk.kid ?? "")"}"#.utf8)
        let token = try forger.token(header: header, payload: Array(text.utf8))
        #expect(await forger.verifier().refusal(of: token)?.code == .malformed)
        #expect(try await forger.verifier().verifySignature(token).payload == Array(text.utf8))
    }

    @Test("a token signed with another key of the same name is refused")
    func wrongKey() async throws {
        let forger = try Forger()
        let other = try Forger()
        let token = try forger.token(header: ["kid": .string(other.jwk.kid ?? "")])
        #expect(await other.verifier().refusal(of: token)?.code == .signature)
    }
}

@Suite("Verifying: keys")
struct VerifierKeyTests {
    private func jwk(_ forger: Forger, _ changes: JSONObject) throws -> JWK {
        var members = try #require(forger.jwk.json.asObject)
        for change in changes.members { members[change.name] = change.value == .null ? Optional.none : change.value }
        return try JWK(.object(members))
    }

    @Test("without kid a token is accepted where there is one key, and refused where there are more")
    func withoutKid() async throws {
        let forger = try Forger()
        let token = try forger.token(header: ["kid": nil])
        #expect(await forger.verifier().refusal(of: token) == nil)
        let more = forger.verifier(keys: [forger.jwk, try Forger(.edDSA).jwk])
        #expect(await more.refusal(of: token)?.code == .key)
        #expect(await forger.verifier(keys: []).refusal(of: token)?.code == .key)
    }

    @Test("two keys of one name are refused, as either could be meant")
    func ambiguous() async throws {
        let forger = try Forger()
        let twin = try jwk(try Forger(), ["kid": .string(forger.jwk.kid ?? "")])
        let code = await forger.verifier(keys: [forger.jwk, twin]).refusal(of: try forger.token())?.code
        #expect(code == .key)
    }

    @Test(
        "a key for encryption does not verify",
        arguments: [["use": "enc"], ["key_ops": ["encrypt"]]] as [JSONObject]
    )
    func use(change: JSONObject) async throws {
        let forger = try Forger()
        let verifier = forger.verifier(keys: [try jwk(forger, change)])
        #expect(await verifier.refusal(of: try forger.token())?.code == .key)
    }

    @Test("an algorithm that the rules do not list is refused, whatever the keys")
    func allowList() async throws {
        let forger = try Forger()
        let verifier = forger.verifier { $0.algorithms = [.rs256] }
        #expect(await verifier.refusal(of: try forger.token())?.code == .algorithm)
    }

    @Test(
        "a key serves the algorithm that it names",
        arguments: [
            (SignatureAlgorithm.rs256, nil, true, true), (.rs256, "RS256", true, true), (.rs256, "RS384", false, false),
            (.rs256, "PS256", false, false), (.rs256, "RSA-OAEP", false, false), (.es256, "ES256", true, true),
            (.es256, "ES256K", true, true), (.es256, "ECDH-ES", false, false), (.es256, "ES384", false, false),
            (.edDSA, "EdDSA", true, true), (.edDSA, "Ed25519", false, false),
        ] as [(SignatureAlgorithm, String?, Bool, Bool)]
    )
    func binding(algorithm: SignatureAlgorithm, named: String?, token: Bool, signature: Bool) async throws {
        let forger = try Forger(algorithm)
        let verifier = forger.verifier(keys: [try jwk(forger, ["alg": named.map { .string($0) } ?? nil])])
        let text = try forger.token()
        #expect(await (verifier.refusal(of: text) == nil) == token)
        #expect(await ((try? verifier.verifySignature(text)) != nil) == signature)
    }

    @Test("a bare signature may use a longer digest than its key names, a token may not")
    func strongerDigest() async throws {
        let vector = try #require(Vectors.all("jws.json").first { $0.name.contains("PS384") })
        var members = try #require(vector.members["key"]?.asObject)
        let rules = VerificationRules(issuer: nil, audiences: nil)
        for (named, isAccepted) in [("PS256", true), ("PS384", true), ("PS512", false), ("RS256", false)] {
            members["alg"] = .string(named)
            let keys = TokenVerifier.Keys.given(JWKSet([try JWK(.object(members))]))
            let verifier = TokenVerifier(keys: keys, rules: rules, clock: TestClock().wall)
            let text = try vector.text("jws")
            #expect(await ((try? verifier.verifySignature(text)) != nil) == isAccepted, "\(named)")
            #expect(await verifier.refusal(of: text)?.code == (named == "PS384" ? .malformed : .algorithm), "\(named)")
        }
    }

    @Test("a refusal for an unknown name says which names there are, and what was left out of the set")
    func message() async throws {
        let forger = try Forger()
        let set = try JWKSet(
            parsing: (["keys": [forger.jwk.json, ["kty": "oct", "kid": "old"]]] as JSON).serialized()
        )
        let rules = VerificationRules(issuer: nil, audiences: nil)
        let verifier = TokenVerifier(keys: .given(set), rules: rules, clock: TestClock().wall)
        let error = await verifier.refusal(of: try forger.token(header: ["kid": "old"]))
        #expect(error?.seen == "'old'")
        #expect(error?.wanted == "one of '\(forger.jwk.kid ?? "")'; left out: 'old' has a key of type oct")
    }
}
