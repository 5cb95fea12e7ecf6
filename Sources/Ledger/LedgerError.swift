/// A failure of the ledger: what was seen, what was wanted, and what a person can do about it.
package struct LedgerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What went wrong.
    package enum Code: Equatable, Sendable {
        /// The entry does not fit into 65,535 bytes.
        case entryTooLarge
        /// Bytes are no canonical entry.
        case malformedEntry
        /// Text is no checkpoint, signed note, or verifier key in its one spelling.
        case malformedNote
        /// There is no entry of that index.
        case notFound
        /// The store could not read or write; it may be able to later.
        case storage
        /// The store's disk is full, or its file at its limit; it can go on when there is space.
        case storageFull
        /// The wall clock is too far behind the last entry.
        case clockBehind
        /// OpenSSL could not sign the checkpoint.
        case signing
        /// The ledger has been closed, and takes no more entries.
        case closed
        /// The ledger was never set up: there is no checkpoint at all.
        case uninitialised
        /// There is a ledger already where one was to be set up.
        case initialised
        /// The checkpoint is of another log.
        case wrongOrigin
        /// The checkpoint is signed with another key.
        case wrongKey
        /// The checkpoint's signature is not good.
        case badSignature
        /// Entries or hashes that the checkpoint covers are missing.
        case shorter
        /// There are entries that no checkpoint covers.
        case longer
        /// An entry, or a hash above it, is not what was recorded.
        case altered
        /// An entry is older than the one before it.
        case timeOrder
    }

    package let code: Code
    /// The first entry that is wrong, where the failure has a place.
    package let index: UInt64?
    package let seen: String
    package let wanted: String
    /// What mends it.
    package let remedy: String

    /// Makes an error.
    package init(_ code: Code, index: UInt64? = nil, seen: String, wanted: String, remedy: String) {
        self.code = code
        self.index = index
        self.seen = seen
        self.wanted = wanted
        self.remedy = remedy
    }

    package var description: String {
        let place = index.map { "at entry \($0)" } ?? ""
        let head = place.isEmpty ? "ledger" : "ledger \(place)"
        return "\(head): saw \(seen); wanted \(wanted); \(remedy)"
    }

    /// Whether somebody has changed or lost what had been recorded, so that nothing more may be recorded on top of it.
    package var isEvidence: Bool {
        switch code {
        case .wrongOrigin, .wrongKey, .badSignature, .shorter, .longer, .altered, .timeOrder, .uninitialised: true
        case .entryTooLarge, .malformedEntry, .notFound, .malformedNote, .storage, .storageFull, .clockBehind, .signing,
            .closed, .initialised:
            false
        }
    }
}
