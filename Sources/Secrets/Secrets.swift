/// Secrets owns the static secrets that a job may still need: their names, their sealing at rest, and the rule by which one
/// stands in for a credential that a cloud could not be asked for.
///
/// It decides nobody's access (`Policy` does), keeps no file itself (a `SecretStorage` does, and sees sealed bytes alone), and
/// lets no value out but behind the ledger entry that says who read it.
///
/// AES-256-GCM as NIST SP 800-38D has it.
package struct SecretsError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What went wrong.
    package enum Code: Equatable, Sendable {
        /// A setting of a fallback, by its key: `context`, `until`, `reason` or `budget`.
        case setting(String)
        /// A value that is empty or too long to be kept.
        case value
        /// A file that is no master key.
        case masterKey
        /// Something sealed that does not open: changed, moved to another place, or sealed with another master key.
        case damaged
        /// There is no such secret.
        case notFound
        /// Somebody else changed the same secret in between.
        case conflict
        /// The store could not read or write.
        case storage
    }

    package let code: Code
    /// What was wrong and what is wanted, in words that quote no value of a secret.
    package let detail: String

    /// Makes an error.
    package init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    package var description: String { detail }
}
