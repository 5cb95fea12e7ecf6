package import Ledger

/// How far an index has come.
package struct IndexState: Equatable, Sendable {
    /// Entries that are indexed, from the first on.
    package let size: UInt64
    /// The hash of the last of them, by which the ledger that was indexed is known again.
    package let last: [UInt8]

    /// Makes a state.
    package init(size: UInt64, last: [UInt8]) {
        self.size = size
        self.last = last
    }

    /// Of an index without entries.
    package static let empty = IndexState(size: 0, last: [])
}

/// What indexing some more entries changes.
package struct IndexChange: Sendable {
    /// What the index must be at, or nothing is changed.
    package let before: IndexState
    package let after: IndexState
    package let rows: [IndexRow]
    /// Rows that others have taken the place of.
    package let outdated: [Range<Int64>]
    package let tallies: Tallies

    /// Makes a change.
    package init(
        before: IndexState,
        after: IndexState,
        rows: [IndexRow],
        outdated: [Range<Int64>],
        tallies: Tallies
    ) {
        self.before = before
        self.after = after
        self.rows = rows
        self.outdated = outdated
        self.tallies = tallies
    }
}

/// Where an index of a ledger is kept, and what is counted with it.
///
/// All of it is derived from the entries: it may be lost or thrown away at any time, and is made again. It proves nothing; an
/// attacker who holds it can hide an entry from a search, which `AuditIndex.verify` shows, but cannot change one.
/// Calls block and may come from any thread but an event loop's.
package protocol IndexStorage: Sendable {
    /// How far the index has come.
    ///
    /// - Throws: `LedgerError` with code `storage`.
    func state() throws(LedgerError) -> IndexState

    /// A row's bytes; nil where there is none.
    ///
    /// - Throws: `LedgerError` with code `storage`.
    func row(_ key: Int64) throws(LedgerError) -> IndexRow?

    /// The rows of some keys, in ascending order.
    ///
    /// - Throws: `LedgerError` with code `storage`.
    func rows(in keys: Range<Int64>) throws(LedgerError) -> [IndexRow]

    /// The counts of a range of days, and of the hours in them.
    ///
    /// - Throws: `LedgerError` with code `storage`.
    func tallies(days: Range<Int64>) throws(LedgerError) -> Tallies

    /// Makes a change as a whole; false where another process has changed the index before.
    ///
    /// - Throws: `LedgerError` with code `storage` or `storageFull`.
    func apply(_ change: IndexChange) throws(LedgerError) -> Bool

    /// Forgets all that is indexed and counted.
    ///
    /// - Throws: `LedgerError` with code `storage`.
    func clear() throws(LedgerError)

    /// Has the system hold the index in memory, so that a first question is answered as fast as a second.
    func readAhead()
}
