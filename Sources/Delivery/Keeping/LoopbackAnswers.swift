internal import Crypto
package import JSON
package import Time

/// What exec's own server answers to the SDKs of its child.
package enum LoopbackAnswers {
    /// The container answer of AWS; `end` is when the SDK is to ask again where the keys do not expire.
    ///
    /// - Throws: `DeliveryError` with code `form` where the credential has no keys.
    package static func aws(_ held: HeldCredential, at now: UnixTime) throws(DeliveryError) -> JSON {
        try AWSKeys(of: held.answer).containerAnswer(askAgain: held.freshness.end(at: now))
    }

    /// The answer of a token service of RFC 8693 to Google's libraries.
    ///
    /// - Throws: `DeliveryError` with code `form` where the credential has no token.
    package static func google(_ held: HeldCredential, at now: UnixTime) throws(DeliveryError) -> JSON {
        guard let token = held.answer.bearer else {
            throw DeliveryError(.form, "the credential of \(held.answer.target) has no access token")
        }
        let rest = held.freshness.end(at: now) - now
        return [
            "access_token": .string(token), "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "token_type": "Bearer", "expires_in": .integer(max(1, rest.wholeSeconds)),
        ]
    }
}
