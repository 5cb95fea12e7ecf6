internal import Crypto

/// Where a tile stands: the hashes of 256 neighbouring subtrees of 256^level leaves each (C2SP tlog-tiles).
package struct TileAddress: Hashable, Sendable {
    /// From 0, whose hashes are those of leaves.
    package let level: Int
    /// From 0 at the left.
    package let number: UInt64

    /// Hashes in a full tile.
    package static let width = 256
    /// Levels of a tree with one leaf more than a 64-bit index can count are never needed.
    package static let levels = 8

    /// Makes an address.
    package init(level: Int, number: UInt64) {
        self.level = level
        self.number = number
    }

    /// How many hashes the tile has in a tree of so many leaves: 0 where it has none yet, 256 where it is full.
    package func width(inTreeOf size: UInt64) -> Int {
        let hashes = size >> UInt64(8 * level)
        let first = number << 8
        return hashes <= first ? 0 : Int(min(hashes - first, UInt64(Self.width)))
    }
}

/// A tile's address and its hashes, one behind the other.
package struct Tile: Equatable, Sendable {
    package let address: TileAddress
    /// 32 bytes for each of 1 to 256 hashes, as the tile is served.
    package let hashes: [UInt8]

    /// Makes a tile.
    package init(_ address: TileAddress, hashes: [UInt8]) {
        self.address = address
        self.hashes = hashes
    }
}

/// Reads a stored tile, which may be wider than the tree that is asked about; nil where there is none.
package typealias TileSource = (TileAddress) throws(LedgerError) -> [UInt8]?

extension [UInt8] {
    /// The hash at a place of a tile's bytes, which must have that many.
    func hash(at place: Int) -> SHA256Digest? {
        let start = place * SHA256Digest.byteCount
        guard start >= 0, start + SHA256Digest.byteCount <= count else { return nil }
        return SHA256Digest(bytes: Array(self[start..<start + SHA256Digest.byteCount]))
    }
}
