package import Crypto

/// The right edge of the tree: all that is needed to append a leaf and to know the root, in a few kilobytes at any size.
///
/// It holds the roots of the complete subtrees that the leaves so far divide into (the compact range), and of each level
/// the tile that is not full yet.
package struct TreeEdge: Equatable, Sendable {
    /// Leaves so far.
    package private(set) var size: UInt64 = 0
    /// Roots of complete subtrees, the largest first: one for each bit that is set in `size`.
    private var subtrees: [SHA256Digest] = []
    /// The hashes of each level's last tile, where it is not full.
    private var partial = [[UInt8]](repeating: [], count: TileAddress.levels)
    /// Tiles that have filled up since they were last taken.
    private var full: [Tile] = []
    /// Which levels' last tiles have grown since they were last taken.
    private var grown: Set<Int> = []

    /// Makes the edge of a tree without leaves.
    package init() {}

    /// Reads the edge of a tree of so many leaves out of its stored tiles.
    ///
    /// - Throws: `LedgerError` with code `shorter` where a tile is missing or too narrow, and what the source throws.
    package init(size: UInt64, tiles: TileSource) throws(LedgerError) {
        self.size = size
        for level in 0..<TileAddress.levels {
            let address = TileAddress(level: level, number: size >> UInt64(8 * level + 8))
            let width = address.width(inTreeOf: size)
            guard width > 0 else { continue }
            let hashes = try tiles(address) ?? []
            guard hashes.count >= width * SHA256Digest.byteCount else { throw .narrow(address, hashes, width) }
            partial[level] = Array(hashes.prefix(width * SHA256Digest.byteCount))
        }
        for hashes in partial.reversed() {
            let width = hashes.count / SHA256Digest.byteCount
            var first = 0
            for bit in stride(from: 7, through: 0, by: -1) where width & 1 << bit != 0 {
                subtrees.append(Self.root(of: hashes, from: first, height: bit))
                first += 1 << bit
            }
        }
    }

    /// Appends a leaf's hash.
    package mutating func append(_ leafHash: SHA256Digest) {
        size += 1
        extend(level: 0, by: leafHash)
        var hash = leafHash
        // A subtree is complete at every height whose lower bits of the new size are all zero.
        for height in 0..<size.trailingZeroBitCount {
            hash = Merkle.nodeHash(subtrees.removeLast(), hash)
            guard (height + 1).isMultiple(of: 8) else { continue }
            let level = height / 8
            let address = TileAddress(level: level, number: size >> UInt64(8 * level + 8) - 1)
            full.append(Tile(address, hashes: partial[level]))
            partial[level].removeAll(keepingCapacity: true)
            grown.remove(level)
            extend(level: level + 1, by: hash)
        }
        subtrees.append(hash)
    }

    /// The root of the tree.
    package var root: SHA256Digest {
        guard var hash = subtrees.last else { return Merkle.emptyRoot }
        for subtree in subtrees.dropLast().reversed() { hash = Merkle.nodeHash(subtree, hash) }
        return hash
    }

    /// The tiles that have changed since this was last called; those that are not full are stored again when they grow.
    package mutating func takeChangedTiles() -> [Tile] {
        var changed = full
        for level in grown.sorted() {
            changed.append(
                Tile(TileAddress(level: level, number: size >> UInt64(8 * level + 8)), hashes: partial[level])
            )
        }
        full.removeAll()
        grown.removeAll()
        return changed
    }

    private mutating func extend(level: Int, by hash: SHA256Digest) {
        partial[level].append(contentsOf: hash.bytes)
        grown.insert(level)
    }

    /// The root of the complete subtree over 2^height of a tile's hashes.
    static func root(of hashes: [UInt8], from first: Int, height: Int) -> SHA256Digest {
        var row = (first..<first + 1 << height).compactMap { hashes.hash(at: $0) }
        while row.count > 1 {
            row = stride(from: 0, to: row.count, by: 2).map { Merkle.nodeHash(row[$0], row[$0 + 1]) }
        }
        return row.first ?? Merkle.emptyRoot
    }
}

extension LedgerError {
    static func narrow(_ address: TileAddress, _ hashes: [UInt8], _ width: Int) -> LedgerError {
        LedgerError(
            .shorter,
            index: address.level == 0 ? address.number << 8 + UInt64(hashes.count / SHA256Digest.byteCount) : nil,
            seen: "\(hashes.count / SHA256Digest.byteCount) hashes in tile \(address.level)/\(address.number)",
            wanted: "\(width), as the checkpoint covers",
            remedy: "restore the store from a backup that is not older than the checkpoint"
        )
    }
}
