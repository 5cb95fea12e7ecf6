internal import Crypto
internal import Encoding
package import Time

/// A store whose entries can be replaced by what is left of them.
package protocol LedgerPruning: LedgerReading {
    /// Replaces the bytes of entries, all of them or none, so that the old ones cannot be read from the store again.
    ///
    /// - Throws: `LedgerError` with code `storage` or `storageFull`.
    func replace(_ entries: [StoredEntry]) throws(LedgerError)

    /// Sees to it that what was replaced is not left in the store's own logs or unused space, as far as the store can.
    ///
    /// - Throws: `LedgerError` with code `storage`; what was replaced stays so.
    func finishReplacing() throws(LedgerError)
}

/// Removes the contents of the oldest entries after their retention, and keeps their hashes.
///
/// The removal is recorded before it begins, so that nobody can remove anything unseen: an entry without its contents which
/// no `ledger.pruned` covers is evidence of tampering.
package struct LedgerPruner: Sendable {
    private let storage: any LedgerPruning

    /// Makes a pruner of a store's ledger.
    package init(storage: any LedgerPruning) { self.storage = storage }

    /// How many entries would go: those older than a time, in whole bundles, and never the last one.
    ///
    /// - Throws: `LedgerError` with code `storage`.
    package func reach(before moment: UnixTime) throws(LedgerError) -> UInt64 {
        var low: UInt64 = 0
        var high = (try storage.head()?.size ?? 0)
        high = high == 0 ? 0 : high - 1
        while low < high {
            let middle = low + (high - low) / 2
            let time = try storage.entries(in: middle..<middle + 1).first?.time
            if let time, time < moment { low = middle + 1 } else { high = middle }
        }
        return low - low % UInt64(TileAddress.width)
    }

    /// The entries about keys that would go, which are to be recorded anew first: old tokens are checked by them.
    ///
    /// - Throws: `LedgerError` with code `storage`.
    package func keyEntries(below end: UInt64) throws(LedgerError) -> [Entry] {
        var found: [Entry] = []
        try visit(below: end) { stored throws(LedgerError) in
            guard let header = try? LeafHeader(stored.bytes), header.kind == .keyChanged,
                let entry = try? Leaf(bytes: stored.bytes).entry, entry.claims != nil,
                !found.contains(where: { $0.kid == entry.kid })
            else { return }
            found.append(entry)
        }
        return found
    }

    /// Removes the contents of the entries below an index, once that has been recorded; answers how many still had them.
    ///
    /// - Throws: `LedgerError` with code `storage` or `storageFull`; what was not reached can be removed by another call.
    package func prune(below end: UInt64, recordedAs receipt: Receipt) throws(LedgerError) -> UInt64 {
        guard receipt.index >= end else { return 0 }
        var batch: [StoredEntry] = []
        var count: UInt64 = 0
        var first: UInt64 = 0
        while first < end {
            let next = min(end, first + 4_096)
            batch.removeAll(keepingCapacity: true)
            for stored in try storage.entries(in: first..<next) {
                guard let left = PrunedLeaf(removing: stored.bytes) else { continue }
                batch.append(StoredEntry(index: stored.index, bytes: left.bytes))
            }
            if !batch.isEmpty { try storage.replace(batch) }
            count += UInt64(batch.count)
            first = next
        }
        // Also where nothing was left to remove: a call before this one may have ended here.
        try storage.finishReplacing()
        return count
    }

    private func visit(
        below end: UInt64,
        _ body: (StoredEntry) throws(LedgerError) -> Void
    ) throws(LedgerError) {
        var first: UInt64 = 0
        while first < end {
            let next = min(end, first + 4_096)
            for stored in try storage.entries(in: first..<next) { try body(stored) }
            first = next
        }
    }
}
