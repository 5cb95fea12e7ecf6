internal import Crypto
internal import Time

/// Verifies a ledger from its first entry to its last, a bundle at a time, wherever the bundles come from.
///
/// What it is fed is not trusted: entries must hash to what the tiles have, the tiles to each other, and all of it to a
/// root that somebody has signed.
package struct LedgerWalk: Sendable {
    private var edge = TreeEdge()
    private var time = UnixTime(milliseconds: 0)
    /// Entries whose contents were removed.
    package private(set) var pruned: UInt64 = 0
    /// One behind the last entry whose contents were removed.
    private var prunedEnd: UInt64 = 0
    /// How far a recorded pruning has reached.
    private var prunable: UInt64 = 0

    /// Makes a walk that stands before the first entry.
    package init() {}

    /// Entries that were walked over.
    package var size: UInt64 { edge.size }

    /// Walks over the entries up to `end`, at most to the end of the present tile of leaves, whose stored hashes are given.
    ///
    /// Returns the tiles above the leaves as computed, which are to be compared with the stored ones.
    ///
    /// - Throws: `LedgerError` that names the first entry that is wrong.
    package mutating func take(
        _ entries: [StoredEntry],
        upTo end: UInt64,
        tile: [UInt8]
    ) throws(LedgerError) -> [Tile] {
        let first = edge.size
        for index in first..<end {
            let place = Int(index - first)
            guard place < entries.count, entries[place].index == index else { throw .missing(index) }
            let (hash, recorded) = try Self.check(entries[place], at: index, against: tile)
            guard recorded >= time else { throw .timeOrder(index, recorded, after: time) }
            time = recorded
            edge.append(hash)
            try note(entries[place])
        }
        return edge.takeChangedTiles().filter { $0.address.level > 0 }
    }

    /// Takes note of what was removed, and of what was allowed to be.
    private mutating func note(_ entry: StoredEntry) throws(LedgerError) {
        guard entry.bytes.first != PrunedLeaf.marker else {
            pruned += 1
            prunedEnd = entry.index + 1
            return
        }
        guard let header = try? LeafHeader(entry.bytes), header.kind == .ledgerPruned else { return }
        let end = try Leaf(bytes: entry.bytes).entry.covered ?? 0
        prunable = max(prunable, min(end, entry.index))
    }

    /// Compares an entry with its hash in a tile of leaves; returns its hash and time.
    @discardableResult
    static func check(
        _ entry: StoredEntry,
        at index: UInt64,
        against tile: [UInt8]
    ) throws(LedgerError) -> (SHA256Digest, UnixTime) {
        guard let recorded = tile.hash(at: Int(index & 255)) else {
            throw .narrow(TileAddress(level: 0, number: index >> 8), tile, Int(index & 255) + 1)
        }
        if let pruned = PrunedLeaf(entry.bytes) {
            guard pruned.hash == recorded else {
                throw .altered(
                    index,
                    seen: "a pruned entry with the hash \(pruned.hash)",
                    wanted: "\(recorded), as the tree has it"
                )
            }
            return (recorded, pruned.time)
        }
        let hash = Merkle.leafHash(entry.bytes)
        guard hash == recorded else {
            throw .altered(index, seen: "an entry with the hash \(hash)", wanted: "\(recorded), as the tree has it")
        }
        do throws(LedgerError) {
            return (hash, try LeafHeader(entry.bytes).time)
        } catch {
            throw .altered(index, seen: error.seen, wanted: error.wanted)
        }
    }

    /// Compares a tile above the leaves, as computed from them, with the stored one.
    ///
    /// - Throws: `LedgerError` that names the first entry under the hash that is wrong.
    package func compare(_ computed: Tile, with stored: [UInt8]) throws(LedgerError) {
        let address = computed.address
        let width = computed.hashes.count / SHA256Digest.byteCount
        guard stored.count >= computed.hashes.count else { throw .narrow(address, stored, width) }
        guard let wrong = (0..<width).first(where: { stored.hash(at: $0) != computed.hashes.hash(at: $0) }) else {
            return
        }
        let first = (address.number << 8 + UInt64(wrong)) << UInt64(8 * address.level)
        throw .altered(
            first,
            seen: "entries from \(first) to \(edge.size - 1), whose hashes lead to another hash",
            wanted: "what tile \(address.level)/\(address.number) has"
        )
    }

    /// Checks that what was walked over is what a checkpoint covers, and that nothing was removed without a record.
    ///
    /// - Throws: `LedgerError`.
    package func finish(at checkpoint: Checkpoint) throws(LedgerError) {
        guard edge.size == checkpoint.size else { throw .missing(min(edge.size, checkpoint.size)) }
        guard edge.root == checkpoint.root else {
            // Entries and hashes agree with each other: all of them were changed, and only the signature was not.
            throw LedgerError(
                .altered,
                seen: "entries with the root \(edge.root)",
                wanted: "\(checkpoint.root), which the checkpoint of size \(checkpoint.size) has",
                remedy: "somebody rewrote the ledger: keep this store as evidence and restore a backup"
            )
        }
        guard prunedEnd <= prunable else {
            throw .altered(
                prunable,
                seen: "entries up to \(prunedEnd - 1) without their contents",
                wanted: "an entry ledger.pruned that says so"
            )
        }
    }

    /// Checks that the head is not older than the last entry.
    func checkTime(of head: LedgerHead) throws(LedgerError) {
        guard time <= head.time else { throw .timeOrder(head.size - 1, head.time, after: time) }
    }
}
