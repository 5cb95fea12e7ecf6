import Crypto
import JSON
import Support
import Testing
import Time
import Tokens

/// The JWS vectors of project Wycheproof, which stand beside the checkout and are not part of it.
private enum Wycheproof {
    static let file = SharedVectors.bytes("wycheproof_json_web_signature_test.json")

    /// A key and the tokens that are verified with it.
    struct Group: Sendable, CustomTestStringConvertible {
        let key: JSON
        let tests: [JSON]

        var isSymmetric: Bool { key["kty"]?.asString == "oct" }
        var testDescription: String { "\(key["kid"]?.text ?? "no kid"), \(tests.count) tokens" }
    }

    static func groups() throws -> [Group] {
        guard let file else { return [] }
        let groups = try #require(JSON.parse(file)["testGroups"]?.asArray)
        return try groups.map { group in
            Group(
                key: try #require(group["public"] ?? group["private"]),
                tests: try #require(group["tests"]?.asArray)
            )
        }
    }
}

@Suite(
    "Wycheproof's JSON Web Signatures",
    .enabled(if: Wycheproof.file != nil, "the vectors are not beside this checkout (shared/vectors)")
)
struct WycheproofTests {
    @Test("a token verifies exactly where Wycheproof says that it is valid", arguments: try Wycheproof.groups())
    private func verifies(group: Wycheproof.Group) async throws {
        let set = try JWKSet(parsing: (["keys": [group.key]] as JSON).serialized())
        let rules = VerificationRules(issuer: nil, audiences: nil)
        let verifier = TokenVerifier(keys: .given(set), rules: rules, clock: TestClock().wall)
        for test in group.tests {
            #expect(try Set(#require(test.asObject).members.map(\.name)).isSubset(of: Self.knownMembers))
            let number = try #require(test["tcId"]?.asInteger)
            let token = try #require(test["jws"]?.asString)
            // HMAC is not spoken here at all: whoever can verify with such a key can sign with it.
            let isValid = test["result"] == "valid" && !group.isSymmetric
            #expect(await accepts(token, verifier) == isValid, "test \(number): \(test["comment"]?.text ?? "")")
        }
    }

    @Test("no vector is left out")
    func count() throws {
        let total = try Wycheproof.groups().reduce(0) { $0 + $1.tests.count }
        #expect(total == 401)
    }

    private static let knownMembers: Set<String> = ["tcId", "comment", "flags", "jws", "result"]

    private func accepts(_ token: String, _ verifier: TokenVerifier) async -> Bool {
        do throws(TokenError) {
            _ = try await verifier.verifySignature(token)
            return true
        } catch { return false }
    }
}
