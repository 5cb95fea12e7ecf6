internal import Crypto
internal import Encoding
internal import JSON
package import Ledger
internal import Time

/// Verifies an export in JSON lines, line by line, by the log's key alone.
package struct ExportReader {
    /// The key that it is verified by: the auditor's own, else the export's.
    package private(set) var key: VerifierKey?
    /// Whether the key came from elsewhere than the export.
    package let hasTrustedKey: Bool
    /// Entries so far, and how many of them were pruned.
    package private(set) var entries: UInt64 = 0
    package private(set) var pruned: UInt64 = 0

    private let kept: [[UInt8]]
    /// Checkpoints whose trees the entries that follow must come to have.
    private var awaited: [Checkpoint] = []
    private var checkpoint: Checkpoint?
    /// The tree over all entries so far; nil where the export does not begin with the first.
    private var edge: TreeEdge?
    private var next: UInt64?
    private var end: UInt64 = 0
    private var time = UnixTime(milliseconds: 0)
    private var prunedEnd: UInt64 = 0
    private var prunable: UInt64 = 0
    private var line = 0

    /// Makes a reader that trusts a key, or with nil the one that the export names, and wants the ledger to begin with what
    /// some signed notes cover that were kept from before.
    package init(_ key: VerifierKey?, beginningWith kept: [[UInt8]] = []) {
        self.key = key
        self.kept = kept
        hasTrustedKey = key != nil
    }

    /// Verifies a line.
    ///
    /// - Throws: `AuditError` with code `unproved` that names the first entry that is wrong.
    package mutating func take(_ bytes: [UInt8]) throws(AuditError) {
        line += 1
        guard let json = try? JSON.parse(bytes, limits: JSONLimits(bytes: 1 << 21, depth: 64)) else {
            throw wrong("line \(line) is no JSON")
        }
        if json["checkpoint"] != nil { return try takeCheckpoint(json) }
        guard let checkpoint, let next else { throw wrong("the first line has no checkpoint") }
        guard let index = json["index"]?.asInteger.flatMap({ UInt64(exactly: $0) }) else {
            throw wrong("line \(line) has no index")
        }
        guard index == next else {
            throw wrong("entry \(next) is missing: behind it comes \(index), in line \(line)")
        }
        let stored = try entry(json, index)
        let isProved = MerkleProof.verifyInclusion(
            of: stored.hash,
            at: index,
            size: checkpoint.size,
            path: try path(json["proof"], index),
            root: checkpoint.root
        )
        guard isProved else { throw wrong("entry \(index) is not the one that the checkpoint covers") }
        guard let recorded = stored.time else { throw wrong("entry \(index) cannot be read") }
        guard recorded >= time else { throw wrong("entry \(index) is older than the one before it") }
        time = recorded
        try note(stored)
        edge?.append(stored.hash)
        entries += 1
        self.next = index + 1
        try compare()
    }

    /// Ends the export, and answers the checkpoint that it was verified against.
    ///
    /// - Throws: `AuditError` with code `unproved` where something is missing at its end.
    package func finish() throws(AuditError) -> Checkpoint {
        guard let checkpoint, let next else { throw wrong("it is empty: there is no checkpoint") }
        guard next >= end else {
            throw wrong("entry \(next) is missing: it was to reach up to \(end), and was cut short")
        }
        if let late = awaited.first {
            throw wrong(
                "it ends before entry \(late.size - 1), up to which it is to be compared with an earlier checkpoint"
            )
        }
        // Where the export ends before the entry that says what was pruned, nothing can be said about it.
        guard next < checkpoint.size || prunedEnd <= prunable else {
            throw wrong("entry \(prunable) has lost its contents, and no ledger.pruned says so")
        }
        return checkpoint
    }

    /// Takes the line that an export begins with, goes on with after a pause, or follows the ledger with.
    private mutating func takeCheckpoint(_ json: JSON) throws(AuditError) {
        let newer = try signed(Array((json["checkpoint"]?.asString ?? "").utf8), keyed: json["key"]?.asString)
        let first = json["first"]?.asInteger.flatMap { UInt64(exactly: $0) }
        if let checkpoint {
            guard first == nil || first == next else {
                throw wrong("entry \(next ?? 0) is missing: behind it comes \(first ?? 0), in line \(line)")
            }
            try goOn(from: checkpoint, to: newer, json["consistency"])
        } else {
            guard let first else { throw wrong("the first line does not say with which entry it begins") }
            next = first
            if first == 0 { edge = TreeEdge() }
            try expect(kept, under: newer)
        }
        end = max(end, json["end"]?.asInteger.flatMap { UInt64(exactly: $0) } ?? newer.size)
        checkpoint = newer
        try compare()
    }

    /// Wants the tree to have been, at its size, what each kept note says.
    private mutating func expect(_ kept: [[UInt8]], under newest: Checkpoint) throws(AuditError) {
        for note in kept {
            let earlier = try signed(note, keyed: nil)
            guard edge != nil else {
                throw wrong("it does not begin with entry 0, so that no earlier checkpoint can be compared with it")
            }
            guard earlier.size <= newest.size else {
                throw wrong(
                    "its checkpoint has \(newest.size) entries, and the earlier one \(earlier.size): the ledger was cut short"
                )
            }
            awaited.append(earlier)
        }
        awaited.sort { $0.size < $1.size }
    }

    /// Goes on under a newer checkpoint, which must begin with the older: by a proof, or by the entries themselves.
    private mutating func goOn(from older: Checkpoint, to newer: Checkpoint, _ proof: JSON?) throws(AuditError) {
        guard newer != older else { return }
        if proof == nil, edge != nil {
            awaited.append(older)
            awaited.sort { $0.size < $1.size }
            return
        }
        let isProved = MerkleProof.verifyConsistency(
            from: (older.size, older.root),
            to: (newer.size, newer.root),
            path: try path(proof, older.size)
        )
        guard isProved else {
            throw wrong("the checkpoint of size \(newer.size) does not begin with that of size \(older.size)")
        }
    }

    /// Compares the tree so far with the checkpoints of its size.
    private mutating func compare() throws(AuditError) {
        while let earlier = awaited.first, let edge, earlier.size <= edge.size {
            guard earlier.size == edge.size, earlier.root == edge.root else {
                throw wrong("its first \(earlier.size) entries are not those that an earlier checkpoint covers")
            }
            awaited.removeFirst()
        }
    }

    private mutating func signed(_ note: [UInt8], keyed text: String?) throws(AuditError) -> Checkpoint {
        do throws(LedgerError) {
            let known: VerifierKey
            if let key { known = key } else { known = try VerifierKey(text ?? "") }
            key = known
            return try Checkpoint(note: note, verifiedBy: known)
        } catch {
            throw AuditError(.unproved, "\(error)")
        }
    }

    private func entry(_ json: JSON, _ index: UInt64) throws(AuditError) -> StoredEntry {
        if let text = json["leaf"]?.asString {
            guard let bytes = try? Base64.decode(text) else { throw wrong("the leaf of entry \(index) is no base64") }
            let stored = StoredEntry(index: index, bytes: bytes)
            guard PrunedLeaf(bytes) == nil else {
                throw wrong("entry \(index) has lost its contents, and does not say so")
            }
            // What a person reads in the export must be what the leaf says, which is proved.
            guard let view = try? EntryView(stored), view.json == json["entry"] else {
                throw wrong("entry \(index) says something else than its leaf")
            }
            return stored
        }
        guard let hash = json["entry"]?["leaf_hash"]?.asString, let digest = try? SHA256Digest(hex: hash),
            let kind = EntryKind(rawValue: json["entry"]?["kind"]?.asString ?? ""),
            let outcome = Outcome(rawValue: json["entry"]?["outcome"]?.asString ?? ""),
            let time = try? RFC3339.parse(json["entry"]?["time"]?.asString ?? "")
        else { throw wrong("entry \(index) has neither a leaf nor what is left of a pruned one") }
        let left = PrunedLeaf(hash: digest, time: time, kind: kind, outcome: outcome)
        return StoredEntry(index: index, bytes: left.bytes)
    }

    private mutating func note(_ stored: StoredEntry) throws(AuditError) {
        if PrunedLeaf(stored.bytes) != nil {
            pruned += 1
            prunedEnd = stored.index + 1
        } else if let entry = try? Leaf(bytes: stored.bytes).entry, entry.kind == .ledgerPruned {
            prunable = max(prunable, min(entry.covered ?? 0, stored.index))
        }
    }

    private func path(_ json: JSON?, _ index: UInt64) throws(AuditError) -> [SHA256Digest] {
        var path: [SHA256Digest] = []
        for element in json?.asArray ?? [] {
            guard let bytes = try? Base64.decode(element.asString ?? ""), let hash = SHA256Digest(bytes: bytes) else {
                throw wrong("the proof at \(index) is no list of hashes")
            }
            path.append(hash)
        }
        return path
    }

    private func wrong(_ reason: String) -> AuditError { AuditError(.unproved, "export: \(reason)") }
}
