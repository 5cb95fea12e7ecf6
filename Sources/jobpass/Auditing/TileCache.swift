internal import Crypto
internal import Ledger

/// Tiles that proofs are made of, each fetched once.
actor TileCache {
    private let source: LedgerSource
    private let size: UInt64
    private var tiles: [TileAddress: [UInt8]] = [:]

    init(_ source: LedgerSource, size: UInt64) {
        self.source = source
        self.size = size
    }

    /// What is to be proved.
    enum Question: Sendable {
        /// That an entry of this index is in the tree.
        case inclusion(UInt64)
        /// That the tree begins with that of this size.
        case consistency(UInt64)
    }

    /// Makes a proof, fetching what it turns out to need.
    func prove(_ question: Question) async throws -> [SHA256Digest] {
        while true {
            switch attempt(question) {
            case .proof(let path): return path
            case .failed(let error): throw error
            case .lacks(let address):
                // Leaves' tiles are many, and each is needed for one bundle alone.
                if tiles.count > 512 { tiles = tiles.filter { $0.key.level > 0 } }
                tiles[address] = try await source.tile(address, under: size)
            }
        }
    }

    private enum Attempt {
        case proof([SHA256Digest])
        case lacks(TileAddress)
        case failed(LedgerError)
    }

    /// Makes a proof of the tiles that are here.
    private func attempt(_ question: Question) -> Attempt {
        let known = tiles
        let wanted = Wanted()
        let prover = MerkleProver(size: size) { address throws(LedgerError) in
            if let tile = known[address] { return tile }
            wanted.address = address
            return nil
        }
        do throws(LedgerError) {
            switch question {
            case .inclusion(let index): return .proof(try prover.inclusion(of: index))
            case .consistency(let earlier): return .proof(try prover.consistency(from: earlier))
            }
        } catch {
            guard let address = wanted.address, known[address] == nil else { return .failed(error) }
            return .lacks(address)
        }
    }

    private final class Wanted {
        var address: TileAddress?
    }
}

/// The proofs of a bundle's entries, which share all that is above the bundle.
struct BundleProofs: Sendable {
    private let cache: TileCache
    private let size: UInt64

    init(_ cache: TileCache, size: UInt64) {
        self.cache = cache
        self.size = size
    }

    /// The proof of each entry of a bundle, by its index.
    func paths(_ number: UInt64, _ entries: [StoredEntry]) async throws -> [UInt64: [SHA256Digest]] {
        var paths: [UInt64: [SHA256Digest]] = [:]
        guard entries.count == 256, (number + 1) << 8 <= size else {
            for entry in entries {
                paths[entry.index] = try await cache.prove(.inclusion(entry.index))
            }
            return paths
        }
        let first = number << 8
        let upper = try await cache.prove(.inclusion(first)).dropFirst(8)
        var levels = [entries.map(\.hash)]
        while let row = levels.last, row.count > 1 {
            levels.append(stride(from: 0, to: row.count, by: 2).map { Merkle.nodeHash(row[$0], row[$0 + 1]) })
        }
        for (place, entry) in entries.enumerated() {
            paths[entry.index] = (0..<8).map { levels[$0][place >> $0 ^ 1] } + upper
        }
        return paths
    }
}
