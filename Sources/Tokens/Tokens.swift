/// Tokens owns JSON Web Tokens: the issuers' keys and what is published of them, the signing of a grant, and the careful
/// verification of anybody's token.
///
/// It signs nothing but a `Grant`, shows a signed token's text to nobody before the ledger has recorded it, takes no
/// algorithm from a token alone and no key from anywhere but the configured issuer. It neither decides who gets a token
/// nor stores a key.
///
/// RFC 7515 (JWS, compact form alone), RFC 7517 and 7518 (JWK, algorithms), RFC 7519 (JWT), RFC 7638 (thumbprints), RFC 8037
/// (Ed25519), RFC 8725 (best current practice), OpenID Connect Discovery 1.0.
package struct TokenError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    package enum Code: String, Equatable, Sendable {
        /// The text is longer than any token.
        case tooLong
        /// The text is no compact JWS in its one spelling, or its parts are not the JSON they must be.
        case malformed
        /// The header asks for what is not done here: `crit`, a key of its own, encryption, another type of token.
        case header
        /// The algorithm is not one that is accepted, or not the key's.
        case algorithm
        /// No key, or no single one, is the token's; or a JWK is no key.
        case key
        /// The signature is not the key's.
        case signature
        /// A claim is missing, of a wrong type, or not the one wanted.
        case claim
        /// The token is past its `exp`.
        case expired
        /// The token is before its `nbf`, or issued in the future.
        case notYetValid
        /// The issuer's discovery document or keys could not be had; another attempt may succeed.
        case unreachable
        /// The issuer's discovery document or keys are not what they must be.
        case discovery
        /// The URL is none that an issuer can have.
        case issuer
        /// The issuer's keys do not make a key ring, or hold none for the algorithm.
        case keyRing
        /// A key's life does not allow what was asked.
        case keyLife
        /// The token would live longer than any token may, or not at all.
        case lifetime
        /// The private key is elsewhere, and cannot be reached or does not sign; another attempt may succeed.
        case keyAway
        /// OpenSSL could not sign.
        case signing
        /// The finished token does not say what its grant says.
        case mismatch
    }

    package let code: Code
    /// What was looked at: a header member, a claim, a URL.
    package let subject: String
    package let seen: String
    package let wanted: String

    /// Makes an error.
    package init(_ code: Code, _ subject: String, seen: String, wanted: String) {
        self.code = code
        self.subject = subject
        self.seen = seen
        self.wanted = wanted
    }

    package var description: String { "\(subject): saw \(seen); wanted \(wanted)" }
}
