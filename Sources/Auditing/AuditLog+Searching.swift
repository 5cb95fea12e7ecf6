internal import Ledger
internal import Time

extension AuditLog {
    /// The newest entries that match a query, with where to go on.
    ///
    /// Pages stay as they are while entries arrive, since those have higher indexes than the first page's. A page may be short
    /// or empty and still have a `next`, where a call has looked at as many entries as it may.
    ///
    /// - Throws: `AuditError` with code `storage`.
    package func entries(matching query: AuditQuery) throws(AuditError) -> AuditPage {
        do throws(LedgerError) {
            let keys = query.keys
            var search = Search(query: query, keys: keys, bounds: try range(of: query))
            while true {
                guard let index, !keys.isEmpty else {
                    try look(&search, downTo: 0)
                    break
                }
                let indexed = try index.storage.state().size
                try findNewest(&search, keys, in: index, from: indexed)
                guard search.bounds.upperBound <= indexed else { break }
                let before = search
                try find(&search, keys, in: index, of: indexed)
                // Where short stretches were merged meanwhile, rows may have gone before they were read.
                let now = try index.storage.state().size
                if now / IndexSegment.spans[1] == indexed / IndexSegment.spans[1] { break }
                search = before
            }
            return AuditPage(records: search.found, next: search.bounds.isEmpty ? nil : search.bounds.upperBound)
        } catch {
            throw AuditError(error)
        }
    }

    /// A search under way.
    private struct Search {
        let query: AuditQuery
        let keys: [IndexKey]
        /// What has not been looked at.
        var bounds: Range<UInt64>
        var found: [AuditRecord] = []
        /// How many entries may still be looked at.
        var left = AuditLog.scanned

        var isOver: Bool { bounds.isEmpty || found.count >= query.limit || left == 0 }

        mutating func take(_ position: UInt64, _ stored: StoredEntry?) {
            bounds = bounds.lowerBound..<position
            left -= 1
            // Most entries are not meant, which their keys tell at a tenth of what it takes to read them.
            if let stored, !keys.isEmpty, let entry = EntryKeys(stored.bytes), !keys.allSatisfy(entry.keys.contains) {
                return
            }
            if let record = AuditRecord(position, stored, matching: query) { found.append(record) }
        }
    }

    /// Looks at entry after entry, down to one.
    private func look(_ search: inout Search, downTo lowest: UInt64) throws(LedgerError) {
        while !search.isOver, search.bounds.upperBound > lowest {
            let upper = search.bounds.upperBound
            let size = min(256, search.left)
            let chunk = max(lowest, search.bounds.lowerBound, upper - min(upper, size))..<upper
            let stored = try storage.entries(in: chunk)
            var present = stored[...]
            for position in chunk.reversed() where !search.isOver {
                search.take(position, present.last?.index == position ? present.popLast() : nil)
            }
        }
    }

    /// Looks at the entries that the index has not come to, of which most are told by their keys in memory.
    private func findNewest(
        _ search: inout Search,
        _ keys: [IndexKey],
        in index: AuditIndex,
        from indexed: UInt64
    ) throws(LedgerError) {
        let end = search.bounds.upperBound
        guard let positions = try index.tail.positions(of: keys, from: indexed, below: end, in: storage) else {
            return try look(&search, downTo: indexed)
        }
        for position in positions.reversed() where !search.isOver && position >= search.bounds.lowerBound {
            search.take(position, try storage.entries(in: position..<position + 1).first)
        }
        if !search.isOver {
            search.bounds = search.bounds.lowerBound..<min(end, max(indexed, search.bounds.lowerBound))
        }
    }

    /// Looks at the entries that the index names.
    private func find(
        _ search: inout Search,
        _ keys: [IndexKey],
        in index: AuditIndex,
        of indexed: UInt64
    ) throws(LedgerError) {
        while !search.isOver {
            let segment = IndexSegment(holding: search.bounds.upperBound - 1, of: indexed)
            let places = try index.places(of: keys, in: segment)
            var below = Int(search.bounds.upperBound - segment.first)
            let lowest = max(segment.first, search.bounds.lowerBound)
            while !search.isOver, let place = places.last(below: below), segment.first + UInt64(place) >= lowest {
                let position = segment.first + UInt64(place)
                search.take(position, try storage.entries(in: position..<position + 1).first)
                below = place
            }
            if !search.isOver { search.bounds = search.bounds.lowerBound..<lowest }
        }
    }

    /// The indexes that a query's times and cursor leave.
    func range(of query: AuditQuery) throws(LedgerError) -> Range<UInt64> {
        let size = try storage.head()?.size ?? 0
        var upper = min(size, query.cursor ?? size)
        if let until = query.until { upper = min(upper, try first(notBefore: until, below: size, unreadable: false)) }
        guard let since = query.since else { return 0..<upper }
        return min(upper, try first(notBefore: since, below: size, unreadable: true))..<upper
    }

    /// The first index whose entry was recorded at a time or later; times never decrease, so it is found by halving.
    ///
    /// An entry that cannot be read is taken for one that `isReached` says, so that the search takes in more rather than less.
    private func first(
        notBefore time: UnixTime,
        below size: UInt64,
        unreadable isReached: Bool
    ) throws(LedgerError) -> UInt64 {
        var low: UInt64 = 0
        var high = size
        while low < high {
            let middle = low + (high - low) / 2
            let entry = try storage.entries(in: middle..<middle + 1).first
            if entry?.time.map({ $0 >= time }) ?? isReached { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
