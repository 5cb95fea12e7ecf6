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

    /// Checks that the last entry is as it was recorded, and that none stands behind it.
    ///
    /// - Throws: `LedgerError`.
    package func verifyEnd() throws(LedgerError) { try checkEnd(try readHead().head) }

    /// Reads the head and the edge of its tree, whose root must be the one that is signed.
    func readHead() throws(LedgerError) -> (head: LedgerHead, edge: TreeEdge) {
        try LedgerCheck.edge(of: try storage.head(), tiles: tiles, key: key)
    }

    /// Walks over all entries that a head covers.
    func verify(_ head: LedgerHead) throws(LedgerError) {
        var walk = LedgerWalk()
        while walk.size < head.size {
            let end = min(walk.size + UInt64(TileAddress.width), head.size)
            let tile = try storage.tile(TileAddress(level: 0, number: walk.size >> 8)) ?? []
            let computed = try walk.take(try storage.entries(in: walk.size..<end), upTo: end, tile: tile)
            for tile in computed { try walk.compare(tile, with: try storage.tile(tile.address) ?? []) }
        }
        try walk.finish(at: try Checkpoint(note: head.checkpoint, verifiedBy: key))
        try walk.checkTime(of: head)
        try checkEnd(head)
    }

    /// Checks that the last entry is as it was recorded, and that none stands behind it.
    func checkEnd(_ head: LedgerHead) throws(LedgerError) {
        if head.size > 0 {
            let last = head.size - 1
            guard let entry = try storage.entries(in: last..<head.size).first else { throw .missing(last) }
            let tile = try storage.tile(TileAddress(level: 0, number: last >> 8)) ?? []
            try LedgerWalk.check(entry, at: last, against: tile)
        }
        // However far behind the end it stands; the last, as others may append right behind the end meanwhile.
        guard let stray = try storage.lastIndex(), stray >= head.size else { return }
        // Others may have appended since; an entry is committed together with the head that covers it.
        guard let present = try storage.head(), present.size <= stray else { return }
        throw LedgerError(
            .longer,
            index: stray,
            seen: "an entry that no checkpoint covers",
            wanted: "\(head.size) entries",
            remedy: "somebody added it: keep this store as evidence and restore a backup"
        )
    }

    private var tiles: TileSource {
        { [storage] address throws(LedgerError) in try storage.tile(address) }
    }
}

extension LedgerError {
    static func missing(_ index: UInt64) -> LedgerError {
        LedgerError(
            .shorter,
            index: index,
            seen: "no entry",
            wanted: "the entry that the checkpoint covers",
            remedy: "somebody removed it: keep this store as evidence and restore a backup"
        )
    }

    static func altered(_ index: UInt64, seen: String, wanted: String) -> LedgerError {
        LedgerError(
            .altered,
            index: index,
            seen: seen,
            wanted: wanted,
            remedy: "somebody changed it: keep this store as evidence and restore a backup"
        )
    }

    static func timeOrder(_ index: UInt64, _ seen: UnixTime, after last: UnixTime) -> LedgerError {
        LedgerError(
            .timeOrder,
            index: index,
            seen: "the time \(RFC3339.format(seen))",
            wanted: "none before \(RFC3339.format(last))",
            remedy: "somebody reordered entries: keep this store as evidence and restore a backup"
        )
    }
}
