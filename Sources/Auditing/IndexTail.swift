internal import Ledger
internal import Locks

/// The keys of the newest entries, which the index has not come to: each entry is parsed once, and not by every search.
///
/// What it names is read and compared again by whoever searches, as with the index itself.
final class IndexTail: Sendable {
    /// How many entries it holds at most: some times what is indexed as one, so that it also serves while the index is behind.
    static let limit = 4 * IndexSegment.spans[0]

    private struct State {
        var first: UInt64 = 0
        /// By position from `first`; nil where the entry was missing or could not be read.
        var keys: [[IndexKey]?] = []

        var end: UInt64 { first + UInt64(keys.count) }
    }

    private let state = Lock(State())

    /// The entries that may have all of some keys, and those that could not be read, ascending; nil where there are more entries
    /// than it holds, which are better looked at newest first.
    ///
    /// - Throws: `LedgerError` with code `storage`.
    func positions(
        of keys: [IndexKey],
        from indexed: UInt64,
        below end: UInt64,
        in ledger: any LedgerReading
    ) throws(LedgerError) -> [UInt64]? {
        guard end > indexed else { return [] }
        guard end - indexed <= Self.limit else { return nil }
        return try state.withLock { state throws(LedgerError) in
            try Self.extend(&state, from: indexed, to: end, in: ledger)
            return (indexed..<end).filter { position in
                guard let found = state.keys[Int(position - state.first)] else { return true }
                return keys.allSatisfy(found.contains)
            }
        }
    }

    /// Forgets what was indexed meanwhile, and reads what has arrived.
    private static func extend(
        _ state: inout State,
        from indexed: UInt64,
        to end: UInt64,
        in ledger: any LedgerReading
    ) throws(LedgerError) {
        if (state.first...state.end).contains(indexed) {
            state.keys.removeFirst(Int(indexed - state.first))
            state.first = indexed
        } else {
            state = State(first: indexed)
        }
        while state.end < end {
            let chunk = state.end..<min(end, state.end + 256)
            var keys = [[IndexKey]?](repeating: nil, count: chunk.count)
            for stored in try ledger.entries(in: chunk) {
                keys[Int(stored.index - chunk.lowerBound)] = EntryKeys(stored.bytes)?.keys
            }
            state.keys += keys
        }
    }
}
