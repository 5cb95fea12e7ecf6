internal import Ledger

/// Whether one checkpoint is the beginning of another.
enum Consistency {
    /// Proves it out of a ledger's hashes.
    ///
    /// - Throws: `CommandError` with exit code 65 where it is not.
    static func check(_ earlier: Checkpoint, _ later: Checkpoint, _ source: LedgerSource) async throws {
        guard earlier.size <= later.size else { throw shorter(earlier, later) }
        let path = try await TileCache(source, size: later.size).prove(.consistency(earlier.size))
        guard
            MerkleProof.verifyConsistency(
                from: (earlier.size, earlier.root),
                to: (later.size, later.root),
                path: path
            )
        else {
            throw CommandError(
                .badData,
                "the ledger of \(later.size) entries does not begin with the \(earlier.size) that the earlier checkpoint covers",
                advice: "it was forked or rewritten: keep both checkpoints as evidence"
            )
        }
    }

    static func shorter(_ earlier: Checkpoint, _ later: Checkpoint) -> CommandError {
        CommandError(
            .badData,
            "the ledger has \(later.size) entries, and the earlier checkpoint covers \(earlier.size): it was cut short at entry \(later.size)",
            advice: "keep the earlier checkpoint as evidence, and find out who put an older copy in its place"
        )
    }
}
