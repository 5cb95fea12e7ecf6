package import Ledger

extension AuditIndex {
    /// Compares all that is indexed and counted with the entries themselves; returns how many entries that is.
    ///
    /// Nothing that is read here is trusted but the entries, which the ledger's own verification has to prove. A broker may go
    /// on indexing meanwhile.
    ///
    /// - Throws: `LedgerError` with code `altered` and the first entry that the index hides or shows wrongly, else `storage`.
    package func verify() throws(LedgerError) -> UInt64 {
        var (state, tallies) = try snapshot()
        try check(state)
        let span = IndexSegment.spans[0]
        var counted = Tallies()
        var postings: [Posting] = []
        /// Where the last long stretch ended, to which the comparison goes back when the short ones behind it become another.
        var mark = (position: UInt64(0), counted: counted)
        var position: UInt64 = 0
        while position < state.size {
            let short = IndexSegment(level: 0, number: position / span)
            let (found, more) = try read(short)
            counted.add(more)
            let segment = IndexSegment(holding: position, of: state.size)
            position = short.end
            if segment.level == 0 {
                guard try difference(of: short, found) != nil else { continue }
                let now = try storage.state()
                guard IndexSegment(holding: short.first, of: now.size).level == 1 else {
                    throw try damage(short, found)
                }
                (state, tallies) = try snapshot()
                (position, counted) = mark
                postings = []
            } else {
                postings += found.map { $0.shifted(by: Int(short.first - segment.first)) }
                guard position == segment.end else { continue }
                if try difference(of: segment, postings) != nil { throw try damage(segment, postings) }
                postings.removeAll(keepingCapacity: true)
                mark = (position, counted)
            }
        }
        guard counted == tallies else { throw Self.wrong(nil, "counts that differ from those of the entries") }
        return state.size
    }

    /// How far the index has come, and what it has counted up to there.
    private func snapshot() throws(LedgerError) -> (IndexState, Tallies) {
        while true {
            let state = try storage.state()
            let tallies = try storage.tallies(days: 0..<Self.everyDay)
            if try storage.state() == state { return (state, tallies) }
        }
    }

    private static let everyDay: Int64 = 1 << 40

    private func check(_ state: IndexState) throws(LedgerError) {
        let size = try ledger.head()?.size ?? 0
        guard state.size <= size, state.size.isMultiple(of: IndexSegment.spans[0]) else {
            throw Self.wrong(size, "an index of \(state.size) entries")
        }
        let last = state.size == 0 ? [] : try hash(of: state.size - 1)
        guard last == state.last else {
            throw Self.wrong(state.size - 1, "an index of another ledger")
        }
    }

    /// The first place of a segment at which its rows are not those of its entries; nil where all of them are.
    private func difference(of segment: IndexSegment, _ postings: [Posting]) throws(LedgerError) -> Int? {
        let wanted = IndexRow.rows(of: segment, postings)
        let stored = try storage.rows(in: segment.rows)
        guard wanted != stored else { return nil }
        var seen: Set<Posting> = []
        for row in stored {
            // A row that cannot be read hides all that should be in it, and one in another's place answers for nothing.
            let found = row.postings(span: segment.span, shiftedBy: 0) ?? []
            seen.formUnion(found.filter { segment.row($0.field, $0.hash) == row.key })
        }
        return Set(postings).symmetricDifference(seen).map(\.place).min() ?? 0
    }

    private func damage(_ segment: IndexSegment, _ postings: [Posting]) throws(LedgerError) -> LedgerError {
        let place = try difference(of: segment, postings) ?? 0
        return Self.wrong(
            segment.first + UInt64(place),
            "an index that hides it from a search, or finds it where it is not"
        )
    }

    private static func wrong(_ index: UInt64?, _ seen: String) -> LedgerError {
        LedgerError(
            .altered,
            index: index,
            seen: seen,
            wanted: "the index that the entries have",
            remedy:
                "somebody changed the store's file that ends in .index: keep it as evidence; once removed, it is made again"
        )
    }
}
