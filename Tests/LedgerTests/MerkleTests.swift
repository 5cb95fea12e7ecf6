import Crypto
import Encoding
import JSON
import Ledger
import Support
import Testing

@Suite("The Merkle tree")
struct MerkleTests {
    @Test("roots are those of the vectors", arguments: try Vectors.all("roots.json"))
    func roots(_ vector: Vector) throws {
        let hashes = try vector.leafHashes()
        var edge = TreeEdge()
        for hash in hashes { edge.append(hash) }
        #expect(edge.root.hex == (try vector.text("root")))
        #expect(LedgerChecker.root(hashes[...]) == edge.root, "the checker's own recursion must agree")
    }

    @Test("inclusion paths are those of the vectors", arguments: try Vectors.all("inclusion.json"))
    func inclusion(_ vector: Vector) throws {
        let tree = Tree(try vector.leafHashes())
        let index = UInt64(try vector.integer("index"))
        let path = try tree.prover(tree.size).inclusion(of: index)
        #expect(path.map(\.hex) == (try vector.texts("path")))
    }

    @Test("consistency paths are those of the vectors", arguments: try Vectors.all("consistency.json"))
    func consistency(_ vector: Vector) throws {
        let tree = Tree(try vector.leafHashes())
        let path = try tree.prover(tree.size).consistency(from: UInt64(try vector.integer("earlier")))
        #expect(path.map(\.hex) == (try vector.texts("path")))
    }

