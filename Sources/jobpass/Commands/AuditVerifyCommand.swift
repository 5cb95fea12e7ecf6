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
            "With --config the index that searches are answered by is compared with the entries too: who changed it could hide an "
                + "entry from a search, though from nothing else. An export can be compared with checkpoints that were kept where "
                + "it begins with entry 0.",
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
        /// Entries that the searches' index agrees with; nil where there was none to look at.
        let indexed: UInt64?

        var json: JSON {
            [
                "verified": true, "entries": .integer(Int64(clamping: entries)),
                "pruned": .integer(Int64(clamping: pruned)),
                "origin": .string("\(checkpoint.origin)"), "size": .integer(Int64(clamping: checkpoint.size)),
                "root": .string(Base64.encode(checkpoint.root.bytes)),
                "consistent_with": .array(earlier.map { .integer(Int64(clamping: $0)) }),
                "indexed": indexed.map { .integer(Int64(clamping: $0)) } ?? .null,
            ]
        }

        var text: String {
            let removed = pruned == 0 ? "" : ", \(pruned) of them pruned"
            let lines =
                [
                    "verified: \(entries) entries\(removed)",
                    "\(checkpoint.origin), size \(checkpoint.size), root \(checkpoint.root)",
                ] + earlier.map { "it begins with the \($0) entries of the checkpoint given" }
                + (indexed.map { ["the index that searches use agrees with the first \($0)"] } ?? [])
            return lines.map { "\($0)\n" }.joined()
        }
    }

    private static func verifyLive(_ invocation: Invocation) throws -> Result {
        try EventLoop.runToCompletion { loop in
            let source = try LedgerSource(invocation, on: loop)
            let key = try await AuditKey.find(invocation, source)
            let checkpoint = try Checkpoint(note: try await source.checkpoint(), verifiedBy: key)
            let indexed = try IndexCheck(source)
            let walk = try await source.walk(to: checkpoint)
            // Nothing may stand behind the last entry that the head covers.
            if case .store(let store) = source { try LedgerVerifier(storage: store, key: key).verifyEnd() }
            let kept = try await checkEarlier(invocation, key, checkpoint, source)
            return Result(
                entries: walk.size,
                pruned: walk.pruned,
                checkpoint: checkpoint,
                earlier: kept,
                indexed: try await indexed?.result()
            )
        }
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
        let kept = try invocation.all(earlier).map { try LocalFile.read($0) }
        var lines = try LineReader(path)
        var reader = ExportReader(try AuditKey.given(invocation), beginningWith: kept)
        while let line = try lines.next() { try reader.take(line) }
        let checkpoint = try reader.finish()
        guard let key = reader.key else { throw CommandError(.badData, "the export names no key") }
        if !reader.hasTrustedKey {
            Console(invocation.environment).warning(
                "the key is the one in the export: give the one you know with --key"
            )
        }
        return Result(
            entries: reader.entries,
            pruned: reader.pruned,
            checkpoint: checkpoint,
            earlier: try kept.map { try Checkpoint(note: $0, verifiedBy: key).size },
            indexed: nil
        )
    }
}

/// The comparison of a store's index with its entries, on a thread of its own beside the walk over the ledger.
private struct IndexCheck {
    private let thread: WorkerThread
    private let checking: Task<UInt64, any Error>

    /// Begins it; nil where there is no index to look at, as from afar.
    init?(_ source: LedgerSource) throws {
        guard case .store(let store) = source,
            let storage = try store.existingAuditIndex()
        else { return nil }
        // By a connection of its own, so that neither waits for the other's reads.
        let index = AuditIndex(storage: storage, of: try store.openedAgain())
        thread = try WorkerThread()
        checking = Task(executorPreference: thread) { try index.verify() }
    }

    /// How many entries the index agrees with.
    func result() async throws -> UInt64 {
        defer { thread.stop() }
        return try await checking.value
    }
}
