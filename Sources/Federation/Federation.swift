/// Federation owns what other issuers say of a job: a CI system's own token, verified, becomes an attestation; and what an
/// issuer's token must say to be somebody's.
///
/// It takes keys from the configured issuers alone, verifies before it reads anything but `iss`, and attests no more than its
/// configuration maps. What a token leaves open about whose code runs makes the run untrusted, with the reason. It registers no
/// run and signs nothing: that is the broker's, as with any other orchestrator.
///
/// RFC 8693 (the trade at the broker's own `/oauth/token`), RFC 7519 and RFC 8725 by Tokens, OpenID Connect Discovery 1.0.
package struct FederationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of refusal it is.
    package enum Code: Equatable, Sendable {
        /// No issuer of the configuration speaks here.
        case issuer
        /// The token is not its issuer's, is over, or is for somebody else.
        case token
        /// The issuer's keys could not be had: another attempt may succeed.
        case unreachable
        /// A claim is not what the configuration requires.
        case required
        /// A claim of ours cannot be made of the token.
        case mapping
        /// The token was traded before, and each counts once.
        case spent
    }

    package let code: Code
    /// What was seen and wanted, for a person.
    package let reason: String
    /// The configured name of the issuer's entry; nil where the token's issuer has none.
    package let entry: String?
    /// Whether the token's signature is its issuer's, so that the refusal is about a real token.
    package let isGenuine: Bool

    /// Makes an error.
    package init(_ code: Code, _ reason: String, entry: String?, isGenuine: Bool) {
        self.code = code
        self.reason = reason
        self.entry = entry
        self.isGenuine = isGenuine
    }

    package var description: String { reason }
}
