internal import Crypto
internal import Time

/// Verifies a stored ledger as an outsider would who has its verifier key and nothing else.
///
/// Calls block. The store is not trusted: whatever it gives must hash to what the key has signed. One thing no look at the
/// store alone can show: that a whole older copy was put in its place, since that agrees with its own checkpoint. Whoever
/// kept a later checkpoint can tell, by its size or by a consistency proof.
package struct LedgerVerifier: Sendable {
    private let storage: any LedgerReading
    private let key: VerifierKey

    /// Makes a verifier of a store's ledger.
    package init(storage: any LedgerReading, key: VerifierKey) {
        self.storage = storage
        self.key = key
    }

    /// Verifies everything that the present checkpoint covers: signature, every entry, every tile, their order and the root.
    ///
    /// Returns the verified checkpoint.
    ///
    /// - Throws: `LedgerError` that names the first entry that is wrong.
    package func verify() throws(LedgerError) -> Checkpoint {
        let (head, _) = try readHead()
        try verify(head)
        return try Checkpoint(note: head.checkpoint, verifiedBy: key)
    }

    /// Reads the head and the edge of its tree, whose root must be the one that is signed.
    func readHead() throws(LedgerError) -> (head: LedgerHead, edge: TreeEdge) {
        try LedgerCheck.edge(of: try storage.head(), tiles: tiles, key: key)
    }

    /// Walks over all entries that a head covers.
    func verify(_ head: LedgerHead) throws(LedgerError) {
        var edge = TreeEdge()
        var time = UnixTime(milliseconds: 0)
        while edge.size < head.size {
            let first = edge.size
            let end = min(first + UInt64(TileAddress.width), head.size)
            let tile = try storage.tile(TileAddress(level: 0, number: first >> 8)) ?? []
            let entries = try storage.entries(in: first..<end)
            for index in first..<end {
                let place = Int(index - first)
                guard place < entries.count, entries[place].index == index else { throw .missing(index) }
                let (hash, recorded) = try check(entries[place], at: index, against: tile)
                guard recorded >= time else { throw .timeOrder(index, recorded, after: time) }
                time = recorded
                edge.append(hash)
            }
            for tile in edge.takeChangedTiles() where tile.address.level > 0 { try check(tile, under: end) }
        }
        let checkpoint = try Checkpoint(note: head.checkpoint, verifiedBy: key)
        guard edge.root == checkpoint.root else {
            // Entries and hashes agree with each other: all of them were changed, and only the signature was not.
            throw LedgerError(
                .altered,
                seen: "entries with the root \(edge.root)",
                wanted: "\(checkpoint.root), which the checkpoint of size \(checkpoint.size) has",
                remedy: "somebody rewrote the ledger: keep this store as evidence and restore a backup"
            )
        }
        guard time <= head.time else { throw .timeOrder(head.size - 1, head.time, after: time) }
        try checkEnd(head)
    }

    /// Checks that the last entry is as it was recorded, and that none stands behind it.
    func checkEnd(_ head: LedgerHead) throws(LedgerError) {
        if head.size > 0 {
            let last = head.size - 1
            guard let entry = try storage.entries(in: last..<head.size).first else { throw .missing(last) }
            let tile = try storage.tile(TileAddress(level: 0, number: last >> 8)) ?? []
            try check(entry, at: last, against: tile)
        }
        guard let stray = try storage.entries(in: head.size..<head.size + 1).first else { return }
        // Others may have appended since; an entry is committed together with the head that covers it.
        guard let present = try storage.head(), present.size <= stray.index else { return }
        throw LedgerError(
            .longer,
            index: stray.index,
            seen: "an entry that no checkpoint covers",
            wanted: "\(head.size) entries",
            remedy: "somebody added it: keep this store as evidence and restore a backup"
        )
    }

    /// Compares an entry with its hash in the tile; returns its hash and time.
    @discardableResult
    private func check(
        _ entry: StoredEntry,
        at index: UInt64,
        against tile: [UInt8]
    ) throws(LedgerError) -> (SHA256Digest, UnixTime) {
        let hash = Merkle.leafHash(entry.bytes)
        guard let recorded = tile.hash(at: Int(index & 255)) else {
            throw .narrow(TileAddress(level: 0, number: index >> 8), tile, Int(index & 255) + 1)
        }
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
    private func check(_ computed: Tile, under end: UInt64) throws(LedgerError) {
        let address = computed.address
        let stored = try storage.tile(address) ?? []
        let width = computed.hashes.count / SHA256Digest.byteCount
        guard stored.count >= computed.hashes.count else { throw .narrow(address, stored, width) }
        guard let wrong = (0..<width).first(where: { stored.hash(at: $0) != computed.hashes.hash(at: $0) }) else {
            return
        }
        let first = (address.number << 8 + UInt64(wrong)) << UInt64(8 * address.level)
        throw .altered(
            first,
            seen: "entries from \(first) to \(end - 1), whose hashes lead to another hash",
            wanted: "what tile \(address.level)/\(address.number) has"
        )
    }

    private var tiles: TileSource {
        { [storage] address throws(LedgerError) in try storage.tile(address) }
    }
}

extension LedgerError {
    fileprivate static func missing(_ index: UInt64) -> LedgerError {
        LedgerError(
            .shorter,
            index: index,
            seen: "no entry",
            wanted: "the entry that the checkpoint covers",
            remedy: "somebody removed it: keep this store as evidence and restore a backup"
        )
    }

    fileprivate static func altered(_ index: UInt64, seen: String, wanted: String) -> LedgerError {
        LedgerError(
            .altered,
            index: index,
            seen: seen,
            wanted: wanted,
            remedy: "somebody changed it: keep this store as evidence and restore a backup"
        )
    }

    fileprivate static func timeOrder(_ index: UInt64, _ seen: UnixTime, after last: UnixTime) -> LedgerError {
        LedgerError(
            .timeOrder,
            index: index,
            seen: "the time \(RFC3339.format(seen))",
            wanted: "none before \(RFC3339.format(last))",
            remedy: "somebody reordered entries: keep this store as evidence and restore a backup"
        )
    }
}
