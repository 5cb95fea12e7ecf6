package import Crypto
package import Time

/// What is to be recorded: one event and the facts about it that an auditor will ask for, each only where it applies.
///
/// The ledger adds the index, the time and the salt; nobody else can choose them. No field may hold a secret: a token is
/// there as its SHA-256 and its claims, a credential as the name by which its cloud lists it.
package struct Entry: Equatable, Sendable {
    package let kind: EntryKind
    package let outcome: Outcome
    /// The trace id of the request in which it happened, or of the start or command that did it.
    package let trace: String

    /// The id of the run.
    package var run: String?
    /// The configured name of who asked, where that was not a run.
    package var principal: String?
    /// The network address that the request came from.
    package var address: String?
    /// The `iss` of the token, ours or, in an entry about federation, the other's.
    package var issuer: String?
    /// The key that signed.
    package var kid: String?
    /// The `aud` of the token that was issued or asked for.
    package var audience: String?
    /// The `jti` of the token.
    package var jti: String?
    /// When the token or credential expires.
    package var expires: UnixTime?
    /// The SHA-256 of the token's text.
    package var tokenSHA256: SHA256Digest?
    /// The claims, as the JSON text of one object: the token's, or those that a token would have had.
    package var claims: [UInt8]?
    package var target: String?
    package var context: String?
    /// The name of a static secret.
    package var secret: String?
    /// The version of the static secret.
    package var version: UInt64?
    /// The name of the credential in its cloud's own logs, such as an AWS access-key ID; never its secret part.
    package var credential: String?
    /// The name of the session at the cloud.
    package var session: String?
    /// Which rule decided.
    package var rule: String?
    /// Why it turned out so, for a person; of a longer text the first `longestText` bytes are recorded.
    package var reason: String?
    /// What a cloud or a library said; of a longer text the first `longestText` bytes are recorded.
    package var cause: String?
    /// How many entries it is about, from the ledger's first on.
    package var covered: UInt64?

    /// The most bytes of `reason` and of `cause` that are recorded: a cloud may answer with a whole page.
    package static let longestText = 4_096

    /// Makes an entry without any facts yet.
    package init(_ kind: EntryKind, _ outcome: Outcome, trace: String) {
        self.kind = kind
        self.outcome = outcome
        self.trace = trace
    }
}
