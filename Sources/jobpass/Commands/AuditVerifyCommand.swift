internal import Auditing
internal import Crypto
internal import Encoding
internal import EventLoop
internal import JSON
internal import Ledger
internal import POSIX
internal import Stores

/// `jobpass audit verify`: the whole ledger, verified as somebody would who trusts its key and nothing else.
enum AuditVerifyCommand {
    static let earlier = Option.value(
        "checkpoint",
        "FILE",
        "a checkpoint kept from before: the ledger must begin with all that it covered",
        kind: .file,
        repeats: true
    )

    static let definition = Command(
        name: "verify",
        summary: "verify every entry, hash and signature of the ledger",
        details: [
            "Reads the whole ledger, from a broker by its HTTP interface, from its store with --config, or from EXPORT, a file "
                + "that audit export wrote, and verifies every entry, every tile of hashes, their order in time, gaps, and the "
                + "checkpoint's signature. Where something is wrong it names the first entry that is, and exits with 65.",
            "No look at a ledger alone shows that it was cut short together with its checkpoint: keep checkpoints, and give "
                + "them with --checkpoint, or have witnesses keep them.",
        ],
        operands: [
            Command.Operand("EXPORT", "what audit export wrote, - for standard input", count: .atMostOne, kind: .file)
        ],
        options: [AuditKey.option, earlier] + LedgerSource.options + [.json],
        examples: [
            Command.Example("jobpass audit verify --key ledger.vkey", "verify what a broker shows"),
            Command.Example(
                "jobpass audit verify --config /etc/jobpass/jobpass.yaml",
                "verify its store, on its own host"
            ),
            Command.Example("jobpass audit verify --key ledger.vkey export.jsonl", "verify an export, offline"),
        ],
        variables: BrokerOptions.principalVariables,
        exits: [
            Command.Note("0", "everything is as it was recorded"),
            Command.Note("65", "something is not, and the message names the first entry"),
        ] + BrokerRefusal.exits.filter { $0.name != "65" },
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let result = try invocation.operands.first.map { try verify(export: $0, invocation) } ?? verifyLive(invocation)
        let console = Console(invocation.environment)
        if invocation.has(.json) {
            try console.result(result.json)
        } else {
            try console.result(result.text)
        }
        return .success
    }

    /// What was verified.
    struct Result: Sendable {
        let entries: UInt64
        let pruned: UInt64
        let checkpoint: Checkpoint
        let earlier: [UInt64]

        var json: JSON {
            [
                "verified": true, "entries": .integer(Int64(clamping: entries)),
                "pruned": .integer(Int64(clamping: pruned)),
                "origin": .string("\(checkpoint.origin)"), "size": .integer(Int64(clamping: checkpoint.size)),
                "root": .string(Base64.encode(checkpoint.root.bytes)),
                "consistent_with": .array(earlier.map { .integer(Int64(clamping: $0)) }),
            ]
        }

        var text: String {
            let removed = pruned == 0 ? "" : ", \(pruned) of them pruned"
            let kept = earlier.map { "it begins with the \($0) entries of the checkpoint given\n" }.joined()
            return
                "verified: \(entries) entries\(removed)\n\(checkpoint.origin), size \(checkpoint.size), root \(checkpoint.root)\n\(kept)"
        }
    }

    private static func verifyLive(_ invocation: Invocation) throws -> Result {
        try EventLoop.runToCompletion { loop in
            let source = try LedgerSource(invocation, on: loop)
            let key = try await AuditKey.find(invocation, source)
            let checkpoint = try Checkpoint(note: try await source.checkpoint(), verifiedBy: key)
            var walk = LedgerWalk()
            while walk.size < checkpoint.size {
                let number = walk.size >> 8
                let end = min(walk.size + 256, checkpoint.size)
                let tile = try await source.tile(TileAddress(level: 0, number: number), under: checkpoint.size)
                let entries = try await source.entries(number, under: checkpoint.size)
                for computed in try walk.take(entries, upTo: end, tile: tile) {
                    try walk.compare(computed, with: try await source.tile(computed.address, under: checkpoint.size))
                }
            }
            try walk.finish(at: checkpoint)
            if case .store(let store) = source { try checkEnd(of: store, checkpoint, key) }
            let kept = try await checkEarlier(invocation, key, checkpoint, source)
            return Result(entries: walk.size, pruned: walk.pruned, checkpoint: checkpoint, earlier: kept)
        }
    }

