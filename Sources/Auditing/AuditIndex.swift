package import Ledger

/// Keeps an index of a ledger up to date, and finds entries by it.
///
/// Calls block. Nothing waits for the index: entries behind it are found by their keys in memory until it has come to them.
package struct AuditIndex: Sendable {
    let storage: any IndexStorage
    let ledger: any LedgerReading
    let tail = IndexTail()

    /// Makes an index of a ledger.
    package init(storage: any IndexStorage, of ledger: any LedgerReading) {
        self.storage = storage
        self.ledger = ledger
    }

    /// Begins anew where the ledger is not the one that was indexed, as when a backup was put in its place.
    ///
    /// - Throws: `LedgerError` with code `storage`.
    package func check() throws(LedgerError) {
        let state = try storage.state()
        guard state.size > 0, try hash(of: state.size - 1) != state.last else { return }
        try storage.clear()
    }

    /// Has the system hold the index in memory, so that a first question is answered as fast as a second.
    package func readAhead() { storage.readAhead() }

    /// Indexes the next stretch of entries, if there are enough for one; answers whether there were.
    ///
    /// - Throws: `LedgerError` with code `storage` or `storageFull`.
    package func advance() throws(LedgerError) -> Bool {
        let before = try storage.state()
        let segment = IndexSegment(level: 0, number: before.size / IndexSegment.spans[0])
        guard let head = try ledger.head(), segment.end <= head.size else { return false }
        let (postings, tallies) = try read(segment)
        var rows = IndexRow.rows(of: segment, postings)
        var outdated: [Range<Int64>] = []
        if segment.end.isMultiple(of: IndexSegment.spans[1]) {
            (rows, outdated) = try merged(
                into: IndexSegment(level: 1, number: segment.first / IndexSegment.spans[1]),
                postings
            )
        }
        let after = IndexState(size: segment.end, last: try hash(of: segment.end - 1))
        _ = try storage.apply(
            IndexChange(before: before, after: after, rows: rows, outdated: outdated, tallies: tallies)
        )
        return true
    }

    /// The postings of a segment's entries, read from the entries themselves, and what is counted of them.
    func read(_ segment: IndexSegment) throws(LedgerError) -> ([Posting], Tallies) {
        var postings: [Posting] = []
        var tallies = Tallies()
        postings.reserveCapacity(Int(segment.span) * 16)
        var place = 0
        for first in stride(from: segment.first, to: segment.end, by: 2_048) {
            for stored in try ledger.entries(in: first..<first + 2_048) {
                let here = Int(stored.index - segment.first)
                for missing in place..<max(place, here) { postings.append(Posting(.unreadable, at: missing)) }
                place = here + 1
                guard let entry = EntryKeys(stored.bytes) else {
                    postings.append(Posting(.unreadable, at: here))
                    continue
                }
                tallies.count(entry)
                for key in entry.keys { postings.append(Posting(key, at: here)) }
            }
        }
        for missing in place..<Int(segment.span) { postings.append(Posting(.unreadable, at: missing)) }
        return (postings, tallies)
    }

    /// The rows of a long segment, out of those of the short ones in it and the postings of the last, and what they replace.
    private func merged(
        into long: IndexSegment,
        _ last: [Posting]
    ) throws(LedgerError) -> ([IndexRow], [Range<Int64>]) {
        let span = IndexSegment.spans[0]
        let count = long.span / span
        let shift = Int((count - 1) * span)
        var postings = last.map { $0.shifted(by: shift) }
        for number in 0..<count - 1 {
            let short = IndexSegment(level: 0, number: long.number * count + number)
            for row in try storage.rows(in: short.rows) {
                guard let found = row.postings(span: span, shiftedBy: Int(number * span)) else {
                    try storage.clear()
                    throw .damagedIndex
                }
                postings += found
            }
        }
        let first = IndexSegment(level: 0, number: long.number * count).rows.lowerBound
        let end = IndexSegment(level: 0, number: (long.number + 1) * count).rows.lowerBound
        return (IndexRow.rows(of: long, postings), [first..<end])
    }

    /// The places of a segment's entries that may have all of some keys, and of those that could not be read.
    func places(of keys: [IndexKey], in segment: IndexSegment) throws(LedgerError) -> PlaceSet {
        var found: PlaceSet?
        for key in keys {
            let set = try places(of: key, in: segment)
            if found == nil { found = set } else { found?.formIntersection(set) }
            if found?.isEmpty == true { break }
        }
        var places = found ?? PlaceSet(span: segment.span)
        places.formUnion(try self.places(of: .unreadable, in: segment))
        return places
    }

    private func places(of key: IndexKey, in segment: IndexSegment) throws(LedgerError) -> PlaceSet {
        guard let row = try storage.row(segment.row(UInt64(key.field.rawValue), key.hash)) else {
            return PlaceSet(span: segment.span)
        }
        guard let places = row.places(of: key.hash, in: segment) else { throw .damagedIndex }
        return places
    }

    /// The hash of an entry, as the tree has it; empty where the tree has none.
    func hash(of position: UInt64) throws(LedgerError) -> [UInt8] {
        let tile = try ledger.tile(TileAddress(level: 0, number: position >> 8)) ?? []
        let start = Int(position & 255) * 32
        return start + 32 <= tile.count ? Array(tile[start..<start + 32]) : []
    }
}

extension LedgerError {
    static let damagedIndex = LedgerError(
        .storage,
        seen: "a damaged index",
        wanted: "the rows that were written",
        remedy: "remove the store's file that ends in .index; it is made again"
    )
}
