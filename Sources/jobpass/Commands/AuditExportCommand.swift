internal import Auditing
internal import Crypto
internal import Encoding
internal import EventLoop
internal import JSON
internal import Ledger
internal import POSIX

/// `jobpass audit export`: the ledger for other programs, and for those who verify it elsewhere.
enum AuditExportCommand {
    static let format = Option.value(
        "format",
        "FORMAT",
        "jsonl with proofs, by default; csv; or ocsf, events for a SIEM",
        kind: .choice(ExportFormat.allCases.map(\.rawValue))
    )
    static let cursor = Option.value(
        "cursor",
        "INDEX",
        "begin with this entry, where an earlier export ended; no header"
    )
    static let limit = Option.value("limit", "N", "at most so many entries")
    static let checkpoint = Option.value(
        "checkpoint",
        "FILE",
        "against this checkpoint, or that of an earlier export, instead of the newest: the same bytes again",
        kind: .file
    )
    static let follow = Option.flag("follow", "go on with new entries as they come, until interrupted")

    static let definition = Command(
        name: "export",
        summary: "write the ledger out, with proofs, as a table, or for a SIEM",
        details: [
            "Writes every entry, the oldest first, each with the proof that the checkpoint in the first line covers it; "
                + "'audit verify EXPORT' verifies that anywhere, offline. The same entries against the same checkpoint are the "
                + "same bytes; the cursor that ends an export is said on standard error."
        ],
        options: [format, cursor, limit, checkpoint, follow, AuditKey.option] + LedgerSource.options,
        examples: [
            Command.Example("jobpass audit export > ledger.jsonl", "all of it, with proofs"),
            Command.Example("jobpass audit export --format ocsf --follow | siem-forwarder", "feed a SIEM"),
            Command.Example(
                "jobpass audit export --cursor 5000 --checkpoint ledger.jsonl >> ledger.jsonl",
                "go on with an export that was cut short"
            ),
        ],
        variables: BrokerOptions.principalVariables,
        exits: BrokerRefusal.exits,
        body: .action(run)
    )

    /// How often new entries are looked for.
    private static let pause = Duration.seconds(1)

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let format = try invocation[format].map { try invocation.choice($0) as ExportFormat } ?? .jsonl
        let start = try integer(cursor, invocation)
        let most = try integer(limit, invocation) ?? .max
        return try EventLoop.runToCompletion { loop in
            let source = try LedgerSource(invocation, on: loop)
            let key = try await AuditKey.find(invocation, source)
            var note = try invocation[checkpoint].map { try Self.note(in: $0) } ?? []
            if note.isEmpty { note = try await source.checkpoint() }
            var signed = try Checkpoint(note: note, verifiedBy: key)
            var next = start ?? 0
            guard next <= signed.size else {
                throw CommandError.usage(
                    "\(invocation.label)the ledger has \(signed.size) entries, and --cursor is \(next)"
                )
            }
            let end = signed.size - next > most ? next + most : signed.size
            if start == nil { try StandardOutput.write(format.header(next..<end, checkpoint: note, key: key)) }
            try await write(next..<end, format, signed, source)
            next = end
            while invocation.has(follow) {
                try await loop.sleep(for: pause)
                let newer = try await source.checkpoint()
                let later = try Checkpoint(note: newer, verifiedBy: key)
                guard later.size > signed.size else { continue }
                try await Consistency.check(signed, later, source)
                if format.hasProofs { try await announce(newer, later, after: signed, source) }
                signed = later
                try await write(next..<later.size, format, later, source)
                next = later.size
            }
            Console(invocation.environment).note(
                "exported up to entry \(next) of \(signed.size); go on with --cursor \(next)"
            )
            return .success
        }
    }

    private static func integer(_ option: Option, _ invocation: Invocation) throws -> UInt64? {
        guard let text = invocation[option] else { return nil }
        guard let number = UInt64(text) else {
            throw CommandError.usage("\(invocation.label)--\(option.name): '\(text)' is no number of an entry")
        }
        return number
    }

    /// The checkpoint in a file: a note, or the first line of an export.
    private static func note(in path: String) throws -> [UInt8] {
        var lines = try LineReader(path)
        let first = try lines.next() ?? []
        if let note = (try? JSON.parse(first))?["checkpoint"]?.asString { return Array(note.utf8) }
        return try LocalFile.read(path)
    }

    /// The line behind which entries are proved against a newer checkpoint.
    private static func announce(
        _ note: [UInt8],
        _ later: Checkpoint,
        after earlier: Checkpoint,
        _ source: LedgerSource
    ) async throws {
        let path = try await TileCache(source, size: later.size).prove { prover throws(LedgerError) in
            try prover.consistency(from: earlier.size)
        }
        let line: JSON = [
            "checkpoint": .string(String(decoding: note, as: UTF8.self)), "end": .integer(Int64(clamping: later.size)),
            "consistency": .array(path.map { .string(Base64.encode($0.bytes)) }),
        ]
        try StandardOutput.write(line.text + "\n")
    }

    private static func write(
        _ range: Range<UInt64>,
        _ format: ExportFormat,
        _ checkpoint: Checkpoint,
        _ source: LedgerSource
    ) async throws {
        let proofs = BundleProofs(TileCache(source, size: checkpoint.size), size: checkpoint.size)
        var next = range.lowerBound
        while next < range.upperBound {
            let number = next >> 8
            let entries = try await source.entries(number, under: checkpoint.size)
            let end = min((number + 1) << 8, range.upperBound)
            guard let last = entries.last?.index, last + 1 >= end, entries.first?.index == number << 8 else {
                throw CommandError(.badData, "entries from \(next) on are missing", advice: "run: jobpass audit verify")
            }
            let paths = format.hasProofs ? try await proofs.paths(number, entries) : [:]
            var text = ""
            for entry in entries where (next..<end).contains(entry.index) {
                text += format.line(entry, proof: paths[entry.index] ?? [])
            }
            try StandardOutput.write(text)
            next = end
        }
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
                paths[entry.index] = try await cache.prove { prover throws(LedgerError) in
                    try prover.inclusion(of: entry.index)
                }
            }
            return paths
        }
        let first = number << 8
        let upper = try await cache.prove { prover throws(LedgerError) in try prover.inclusion(of: first) }.dropFirst(8)
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
