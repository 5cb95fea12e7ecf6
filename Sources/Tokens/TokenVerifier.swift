internal import Crypto
package import JSON
package import Time

/// Verifies tokens as a careful relying party does (RFC 8725).
///
/// The token's header chooses nothing: its algorithm must be allowed, its `kid` must name a key of the configured issuer,
/// and the two must fit each other. Symmetric algorithms and keys are not known at all, so none can be confused.
package final class TokenVerifier: Sendable {
    /// Where the keys come from.
    package enum Keys: Sendable {
        /// A set that was given by hand.
        case given(JWKSet)
        case published(PublishedKeys)
    }

    private let keys: Keys
    private let rules: VerificationRules
    private let clock: WallClock

    /// Makes a verifier.
    package init(keys: Keys, rules: VerificationRules, clock: @escaping WallClock) {
        self.keys = keys
        self.rules = rules
        self.clock = clock
    }

    /// Verifies a token: its form, its signature, then its claims.
    ///
    /// - Throws: `TokenError` for the first thing that is wrong.
    package func verify(_ text: String) async throws(TokenError) -> VerifiedToken {
        let jws = try CompactJWS(text)
        try checkType(jws.header)
        try await checkSignature(jws, binding: .exact)
        let json: JSON
        do throws(JSONError) {
            json = try JSON.parse(jws.payload)
        } catch {
            throw TokenError(.malformed, "payload", seen: "no JSON (\(error))", wanted: "an object")
        }
        guard let claims = json.asObject else {
            throw TokenError(.malformed, "payload", seen: "no object", wanted: "an object")
        }
        try ClaimCheck(claims, rules, now: clock()).check()
        return VerifiedToken(header: jws.header, claims: claims)
    }

    /// Verifies a JWS and leaves its payload alone, which need be no JSON.
    ///
    /// - Throws: `TokenError` for the first thing that is wrong.
    package func verifySignature(_ text: String) async throws(TokenError) -> VerifiedSignature {
        let jws = try CompactJWS(text)
        switch keys {
        case .given: try await checkSignature(jws, binding: .atLeast)
        case .published: try await checkSignature(jws, binding: .exact)
        }
        return VerifiedSignature(header: jws.header, payload: jws.payload)
    }

    /// RFC 8725, section 3.11: a token of one kind is no token of another.
    private func checkType(_ header: JWSHeader) throws(TokenError) {
        if let types = rules.types, let type = header.type, !types.contains(type) {
            throw TokenError(.header, "typ", seen: "'\(type)'", wanted: types.sorted().joined(separator: " or "))
        }
        if let content = header.members["cty"] {
            // RFC 7519, section 5.2: claims have no content type, a token within a token has JWT.
            throw TokenError(.header, "cty", seen: content.text, wanted: "no such member")
        }
    }

    private func checkSignature(_ jws: CompactJWS, binding: KeyChoice.Binding) async throws(TokenError) {
        guard rules.algorithms.contains(jws.header.algorithm) else {
            throw TokenError(
                .algorithm,
                "alg",
                seen: jws.header.algorithm.rawValue,
                wanted: rules.algorithms.map(\.rawValue).sorted().joined(separator: " or ")
            )
        }
        let key = try await key(for: jws.header, binding: binding)
        guard key.verify(jws.signature, of: jws.signingInput, algorithm: jws.header.algorithm) else {
            throw TokenError(.signature, "signature", seen: "one that does not verify", wanted: "the key's")
        }
    }

    private func key(for header: JWSHeader, binding: KeyChoice.Binding) async throws(TokenError) -> PublicKey {
        switch keys {
        case .given(let set): return try KeyChoice.key(for: header, in: set, binding: binding)
        case .published(let published):
            let set = try await published.keys()
            if KeyChoice.mayBeNewer(header, than: set) {
                // The issuer may have changed its keys since they were fetched.
                return try KeyChoice.key(for: header, in: await published.keys(needsOthers: true), binding: binding)
            }
            return try KeyChoice.key(for: header, in: set, binding: binding)
        }
    }
}

/// A token that kept every rule.
package struct VerifiedToken: Sendable {
    package let header: JWSHeader
    package let claims: JSONObject
}

/// A JWS whose signature is its key's, and what was signed.
package struct VerifiedSignature: Sendable {
    package let header: JWSHeader
    package let payload: [UInt8]
}
