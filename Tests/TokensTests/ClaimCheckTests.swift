import JSON
import Support
import Testing
import Time
import Tokens

@Suite("Verifying: claims")
struct ClaimCheckTests {
    @Test(
        "a claim that is missing, of a wrong type or not the one wanted is refused",
        arguments: [
            ("iss", nil), ("iss", "https://ci.example.com/"), ("iss", "https://CI.example.com"), ("iss", 1),
            ("iss", []),
            ("sub", nil), ("sub", 1), ("sub", ["a"]), ("aud", nil), ("aud", "vault.example.com "),
            ("aud", "Vault.example.com"),
            ("aud", []), ("aud", ["other"]), ("aud", ["vault.example.com", 1]), ("aud", ["vault.example.com": 1]),
            ("aud", 1),
            ("exp", nil), ("exp", "1795340100"), ("exp", -1), ("exp", 253_402_300_800), ("exp", true), ("iat", nil),
            ("iat", "1795339800"), ("nbf", "0"), ("nbf", []), ("jti", 1),
        ] as [(String, JSON)]
    )
    func claim(name: String, value: JSON) async throws {
        let forger = try Forger()
        let error = await forger.verifier().refusal(of: try forger.token(claims: [name: value]))
        #expect(error?.code == .claim)
        #expect(error?.subject == name)
    }

    @Test(
        "an audience may be one of several, and jti and nbf may be missing",
        arguments: [
            ["aud": ["other", "vault.example.com"]], ["aud": ["vault.example.com"]], ["jti": nil], ["nbf": nil],
            ["nbf": nil, "jti": nil, "extra": ["deep": [1, [2]]]],
        ] as [JSONObject]
    )
    func accepted(claims: JSONObject) async throws {
        let forger = try Forger()
        #expect(await forger.verifier().refusal(of: try forger.token(claims: claims)) == nil)
    }

    @Test(
        "times count with the stated leeway of 30 seconds, to the second",
        arguments: [
            ("exp", -29, nil), ("exp", -30, .expired), ("exp", 0, nil), ("nbf", 30, nil), ("nbf", 31, .notYetValid),
            ("iat", 30, nil), ("iat", 31, .notYetValid), ("iat", -1_000_000, nil),
        ] as [(String, Int64, TokenError.Code?)]
    )
    func times(name: String, offset: Int64, code: TokenError.Code?) async throws {
        let forger = try Forger()
        let clock = TestClock()
        let token = try forger.token(claims: [name: .integer(clock.now.seconds + offset)])
        #expect(await forger.verifier(clock: clock).refusal(of: token)?.code == code)
    }

    @Test("a time may have a fraction")
    func fraction() async throws {
        let forger = try Forger()
        let clock = TestClock()
        let exact = try forger.token(claims: ["exp": .number(Double(clock.now.seconds) - 29.5)])
        #expect(await forger.verifier(clock: clock).refusal(of: exact) == nil)
        let past = try forger.token(claims: ["exp": .number(Double(clock.now.seconds) - 30.5)])
        #expect(await forger.verifier(clock: clock).refusal(of: past)?.code == .expired)
    }

    @Test("a token that was issued too long ago is refused where the rules say so")
    func age() async throws {
        let forger = try Forger()
        let clock = TestClock()
        let token = try forger.token(claims: ["iat": .integer(clock.now.seconds - 86_431)])
        #expect(await forger.verifier(clock: clock).refusal(of: token) == nil)
        let strict = forger.verifier(clock: clock) { $0.maximumAge = .seconds(86_400) }
        #expect(await strict.refusal(of: token)?.code == .expired)
        let younger = try forger.token(claims: ["iat": .integer(clock.now.seconds - 86_430)])
        #expect(await strict.refusal(of: younger) == nil)
    }

    @Test("rules without issuer and audience check neither, and required claims can be chosen")
    func relaxed() async throws {
        let forger = try Forger()
        let verifier = forger.verifier { rules in
            rules.issuer = nil
            rules.audiences = nil
            rules.required = ["exp", "email"]
        }
        let token = try forger.token(claims: ["iss": nil, "aud": nil, "sub": nil, "iat": nil, "email": "a@example.com"])
        #expect(await verifier.refusal(of: token) == nil)
        let lacking = try forger.token()
        #expect(await verifier.refusal(of: lacking)?.subject == "email")
    }

    @Test("a refusal shows what was seen and what was wanted")
    func message() async throws {
        let forger = try Forger()
        let error = await forger.verifier().refusal(of: try forger.token(claims: ["aud": "other"]))
        #expect(error?.description == #"aud: saw "other"; wanted 'vault.example.com'"#)
        let expired = await forger.verifier().refusal(of: try forger.token(claims: ["exp": 1_795_336_200]))
        #expect(
            expired?.description
                == "exp: saw 2026-11-22T08:30:00Z; wanted later than 2026-11-22T09:30:00Z, give or take 30s"
        )
    }
}