    /// Nothing may stand behind the last entry that the head covers.
    private static func checkEnd(of store: SQLiteStore, _ checkpoint: Checkpoint, _ key: VerifierKey) throws {
        try LedgerVerifier(storage: store, key: key).verifyEnd()
    }

    /// Each checkpoint that was kept must be the beginning of this one.
    private static func checkEarlier(
        _ invocation: Invocation,
        _ key: VerifierKey,
        _ checkpoint: Checkpoint,
        _ source: LedgerSource
    ) async throws -> [UInt64] {
        var sizes: [UInt64] = []
        for path in invocation.all(earlier) {
            let kept = try Checkpoint(note: try LocalFile.read(path), verifiedBy: key)
            try await Consistency.check(kept, checkpoint, source)
            sizes.append(kept.size)
        }
        return sizes
    }

    private static func verify(export path: String, _ invocation: Invocation) throws -> Result {
        var lines = try LineReader(path)
        var reader = ExportReader(try AuditKey.given(invocation))
        while let line = try lines.next() { try reader.take(line) }
        let checkpoint = try reader.finish()
        if !reader.hasTrustedKey {
            Console(invocation.environment).warning(
                "the key is the one in the export: give the one you know with --key"
            )
        }
        for kept in invocation.all(earlier) {
            let note = try Checkpoint(note: try LocalFile.read(kept), verifiedBy: reader.key ?? VerifierKey(""))
            guard note.size <= checkpoint.size else { throw Consistency.shorter(note, checkpoint) }
        }
        return Result(entries: reader.entries, pruned: reader.pruned, checkpoint: checkpoint, earlier: [])
    }
}

/// Whether one checkpoint is the beginning of another.
enum Consistency {
    /// Proves it out of a ledger's hashes.
    ///
    /// - Throws: `CommandError` with exit code 65 where it is not.
    static func check(_ earlier: Checkpoint, _ later: Checkpoint, _ source: LedgerSource) async throws {
        guard earlier.size <= later.size else { throw shorter(earlier, later) }
        let path = try await TileCache(source, size: later.size).prove { prover throws(LedgerError) in
            try prover.consistency(from: earlier.size)
        }
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

/// Tiles that proofs are made of, each fetched once.
actor TileCache {
    private let source: LedgerSource
    private let size: UInt64
    private var tiles: [TileAddress: [UInt8]] = [:]

    init(_ source: LedgerSource, size: UInt64) {
        self.source = source
        self.size = size
    }

    /// Makes a proof, fetching what it turns out to need.
    func prove<Proof: Sendable>(
        _ make: @Sendable (MerkleProver) throws(LedgerError) -> Proof
    ) async throws -> Proof {
        while true {
            let known = tiles
            let wanted = Wanted()
            let prover = MerkleProver(size: size) { address throws(LedgerError) in
                if let tile = known[address] { return tile }
                wanted.note(address)
                return nil
            }
            do throws(LedgerError) {
                return try make(prover)
            } catch {
                guard let address = wanted.address, tiles[address] == nil else { throw error }
                // Leaves' tiles are many, and each is needed for one bundle alone.
                if tiles.count > 512 { tiles = tiles.filter { $0.key.level > 0 } }
                tiles[address] = try await source.tile(address, under: size)
            }
        }
    }

    private final class Wanted {
        var address: TileAddress?
        func note(_ missing: TileAddress) { address = missing }
    }
}
