internal import Crypto
internal import Encoding
package import JSON
package import Ledger
internal import Time

/// Answers an auditor's questions out of a stored ledger.
///
/// Calls block: they belong on a `WorkerThread`, never on an event loop.
package struct AuditLog: Sendable {
    /// How many entries one call looks at before it gives back what it has, with where to go on: some 100 ms of work.
    package static let scanned: UInt64 = 10_000

    /// Where the entries are, for whoever reads all of them.
    package let storage: any LedgerReading

    /// Makes an audit log of a store's ledger.
    package init(storage: any LedgerReading) { self.storage = storage }

    /// The newest entries that match a query, with where to go on.
    ///
    /// Pages stay as they are while entries arrive, since those have higher indexes than the first page's. A page may be short
    /// or empty and still have a `next`, where a call has looked at as many entries as it may.
    ///
    /// - Throws: `AuditError` with code `storage`.
    package func entries(matching query: AuditQuery) throws(AuditError) -> AuditPage {
        do throws(LedgerError) {
            var bounds = try range(of: query)
            let lowest = max(bounds.lowerBound, bounds.upperBound - min(bounds.upperBound, Self.scanned))
            var found: [AuditRecord] = []
            while bounds.upperBound > lowest, found.count < query.limit {
                let chunk = max(lowest, bounds.upperBound - min(bounds.upperBound, 256))..<bounds.upperBound
                let stored = try storage.entries(in: chunk)
                var present = stored[...]
                for index in chunk.reversed() where found.count < query.limit {
                    bounds = bounds.lowerBound..<index
                    let entry = present.last?.index == index ? present.popLast() : nil
                    if let record = AuditRecord(index, entry, matching: query) { found.append(record) }
                }
            }
            return AuditPage(records: found, next: bounds.isEmpty ? nil : bounds.upperBound)
        } catch {
            throw AuditError(error)
        }
    }

    /// One entry, with the proof that the present checkpoint covers it.
    ///
    /// - Throws: `AuditError` with code `notFound` where there is no such entry, `unproved` where its hashes are missing, else
    ///   `storage`.
    package func entry(at index: UInt64) throws(AuditError) -> AuditedEntry {
        let head = try reading { storage throws(LedgerError) in try storage.head() }
        guard let head, index < head.size else { throw AuditError(.notFound, "there is no entry \(index)") }
        let stored = try reading { storage throws(LedgerError) in try storage.entries(in: index..<index + 1).first }
        guard let stored else {
            let reason =
                "entry \(index) is missing from the store, though the checkpoint of size \(head.size) covers it"
            throw AuditError(.unproved, reason)
        }
        let proof = try reading { storage throws(LedgerError) in
            try MerkleProver(size: head.size) { address throws(LedgerError) in try storage.tile(address) }
                .inclusion(of: index)
        }
        return AuditedEntry(stored: stored, proof: proof, checkpoint: head.checkpoint)
    }

    private func reading<Answer>(
        _ calls: (any LedgerReading) throws(LedgerError) -> Answer
    ) throws(AuditError) -> Answer {
        do throws(LedgerError) {
            return try calls(storage)
        } catch {
            throw AuditError(error)
        }
    }

    /// The indexes that a query's times and cursor leave.
    private func range(of query: AuditQuery) throws(LedgerError) -> Range<UInt64> {
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
            let header = entry.flatMap { try? LeafHeader($0.bytes) }
            if header.map({ $0.time >= time }) ?? isReached { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// One page of an answer, the newest entry first.
package struct AuditPage: Sendable {
    package let records: [AuditRecord]
    /// The `cursor` of the next page; nil where there is none.
    package let next: UInt64?

    /// The page under the names of the contract.
    package var json: JSON {
        [
            "entries": .array(records.map(\.json)),
            "next": next.map { .string(String($0)) } ?? .null,
        ]
    }
}

/// An entry of a page; one that cannot be read is there too, whatever was asked: an auditor must see that it is not there.
package enum AuditRecord: Sendable {
    case entry(EntryView)
    case unreadable(index: UInt64, reason: String)

    /// The record of an index, where its entry matches a query.
    fileprivate init?(_ index: UInt64, _ stored: StoredEntry?, matching query: AuditQuery) {
        guard let stored else {
            self = .unreadable(index: index, reason: "the entry is missing from the store")
            return
        }
        do throws(LedgerError) {
            guard query.mayMatch(try LeafHeader(stored.bytes)) else { return nil }
            let view = try EntryView(stored)
            guard query.matches(view) else { return nil }
            self = .entry(view)
        } catch {
            self = .unreadable(index: index, reason: "\(error)")
        }
    }

    /// The record under the names of the contract.
    package var json: JSON {
        switch self {
        case .entry(let view): view.json
        case .unreadable(let index, let reason): ["index": .integer(Int64(clamping: index)), "error": .string(reason)]
        }
    }
}
