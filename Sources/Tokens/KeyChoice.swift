internal import Crypto
internal import JSON

/// Finds the one key of a set that a token may have been signed with, and compares it with the token's algorithm.
enum KeyChoice {
    /// How a key's own `alg` binds it.
    enum Binding {
        /// A key serves the algorithm that it names, and no other (RFC 8725, section 3.1).
        case exact
        /// A key also serves a stronger digest of the scheme that it names.
        ///
        /// For checking a bare JWS, where the key was given by hand: the example of RFC 7520, section 4.2, is signed by PS384
        /// and circulates with keys that say PS256.
        case atLeast
    }

    /// The token's key.
    ///
    /// `kid` is compared and nothing else: it comes from a stranger. Without one the set must hold a single key.
    ///
    /// - Throws: `TokenError` with code `key` or `algorithm`.
    static func key(for header: JWSHeader, in set: JWKSet, binding: Binding) throws(TokenError) -> PublicKey {
        let named = set.keys.filter { jwk in
            guard let kid = header.kid else { return true }
            return jwk.kid.map { $0.utf8.elementsEqual(kid.utf8) } ?? false
        }
        guard let jwk = named.first else { throw unknown(header, in: set) }
        guard named.count == 1 else {
            throw TokenError(
                .key,
                "kid",
                seen: header.kid.map { "'\($0)', which \(named.count) keys have" } ?? "none, and \(named.count) keys",
                wanted: "the name of one key"
            )
        }
        guard jwk.isForSignatures else {
            throw TokenError(.key, "key", seen: "a key for another use", wanted: "use 'sig', or key_ops with 'verify'")
        }
        guard fits(header.algorithm, jwk, binding) else {
            throw TokenError(
                .algorithm,
                "alg",
                seen: header.algorithm.rawValue,
                wanted: "the key's own: \(jwk.algorithm ?? names(of: jwk.key))"
            )
        }
        return jwk.key
    }

    /// Whether a token's key is not in a set, so that a newer set may have it.
    static func mayBeNewer(_ header: JWSHeader, than set: JWKSet) -> Bool {
        guard let kid = header.kid else { return set.keys.isEmpty }
        return !set.keys.contains { $0.kid?.utf8.elementsEqual(kid.utf8) ?? false }
    }

    private static func fits(_ algorithm: SignatureAlgorithm, _ jwk: JWK, _ binding: Binding) -> Bool {
        guard algorithm.fits(jwk.key.components) else { return false }
        guard let name = jwk.algorithm else { return true }
        guard let bound = SignatureAlgorithm(rawValue: name) else {
            // A curve has one algorithm, so a misspelt name (ES521 is about) takes nothing away; key agreement does.
            guard case .ec = jwk.key.components else { return false }
            return name.hasPrefix("ES")
        }
        guard binding == .atLeast else { return bound == algorithm }
        return bound == algorithm || algorithm.isStronger(than: bound)
    }

    private static func unknown(_ header: JWSHeader, in set: JWKSet) -> TokenError {
        let kids = set.keys.map { $0.kid.map { "'\($0)'" } ?? "a key without kid" }
        let skipped = set.skipped.isEmpty ? "" : "; left out: \(set.skipped.joined(separator: ", "))"
        return TokenError(
            .key,
            "kid",
            seen: header.kid.map { "'\($0)'" } ?? "none",
            wanted: (kids.isEmpty ? "a set with keys" : "one of \(kids.joined(separator: ", "))") + skipped
        )
    }

    private static func names(of key: PublicKey) -> String {
        SignatureAlgorithm.allCases.filter { $0.fits(key.components) }.map(\.rawValue).joined(separator: " ")
    }
}

extension SignatureAlgorithm {
    /// Whether this is the same scheme as another with a longer digest.
    fileprivate func isStronger(than other: SignatureAlgorithm) -> Bool {
        let schemes: [[SignatureAlgorithm]] = [[.rs256, .rs384, .rs512], [.ps256, .ps384, .ps512]]
        return schemes.contains { scheme in
            guard let mine = scheme.firstIndex(of: self), let its = scheme.firstIndex(of: other) else { return false }
            return mine > its
        }
    }
}
