import Claims
import Crypto
import JSON
import Policy
import Runs
import Support
import Testing
import Time
import Tokens

@Suite("Comparing a finished token with its grant")
struct PayloadCheckTests {
    private let grant: Grant
    private let facts: TokenFacts
    private let payload: String

    init() throws {
        let issuers = try Issuers()
        grant = try Grant.sample(algorithm: .es256)
        let signed = try issuers.signer.sign(grant)
        facts = signed.facts
        payload = String(decoding: signed.claims, as: UTF8.self)
    }

    private func refusal(_ payload: String, of grant: Grant? = nil, closing: String = "") -> TokenError? {
        do throws(TokenError) {
            let check = PayloadCheck(Array(payload.utf8))
            try check.check(grant ?? self.grant, facts, closing: Array(closing.utf8))
            return nil
        } catch { return error }
    }

    @Test("what was signed is what was granted")
    func same() { #expect(refusal(payload) == nil) }

    @Test(
        "a registered claim that is another, is missing or stands twice is found",
        arguments: [
            (#""iss":"https://ci.example.com""#, #""iss":"https://evil.example""#), (#""aud":"sts"#, #""aud":"stz"#),
            (#""sub":"project:acme/web"#, #""sub":"project:acme/api"#), (#""iat":17"#, #""iat":16"#),
            (#""nbf":17"#, #""nbf":16"#), (#""exp":17"#, #""exp":18"#), (#""exp":1795340100"#, #""exp":1795340100.0"#),
            (#""exp":1795340100"#, #""exp":"1795340100""#), (#""iss":"https://ci.example.com","#, ""),
            (#"{"iss""#, #"{"iss":"https://evil.example","iss""#), (#"{"iss""#, #"{"admin":true,"iss""#),
            (#"{"iss""#, #"{"iss"#),
        ]
    )
    func registered(found: String, replaced: String) throws {
        let range = try #require(payload.firstRange(of: found))
        let changed = payload.replacingCharacters(in: range, with: replaced)
        #expect(refusal(changed)?.code == .mismatch)
    }

    @Test(
        "a claim of the run that is another, is missing or was added is found",
        arguments: [
            (#""project":"acme/web""#, #""project":"acme/api""#), (#","trust":"trusted"}"#, "}"),
            (#""trust":"trusted"}"#, #""trust":"trusted","admin":"yes"}"#),
            (#""trust":"trusted"}"#, #""trust":"trusted"} "#),
        ]
    )
    func attested(found: String, replaced: String) throws {
        let range = try #require(payload.firstRange(of: found))
        let changed = payload.replacingCharacters(in: range, with: replaced)
        #expect(refusal(changed)?.code == .mismatch)
    }

    @Test("a token of another grant is found")
    func otherGrant() throws {
        let others = [
            try Grant.sample(audience: "other", algorithm: .es256),
            try Grant.sample(algorithm: .es256, lifetime: .seconds(299)),
            try Grant.sample(algorithm: .es256, claims: .sample([.job: "other"])),
        ]
        for other in others { #expect(refusal(payload, of: other)?.code == .mismatch) }
    }

    @Test("what a job chose must be there, and no more")
    func jobClaims() {
        let chosen = #"{"job_claims":{"level":3}}"#
        let whole = "\(payload.dropLast()),\(chosen.dropFirst())"
        #expect(refusal(whole, closing: chosen) == nil)
        #expect(refusal(whole)?.code == .mismatch)
        #expect(refusal(payload, closing: chosen)?.code == .mismatch)
    }

    @Test("an empty or torn payload is found", arguments: ["", "}", "{}", "{"])
    func torn(payload: String) { #expect(refusal(payload)?.code == .mismatch) }
}

extension String {
    fileprivate func firstRange(of text: String) -> Range<Index>? {
        indices.lazy.filter { self[$0...].hasPrefix(text) }.first.map { $0..<index($0, offsetBy: text.count) }
    }

    fileprivate func replacingCharacters(in range: Range<Index>, with text: String) -> String {
        self[..<range.lowerBound] + text + self[range.upperBound...]
    }
}
