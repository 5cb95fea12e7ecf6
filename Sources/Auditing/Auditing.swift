internal import Ledger

/// Auditing owns what an auditor asks of the ledger: which entries match, what one of them says, and the proof that it is
/// there.
///
/// It reads and never writes, hides no entry that it cannot read, and takes nothing that the store says for proved: a proof goes
/// out with the entry's own bytes, for the auditor to verify against a key that they have from elsewhere.
///
/// RFC 9162 section 2.1.3 (inclusion proofs); names and forms are those of the contract's `/v1/audit`.
package struct AuditError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What went wrong.
    package enum Code: Equatable, Sendable {
        /// A filter that does not exist, or a value that it cannot have.
        case query
        /// There is no entry of that index.
        case notFound
        /// The store could not be read.
        case storage
        /// The entry, its proof or its checkpoint is not what was recorded.
        case unproved
    }

    package let code: Code
    /// What was wrong and what is wanted.
    package let reason: String

    /// Makes an error.
    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    init(_ error: LedgerError) {
        switch error.code {
        case .notFound: self.init(.notFound, "\(error)")
        case .storage, .storageFull: self.init(.storage, "\(error)")
        default: self.init(.unproved, "\(error)")
        }
    }

    package var description: String { reason }
}
