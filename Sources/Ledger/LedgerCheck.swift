/// The checks that cost little at any size: does what is stored belong to this log and key, and do its hashes lead to the
/// root that was signed.
enum LedgerCheck {
    /// Reads the head that is stored, and the edge of its tree.
    ///
    /// - Throws: `LedgerError` naming what was seen and wanted.
    static func edge(
        of stored: LedgerHead?,
        tiles: TileSource,
        key: VerifierKey
    ) throws(LedgerError) -> (head: LedgerHead, edge: TreeEdge) {
        guard let stored else { throw .uninitialised }
        let checkpoint = try Checkpoint(note: stored.checkpoint, verifiedBy: key)
        guard checkpoint.size == stored.size else {
            throw LedgerError(
                stored.size < checkpoint.size ? .shorter : .longer,
                index: min(stored.size, checkpoint.size),
                seen: "a head of \(stored.size) entries",
                wanted: "the \(checkpoint.size) of its checkpoint",
                remedy: "somebody changed the head: keep this store as evidence and restore a backup"
            )
        }
        let edge = try TreeEdge(size: stored.size, tiles: tiles)
        guard edge.root == checkpoint.root else {
            throw LedgerError(
                .altered,
                seen: "hashes with the root \(edge.root)",
                wanted: "\(checkpoint.root), which the checkpoint of size \(checkpoint.size) has",
                remedy: "run 'jobpass audit verify' to find the entry; keep this store as evidence and restore a backup"
            )
        }
        return (stored, edge)
    }
}

extension LedgerError {
    static let uninitialised = LedgerError(
        .uninitialised,
        seen: "a store without a ledger",
        wanted: "one that was set up",
        remedy: "run 'jobpass init'"
    )
}
