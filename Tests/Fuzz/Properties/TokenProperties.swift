internal import Encoding
internal import EventLoop
internal import JSON
internal import Time
internal import Tokens

extension Property {
    /// Tokens and keys as strangers send and publish them.
    static let tokens: [Property] = [
        Property("jws", jws),
        Property("jwk-set", keySet),
        Property("forgery", forgery),
    ]

    /// A token that reads has one spelling: its parts make the text again.
    private static func jws(_ input: [UInt8]) -> String? {
        guard let text = String(validating: input, as: UTF8.self), let jws = try? CompactJWS(text) else { return nil }
        let payload = Base64URL.encodedBytes(jws.payload)
        guard jws.signingInput.suffix(payload.count) == payload[...] else { return "the payload has another spelling" }
        let again = jws.signingInput + [UInt8(ascii: ".")] + Base64URL.encodedBytes(jws.signature)
        return again == input ? nil : "the parts make another token"
    }

    /// Keys that were read are published so that they read as the same keys.
    private static func keySet(_ input: [UInt8]) -> String? {
        guard let set = try? JWKSet(parsing: input) else { return nil }
        guard let again = try? JWKSet(parsing: set.json.serialized()) else { return "published so that it is refused" }
        guard again.skipped.isEmpty else { return "published so that it is skipped: \(again.skipped)" }
        return again.keys.map(\.key) == set.keys.map(\.key) ? nil : "published as other keys"
    }

    /// Nothing verifies by the key of RFC 7515, appendix A.3, but what its owner signed.
    private static func forgery(_ input: [UInt8]) -> String? {
        guard let text = String(validating: input, as: UTF8.self), let jws = try? CompactJWS(text) else { return nil }
        let verified = try? EventLoop.runToCompletion { _ in
            let rules = VerificationRules(issuer: nil, audiences: nil)
            return try await TokenVerifier(keys: .given(try JWKSet(parsing: key)), rules: rules, clock: SystemClock.now)
                .verifySignature(text)
        }
        guard verified != nil else { return nil }
        return jws.signingInput == signed ? nil : "verified, but it was never signed"
    }

    private static let key = Array(
        """
        {"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
         "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
        """.utf8
    )

    private static let signed = Array(
        """
        eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ
        """.utf8
    )
}
