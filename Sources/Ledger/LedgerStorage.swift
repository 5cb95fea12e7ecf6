package import Time

/// Where a ledger ends, as it is stored: what the next batch is put behind.
package struct LedgerHead: Equatable, Sendable {
    /// Entries so far.
    package let size: UInt64
    /// The time of the last entry; of a ledger without entries that at which it was set up.
    package let time: UnixTime
    /// The signed note over all entries.
    package let checkpoint: [UInt8]

    /// Makes a head.
    package init(size: UInt64, time: UnixTime, checkpoint: [UInt8]) {
        self.size = size
        self.time = time
        self.checkpoint = checkpoint
    }
}

/// What one commit adds.
package struct LedgerBatch: Equatable, Sendable {
    /// The canonical bytes of the new entries; the first has the index that was the size before.
    package let leaves: [[UInt8]]
    /// Tiles that are new or wider than before.
    package let tiles: [Tile]
    package let head: LedgerHead

    /// Makes a batch.
    package init(leaves: [[UInt8]], tiles: [Tile], head: LedgerHead) {
        self.leaves = leaves
        self.tiles = tiles
        self.head = head
    }
}

/// An entry as it is stored.
package struct StoredEntry: Equatable, Sendable {
    package let index: UInt64
    package let bytes: [UInt8]

    /// Makes a stored entry.
    package init(index: UInt64, bytes: [UInt8]) {
        self.index = index
        self.bytes = bytes
    }
}

/// Reads what is committed.
///
/// Calls block and may come from any thread but an event loop's; each sees one committed state. An attacker who holds the
/// store can hide or change anything, which `LedgerVerifier` and a kept checkpoint show; nobody reading here trusts it further.
package protocol LedgerReading: Sendable {
    /// The head; nil where no ledger was set up.
    ///
    /// - Throws: `LedgerError` with code `storage`.
    func head() throws(LedgerError) -> LedgerHead?

    /// The hashes of a tile, perhaps more than a reader's checkpoint covers; nil where there is none.
    ///
    /// - Throws: `LedgerError` with code `storage`.
    func tile(_ address: TileAddress) throws(LedgerError) -> [UInt8]?

    /// The entries with an index in a range, in ascending order; an index that is missing is left out.
    ///
    /// - Throws: `LedgerError` with code `storage`.
    func entries(in range: Range<UInt64>) throws(LedgerError) -> [StoredEntry]

    /// The greatest index that any entry has, covered by the head or not; nil where there is none.
    ///
    /// - Throws: `LedgerError` with code `storage`.
    func lastIndex() throws(LedgerError) -> UInt64?
}

/// Stores a ledger.
///
/// **Durability**: when `append` returns, the batch survives a loss of power. **Atomicity**: a crash or an error at any
/// point leaves all of a batch or nothing. **Order**: `append` is exclusive among all processes that share the store, and
/// what one has committed the next one's `build` sees.
///
/// An error may be reported for a batch that was committed all the same, as by a connection that breaks while the commit is
/// answered: the ledger finds that out by the head that the next `build` is given.
package protocol LedgerStorage: LedgerReading {
    /// Commits what `build` makes of the present head, or nothing where it throws.
    ///
    /// Calls block, and come from one thread at a time. `build` is called inside the transaction, and once more for each time
    /// that a store takes a batch back because others were in its way; only what it made last counts. The tiles it may read
    /// are those of the head it is given, which is nil where no ledger was set up.
    ///
    /// - Throws: `LedgerError`: what `build` throws, or `storage` or `storageFull`.
    func append(
        _ build: (_ head: LedgerHead?, _ tiles: TileSource) throws(LedgerError) -> LedgerBatch
    ) throws(LedgerError)
}