    @Test("tiles of 300 entries are those of the vectors", arguments: try Vectors.all("tiles.json"))
    func tiles(_ vector: Vector) throws {
        let tree = Tree((0..<300).map { Merkle.leafHash(Array("\($0)".utf8)) })
        #expect(tree.root(300).hex == (try vector.text("root")))
        #expect(tree.root(256).hex == (try vector.text("root_of_256")))
        for tile in vector.members["tiles"]?.asArray ?? [] {
            let level = Int(try #require(tile["level"]?.asInteger))
            let number = UInt64(try #require(tile["number"]?.asInteger))
            let bytes = try #require(tree.tiles[TileAddress(level: level, number: number)])
            #expect(bytes.count == Int(try #require(tile["bytes"]?.asInteger)))
            #expect(SHA256.hash(bytes).hex == (try #require(tile["sha256"]?.asString)))
        }
        let above = try #require(tree.tiles[TileAddress(level: 1, number: 0)])
        #expect(above == tree.root(256).bytes, "of a tree of 300 the level above holds the one full tile's root")
        #expect(tree.tiles.count == 3)
        let path = try tree.prover(300).consistency(from: 256)
        #expect(path.map(\.hex) == (try vector.texts("consistency_from_256")))
    }

    @Test("every leaf of every tree up to 70 is proved, and no other leaf or root by the same path")
    func allInclusions() throws {
        let tree = Tree(70)
        for size in 1...UInt64(70) {
            let root = tree.root(size)
            for index in 0..<size {
                let path = try tree.prover(size).inclusion(of: index)
                let leaf = tree.hashes[Int(index)]
                func isProved(
                    _ leaf: SHA256Digest,
                    _ index: UInt64,
                    _ path: [SHA256Digest],
                    _ root: SHA256Digest
                ) -> Bool {
                    MerkleProof.verifyInclusion(of: leaf, at: index, size: size, path: path, root: root)
                }
                #expect(isProved(leaf, index, path, root))
                #expect(!isProved(tree.hashes[69 - Int(index)], index, path, root) || index == 69 - index)
                #expect(!isProved(leaf, index, path, tree.root(size - 1)))
                #expect(!isProved(leaf, index, path + [root], root))
                #expect(path.isEmpty || !isProved(leaf, index, Array(path.dropLast()), root))
                #expect(!isProved(leaf, index + 1, path, root) || size == 1)
            }
        }
    }

    @Test("every tree up to 70 is proved to begin every later one, and not with another root")
    func allConsistencies() throws {
        let tree = Tree(70)
        for later in 0...UInt64(70) {
            for earlier in 0...later {
                let path = try tree.prover(later).consistency(from: earlier)
                let from = (size: earlier, root: tree.root(earlier))
                let to = (size: later, root: tree.root(later))
                #expect(MerkleProof.verifyConsistency(from: from, to: to, path: path))
                let fork = (size: earlier, root: SHA256.hash("fork"))
                #expect(!MerkleProof.verifyConsistency(from: fork, to: to, path: path))
                let other = (size: later, root: SHA256.hash("other"))
                #expect(!MerkleProof.verifyConsistency(from: from, to: other, path: path) || earlier == 0)
                #expect(!MerkleProof.verifyConsistency(from: from, to: to, path: path + [from.root]))
            }
        }
    }

    @Test(
        "an edge read from tiles goes on as the one that wrote them",
        arguments: [0, 1, 2, 255, 256, 257, 511, 512, 1_000, 65_535, 65_536, 65_537]
    )
    func edgeFromTiles(_ size: UInt64) throws {
        let tree = Tree.large
        var edge = try TreeEdge(size: size, tiles: tree.source)
        #expect(edge.size == size)
        #expect(edge.root == tree.root(size))
        for hash in tree.hashes[Int(size)...].prefix(300) { edge.append(hash) }
        #expect(edge.root == tree.root(edge.size))
        for tile in edge.takeChangedTiles() {
            let wanted = try #require(tree.tiles[tile.address])
            #expect(Array(wanted.prefix(tile.hashes.count)) == tile.hashes)
        }
        #expect(edge.takeChangedTiles().isEmpty)
    }

    @Test("proofs of a tree of three levels of tiles hold")
    func threeLevels() throws {
        let tree = Tree.large
        for size in [65_537, 66_048, 66_300] as [UInt64] {
            let root = try tree.prover(size).root()
            for index in [0, 255, 256, 65_535, 65_536, size - 1] {
                let path = try tree.prover(size).inclusion(of: index)
                let leaf = tree.hashes[Int(index)]
                #expect(MerkleProof.verifyInclusion(of: leaf, at: index, size: size, path: path, root: root))
            }
        }
    }

    @Test("a missing or narrow tile is named")
    func missingTile() {
        var tree = Tree(300)
        let address = TileAddress(level: 0, number: 1)
        tree.tiles[address]?.removeLast()
        let error = #expect(throws: LedgerError.self) { try TreeEdge(size: 300, tiles: tree.source) }
        #expect(error?.code == .shorter)
        #expect(error?.index == 299)
        #expect(error?.description.contains("tile 0/1") == true)
        tree.tiles[address] = nil
        #expect(throws: LedgerError.self) { try tree.prover(300).inclusion(of: 260) }
    }

    @Test("nothing is proved of a leaf or a tree that is beyond")
    func beyond() {
        let tree = Tree(8)
        #expect(throws: LedgerError.self) { try tree.prover(8).inclusion(of: 8) }
        #expect(throws: LedgerError.self) { try tree.prover(8).consistency(from: 9) }
        let leaf = tree.hashes[7]
        #expect(!MerkleProof.verifyInclusion(of: leaf, at: 8, size: 8, path: [], root: leaf))
    }
}

/// A tree with its leaf hashes and the tiles that an edge wrote for it.
private struct Tree {
    /// One of three levels of tiles.
    static let large = Tree(66_300)

    let hashes: [SHA256Digest]
    var tiles: [TileAddress: [UInt8]] = [:]

    init(_ hashes: [SHA256Digest]) {
        self.hashes = hashes
        var edge = TreeEdge()
        for hash in hashes {
            edge.append(hash)
            // Taken in odd steps, so that tiles are also stored half full and then wider.
            if edge.size.isMultiple(of: 97) { store(edge.takeChangedTiles()) }
        }
        store(edge.takeChangedTiles())
    }

    init(_ size: Int) { self.init((0..<size).map { Merkle.leafHash(Array("leaf \($0)".utf8)) }) }

    var size: UInt64 { UInt64(hashes.count) }

    var source: TileSource { { [tiles] address in tiles[address] } }

    func prover(_ size: UInt64) -> MerkleProver { MerkleProver(size: size, tiles: source) }

    func root(_ size: UInt64) -> SHA256Digest { LedgerChecker.root(hashes.prefix(Int(size))) }

    private mutating func store(_ changed: [Tile]) {
        for tile in changed { tiles[tile.address] = tile.hashes }
    }
}

extension Vector {
    fileprivate func leafHashes() throws -> [SHA256Digest] {
        try texts("leaves").map { Merkle.leafHash(try Hex.decode($0)) }
    }

    fileprivate func integer(_ member: String) throws -> Int64 {
        try #require(members[member]?.asInteger)
    }

    fileprivate func texts(_ member: String) throws -> [String] {
        try #require(members[member]?.asArray).map { try #require($0.asString) }
    }
}
