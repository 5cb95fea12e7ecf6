package import Crypto

/// Reads proofs out of a tree's stored tiles (RFC 9162, sections 2.1.3.1 and 2.1.4.1).
package struct MerkleProver {
    /// Leaves of the tree that is proved against.
    private let size: UInt64
    private let tiles: TileSource

    /// Makes a prover for a tree of so many leaves, which the stored tiles must cover.
    package init(size: UInt64, tiles: @escaping TileSource) {
        self.size = size
        self.tiles = tiles
    }

    /// The hashes that lead from a leaf to the root, the leaf's neighbour first.
    ///
    /// - Throws: `LedgerError` with code `notFound` where the tree has no such leaf, `shorter` where a tile is missing, and what the source throws.
    package func inclusion(of index: UInt64) throws(LedgerError) -> [SHA256Digest] {
        guard index < size else { throw .beyond(index, size: size) }
        var path: [SHA256Digest] = []
        var range = 0..<size
        // From the root down; the path is listed from the leaf up.
        while range.count > 1 {
            let middle = Self.split(range)
            if index < middle {
                path.append(try root(of: middle..<range.upperBound))
                range = range.lowerBound..<middle
            } else {
                path.append(try root(of: range.lowerBound..<middle))
                range = middle..<range.upperBound
            }
        }
        return path.reversed()
    }

    /// The hashes that show that the tree of so many leaves is the beginning of this one; empty where they are the same.
    ///
    /// - Throws: `LedgerError` with code `notFound` where this tree is the smaller, `shorter` where a tile is missing, and what the source throws.
    package func consistency(from earlier: UInt64) throws(LedgerError) -> [SHA256Digest] {
        guard earlier <= size else { throw .beyond(earlier, size: size) }
        guard earlier > 0, earlier < size else { return [] }
        var path: [SHA256Digest] = []
        var range = 0..<size
        // Whether the verifier knows the root of what is left: it does as long as that is the whole earlier tree.
        var isKnown = true
        while range.upperBound != earlier {
            let middle = Self.split(range)
            if earlier <= middle {
                path.append(try root(of: middle..<range.upperBound))
                range = range.lowerBound..<middle
            } else {
                path.append(try root(of: range.lowerBound..<middle))
                range = middle..<range.upperBound
                isKnown = false
            }
        }
        if !isKnown { path.append(try root(of: range)) }
        return path.reversed()
    }

    /// The root over the first so many leaves.
    ///
    /// - Throws: `LedgerError` with code `shorter` where a tile is missing, and what the source throws.
    package func root() throws(LedgerError) -> SHA256Digest {
        size == 0 ? Merkle.emptyRoot : try root(of: 0..<size)
    }

    private func root(of range: Range<UInt64>) throws(LedgerError) -> SHA256Digest {
        let count = UInt64(range.count)
        if count.nonzeroBitCount == 1 { return try node(height: count.trailingZeroBitCount, from: range.lowerBound) }
        let middle = Self.split(range)
        return Merkle.nodeHash(
            try root(of: range.lowerBound..<middle),
            try root(of: middle..<range.upperBound)
        )
    }

    /// The root of the complete subtree over 2^height leaves.
    private func node(height: Int, from leaf: UInt64) throws(LedgerError) -> SHA256Digest {
        let level = height / 8
        let place = leaf >> UInt64(8 * level)
        let address = TileAddress(level: level, number: place >> 8)
        let first = Int(place & 255)
        let count = 1 << (height % 8)
        let hashes = try tiles(address) ?? []
        guard hashes.count >= (first + count) * SHA256Digest.byteCount else {
            throw .narrow(address, hashes, address.width(inTreeOf: size))
        }
        return TreeEdge.root(of: hashes, from: first, height: height % 8)
    }

    /// Where a tree divides: behind the largest complete subtree that is smaller than it.
    private static func split(_ range: Range<UInt64>) -> UInt64 {
        let count = UInt64(range.count)
        return range.lowerBound + 1 << UInt64(63 - (count - 1).leadingZeroBitCount)
    }
}

/// Verifies proofs (RFC 9162, sections 2.1.3.2 and 2.1.4.2).
package enum MerkleProof {
    /// Whether a path leads from a leaf at an index to the root of a tree of so many leaves.
    package static func verifyInclusion(
        of leafHash: SHA256Digest,
        at index: UInt64,
        size: UInt64,
        path: [SHA256Digest],
        root: SHA256Digest
    ) -> Bool {
        guard index < size else { return false }
        var node = index
        var last = size - 1
        var hash = leafHash
        for sibling in path {
            guard last != 0 else { return false }
            if node & 1 == 1 || node == last {
                hash = Merkle.nodeHash(sibling, hash)
                while node & 1 == 0, node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                hash = Merkle.nodeHash(hash, sibling)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 && hash == root
    }

    /// Whether a path shows that the earlier tree is the beginning of the later one.
    ///
    /// Every tree begins with the one without leaves; of trees of the same size only the same are consistent.
    package static func verifyConsistency(
        from earlier: (size: UInt64, root: SHA256Digest),
        to later: (size: UInt64, root: SHA256Digest),
        path: [SHA256Digest]
    ) -> Bool {
        guard earlier.size > 0, earlier.size < later.size else {
            guard path.isEmpty else { return false }
            return earlier.size == 0 ? earlier.root == Merkle.emptyRoot : earlier == later
        }
        // The root of a complete tree is not in the path, since the verifier has it.
        var rest = (earlier.size.nonzeroBitCount == 1 ? [earlier.root] : []) + path
        guard !path.isEmpty else { return false }
        let first = rest.removeFirst()
        var node = earlier.size - 1
        var last = later.size - 1
        while node & 1 == 1 {
            node >>= 1
            last >>= 1
        }
        var earlierHash = first
        var laterHash = first
        for sibling in rest {
            guard last != 0 else { return false }
            if node & 1 == 1 || node == last {
                earlierHash = Merkle.nodeHash(sibling, earlierHash)
                laterHash = Merkle.nodeHash(sibling, laterHash)
                while node & 1 == 0, node != 0 {
                    node >>= 1
                    last >>= 1
                }
            } else {
                laterHash = Merkle.nodeHash(laterHash, sibling)
            }
            node >>= 1
            last >>= 1
        }
        return last == 0 && earlierHash == earlier.root && laterHash == later.root
    }
}

extension LedgerError {
    static func beyond(_ index: UInt64, size: UInt64) -> LedgerError {
        LedgerError(
            .notFound,
            index: index,
            seen: "a ledger of \(size) entries",
            wanted: "one that reaches \(index)",
            remedy: "ask about an entry that the checkpoint covers"
        )
    }
}
