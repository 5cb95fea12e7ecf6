internal import Crypto
internal import Encoding
package import JSON
package import Ledger

extension AuditLog {
    /// What is served at a tile's path to those who have a checkpoint of so many entries: hashes, or a bundle of entries.
    ///
    /// - Throws: `AuditError` with code `notFound` where the checkpoint covers none of that width, `unproved` where the store
    ///   has lost it, else `storage`.
    package func content(at path: TilePath, under size: UInt64) throws(AuditError) -> [UInt8] {
        guard path.address.width(inTreeOf: size) >= path.width else {
            throw AuditError(
                .notFound,
                "there is no tile \(path.segments.joined(separator: "/")) in a tree of \(size) entries"
            )
        }
        switch path.content {
        case .hashes:
            let hashes = try reading { storage throws(LedgerError) in try storage.tile(path.address) } ?? []
            guard hashes.count >= 32 * path.width else {
                throw AuditError(.unproved, "the store has lost hashes of tile \(path.segments.joined(separator: "/"))")
            }
            return Array(hashes.prefix(32 * path.width))
        case .entries:
            let first = path.number << 8
            let entries = try reading { storage throws(LedgerError) in
                try storage.entries(in: first..<first + UInt64(path.width))
            }
            guard entries.count == path.width else {
                throw AuditError(.unproved, "the store has lost entries from \(first) on")
            }
            return EntryBundle.bytes(entries)
        }
    }

    /// The proof that the ledger of one size is the beginning of the one of another, under the names of the API.
    ///
    /// - Throws: `AuditError` with code `query` or `notFound` where there are no such sizes, `unproved` where hashes are missing,
    ///   else `storage`.
    package func consistency(from earlier: UInt64, to later: UInt64?) throws(AuditError) -> JSON {
        guard let head = try reading({ storage throws(LedgerError) in try storage.head() }) else {
            throw AuditError(.notFound, "there is no ledger")
        }
        let later = later ?? head.size
        guard earlier <= later, later <= head.size else {
            throw AuditError(
                .query,
                "the sizes \(earlier) and \(later) do not ascend to \(head.size), which the ledger has"
            )
        }
        let (path, root) = try reading { storage throws(LedgerError) in
            let prover = MerkleProver(size: later) { address throws(LedgerError) in try storage.tile(address) }
            return (try prover.consistency(from: earlier), try prover.root())
        }
        return [
            "from": .integer(Int64(clamping: earlier)), "to": .integer(Int64(clamping: later)),
            "root": .string(Base64.encode(root.bytes)),
            "proof": .array(path.map { .string(Base64.encode($0.bytes)) }),
            "checkpoint": .string(String(decoding: head.checkpoint, as: UTF8.self)),
        ]
    }
}
