internal import Auditing
internal import EventLoop
internal import JSON
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
        "begin with this entry, where an earlier export ended"
    )
    static let limit = Option.value("limit", "N", "at most so many entries")
    static let checkpoint = Option.value(
        "checkpoint",
        "FILE",
        "against this checkpoint, or the first of an earlier export, instead of the newest: the same bytes again",
        kind: .file
    )
    static let follow = Option.flag("follow", "go on with new entries as they come, until interrupted")

    static let definition = Command(
        name: "export",
        summary: "write the ledger out, with proofs, as a table, or for a SIEM",
        details: [
            "Writes every entry, the oldest first, each with the proof that the checkpoint in the first line covers it; "
                + "'audit verify EXPORT' verifies that anywhere, offline. The same entries against the same checkpoint are the "
                + "same bytes; the cursor that ends an export is said on standard error.",
            "With --cursor an export goes on: CSV without its first line, and JSON lines with a line about the newer checkpoint, which "
                + "'audit verify' compares with the older; with --checkpoint it goes on under the same one, as if it had never been "
                + "broken off. With --follow a broker that does not answer is asked again until it does.",
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

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let format = try invocation[format].map { try invocation.choice($0) as ExportFormat } ?? .jsonl
        let start = try integer(cursor, invocation)
        let most = try integer(limit, invocation) ?? .max
        let kept = try invocation[checkpoint].map { try note(in: $0) }
        let signals = invocation.has(follow) ? try SignalWatch([.terminate, .interrupt]) : nil
        let console = Console(invocation.environment)
        return try EventLoop.runToCompletion { loop in
            let source = try LedgerSource(invocation, on: loop)
            let key = try await AuditKey.find(invocation, source)
            let export = LedgerExport(format: format, source: source, key: key, from: start ?? 0)
            do {
                let first: [UInt8]
                if let kept { first = kept } else { first = try await source.checkpoint() }
                try await export.begin(under: first, atMost: most, isContinued: start != nil, isUnderKept: kept != nil)
                if let signals { try await export.follow(until: signals, on: loop, console) }
            } catch {
                console.note(export.position)
                throw error
            }
            console.note(export.position)
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
}
