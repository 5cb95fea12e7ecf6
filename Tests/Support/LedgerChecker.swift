package import Crypto
package import Ledger
internal import Time

/// Why a ledger does not hold together.
package struct LedgerCheckFailure: Error, CustomStringConvertible {
    package let description: String
}

/// Re-verifies a whole ledger after a step of a test, by code that shares nothing with the ledger's but the hash function.
///
/// The tree is built as RFC 9162 defines it, by recursion over all leaves; each tile is computed from its definition.
package struct LedgerChecker {
    private let storage: any LedgerReading
    private let key: VerifierKey

    /// Makes a checker of what is stored.
    package init(storage: any LedgerReading, key: VerifierKey) {
        self.storage = storage
        self.key = key
    }

    /// Checks everything; returns how many entries there are.
    package func check() throws -> UInt64 {
        guard let head = try storage.head() else { throw LedgerCheckFailure(description: "there is no head") }
        let checkpoint = try Checkpoint(note: head.checkpoint, verifiedBy: key)
        try expect(checkpoint.size == head.size, "the head says \(head.size), its checkpoint \(checkpoint.size)")
        let entries = try storage.entries(in: 0..<head.size + 10)
        try expect(
            entries.map(\.index) == Array(0..<head.size),
            "\(entries.count) entries under a head of \(head.size)"
        )
        var time = UnixTime(milliseconds: 0)
        for entry in entries {
            let leaf = try Leaf(bytes: entry.bytes)
            try expect(
                try leaf.bytes() == entry.bytes,
                "entry \(entry.index) is written in another way than it is read"
            )
            try expect(leaf.time >= time, "entry \(entry.index) is older than the one before")
            time = leaf.time
        }
        try expect(entries.isEmpty || head.time == time, "the head's time is not the last entry's")
        let hashes = entries.map { SHA256.hash([0] + $0.bytes) }
        try expect(Self.root(hashes[...]) == checkpoint.root, "the root is not that of the entries")
        try checkTiles(over: hashes)
        return head.size
    }

    /// The root over some leaves, as RFC 9162 section 2.1.1 defines it.
    package static func root(_ hashes: ArraySlice<SHA256Digest>) -> SHA256Digest {
        guard hashes.count > 1 else { return hashes.first ?? SHA256.hash([]) }
        var half = 1
        while half * 2 < hashes.count { half *= 2 }
        return SHA256.hash([1] + root(hashes.prefix(half)).bytes + root(hashes.dropFirst(half)).bytes)
    }

    private func checkTiles(over leaves: [SHA256Digest]) throws {
        var hashes = leaves
        for level in 0..<TileAddress.levels {
            for number in 0...hashes.count / 256 {
                let wanted = hashes.dropFirst(number * 256).prefix(256).flatMap(\.bytes)
                let stored = try storage.tile(TileAddress(level: level, number: UInt64(number))) ?? []
                try expect(stored == wanted, "tile \(level)/\(number) is not what its definition gives")
            }
            // Only full tiles are hashed upward.
            hashes = (0..<hashes.count / 256).map { Self.root(hashes[($0 * 256)..<($0 * 256 + 256)]) }
        }
    }

    private func expect(_ isSo: Bool, _ complaint: @autoclosure () -> String) throws {
        guard isSo else { throw LedgerCheckFailure(description: complaint()) }
    }
}
