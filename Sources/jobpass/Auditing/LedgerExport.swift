internal import Auditing
internal import Crypto
internal import Encoding
internal import EventLoop
internal import JSON
internal import Ledger
internal import Locks
internal import POSIX

/// An export under way: entries in order onto standard output, each bundle whole or not at all.
final class LedgerExport: Sendable {
    /// How often new entries are looked for.
    private static let pause = Duration.seconds(1)

    private let format: ExportFormat
    private let source: LedgerSource
    private let key: VerifierKey
    /// The entry that comes next.
    private let next: Lock<UInt64>
    /// The checkpoint that the entries so far are proved against.
    private let newest = Lock<Checkpoint?>(nil)

    init(format: ExportFormat, source: LedgerSource, key: VerifierKey, from start: UInt64) {
        self.format = format
        self.source = source
        self.key = key
        next = Lock(start)
    }

    /// How far it has come, for the person who may want to go on.
    var position: String {
        let next = next.withLock { $0 }
        return "exported up to entry \(next); go on with --cursor \(next)"
    }

    /// Writes what a checkpoint covers, with the line or lines that an export begins with.
    func begin(under note: [UInt8], atMost most: UInt64, isContinued: Bool, isUnderKept: Bool) async throws {
        let signed = try Checkpoint(note: note, verifiedBy: key)
        let start = next.withLock { $0 }
        guard start <= signed.size else {
            throw CommandError.usage("the ledger has \(signed.size) entries, and --cursor is \(start)")
        }
        let end = signed.size - start > most ? start + most : signed.size
        newest.withLock { $0 = signed }
        if !isContinued || (format.hasProofs && !isUnderKept) {
            try StandardOutput.write(format.header(start..<end, checkpoint: note, key: key))
        }
        try await write(upTo: end, under: signed) { false }
    }

    /// Goes on with new entries as they come, until a signal; a broker that is away is waited for.
    func follow(until signals: SignalWatch, on loop: EventLoop, _ console: Console) async throws {
        var isAway = false
        while signals.poll() == nil {
            do {
                try await goOn { signals.poll() != nil }
                if isAway { console.note("the broker is back") }
                isAway = false
            } catch let error as CommandError where error.exit == .unavailable || error.exit == .tryAgain {
                if !isAway { console.warning("\(error.message); it is asked again") }
                isAway = true
            }
            try await loop.sleep(for: Self.pause)
        }
    }

    /// Writes what has come since, under a newer checkpoint that is proved to begin with the last.
    private func goOn(_ isOver: () -> Bool) async throws {
        let note = try await source.checkpoint()
        let later = try Checkpoint(note: note, verifiedBy: key)
        guard let signed = newest.withLock({ $0 }) else { return }
        if later != signed {
            try await Consistency.check(signed, later, source)
            if format.hasProofs { try await announce(note, later, after: signed) }
            newest.withLock { $0 = later }
        }
        try await write(upTo: later.size, under: later, isOver)
    }

    /// The line behind which entries are proved against a newer checkpoint.
    private func announce(_ note: [UInt8], _ later: Checkpoint, after earlier: Checkpoint) async throws {
        let path = try await TileCache(source, size: later.size).prove(.consistency(earlier.size))
        let line: JSON = [
            "checkpoint": .string(String(decoding: note, as: UTF8.self)), "end": .integer(Int64(clamping: later.size)),
            "consistency": .array(path.map { .string(Base64.encode($0.bytes)) }),
        ]
        try StandardOutput.write(line.text + "\n")
    }

    private func write(upTo end: UInt64, under checkpoint: Checkpoint, _ isOver: () -> Bool) async throws {
        let proofs = BundleProofs(TileCache(source, size: checkpoint.size), size: checkpoint.size)
        var position = next.withLock { $0 }
        while position < end, !isOver() {
            let number = position >> 8
            let entries = try await source.entries(number, under: checkpoint.size)
            let stop = min((number + 1) << 8, end)
            guard let last = entries.last?.index, last + 1 >= stop, entries.first?.index == number << 8 else {
                throw CommandError(
                    .badData,
                    "entries from \(position) on are missing",
                    advice: "run: jobpass audit verify"
                )
            }
            let paths = format.hasProofs ? try await proofs.paths(number, entries) : [:]
            var text = ""
            for entry in entries where (position..<stop).contains(entry.index) {
                text += format.line(entry, proof: paths[entry.index] ?? [])
            }
            try StandardOutput.write(text)
            position = stop
            next.withLock { $0 = stop }
        }
    }
}
