package import Crypto
package import Ledger
package import Time

/// A signed token that nobody has yet: its facts can be read, its text cannot.
///
/// Sealing it with a ledger entry is the only thing to do with it, and recording that entry the only way to the text.
package struct SignedToken: ~Copyable, Sendable {
    package let facts: TokenFacts
    /// SHA-256 of the text.
    package let sha256: SHA256Digest
    /// The payload, a JSON object.
    package let claims: [UInt8]
    private let text: TokenText

    init(facts: TokenFacts, claims: [UInt8], text: consuming TokenText) {
        self.facts = facts
        self.claims = claims
        sha256 = SHA256.hash(text.bytes)
        self.text = text
    }

    /// Seals the token until an entry is durable, which is told here what it must say of the token.
    package consuming func seal(recordedAs entry: Entry) -> Sealed<TokenText> {
        var entry = entry
        entry.issuer = facts.issuer.text
        entry.kid = facts.kid
        entry.audience = facts.audience
        entry.jti = facts.identifier
        entry.expires = facts.expires
        entry.tokenSHA256 = sha256
        entry.claims = claims
        return Sealed(text, recordedAs: entry)
    }
}

/// A token's text: made by signing, reached by releasing what the ledger has recorded.
package struct TokenText: ~Copyable, Sendable {
    package let facts: TokenFacts
    /// The compact JWS, in ASCII.
    package let bytes: [UInt8]

    init(bytes: [UInt8], facts: TokenFacts) {
        self.bytes = bytes
        self.facts = facts
    }

    /// The compact JWS.
    package var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// What may be known of a token by anybody.
package struct TokenFacts: Equatable, Sendable {
    package let issuer: IssuerURL
    package let kid: String
    package let algorithm: SignatureAlgorithm
    package let audience: String
    package let subject: String
    /// The `jti`.
    package let identifier: String
    /// The `iat`.
    package let issued: UnixTime
    /// The `exp`.
    package let expires: UnixTime
}
