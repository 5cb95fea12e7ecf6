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
    let index: AuditIndex?

    /// Makes an audit log of a store's ledger; without an index, every search looks at entry after entry.
    package init(storage: any LedgerReading, index: AuditIndex? = nil) {
        self.storage = storage
        self.index = index
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

    func reading<Answer>(
        _ calls: (any LedgerReading) throws(LedgerError) -> Answer
    ) throws(AuditError) -> Answer {
        do throws(LedgerError) {
            return try calls(storage)
        } catch {
            throw AuditError(error)
        }
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
    /// Its contents were removed; time, kind and outcome are left.
    case pruned(index: UInt64, PrunedLeaf)
    case unreadable(index: UInt64, reason: String)

    /// The record of an index, where its entry matches a query.
    init?(_ index: UInt64, _ stored: StoredEntry?, matching query: AuditQuery) {
        guard let stored else {
            self = .unreadable(index: index, reason: "the entry is missing from the store")
            return
        }
        if let left = PrunedLeaf(stored.bytes) {
            guard query.matches(left) else { return nil }
            self = .pruned(index: index, left)
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
        case .pruned(let index, let left): left.json(at: index)
        case .unreadable(let index, let reason): ["index": .integer(Int64(clamping: index)), "error": .string(reason)]
        }
    }
}

extension PrunedLeaf {
    /// What is left, under the names of the contract.
    package func json(at index: UInt64) -> JSON {
        [
            "index": .integer(Int64(clamping: index)), "time": .string(RFC3339.format(time)),
            "kind": .string(kind.rawValue), "outcome": .string(outcome.rawValue), "pruned": true,
            "leaf_hash": .string(hash.hex),
        ]
    }
}
