internal import Auditing
internal import Crypto
internal import EventLoop
internal import JSON
internal import Ledger
internal import POSIX
internal import Time

/// `jobpass audit report`: the evidence of a period.
enum AuditReportCommand {
    static let since = Option.value(
        "since",
        "TIME",
        "from this time on: 2026-11-01, or 30d for the last 30 days",
        isRequired: true
    )
    static let until = Option.value("until", "TIME", "up to this time, written likewise; now by default")
    static let output = Option.value(
        "output",
        "FILE",
        "write HTML into this file, and FILE.json beside it",
        letter: "o",
        kind: .file
    )

    static let definition = Command(
        name: "report",
        summary: "write the evidence of a period, verified, as HTML and JSON",
        details: [
            "Walks over the whole ledger, verifies it as audit verify does, and counts what the period holds: by project, target and "
                + "outcome; denials with their reasons; fallbacks; reads of static secrets; events of keys; changes of configuration; "
                + "and who witnessed the checkpoint. The HTML is one file that needs nothing else. Nothing is reported of a ledger "
                + "that does not verify.",
            "Without --output the JSON goes to standard output.",
        ],
        options: [since, until, output, AuditKey.option] + LedgerSource.options,
        examples: [
            Command.Example(
                "jobpass audit report --since 2026-10-01 --until 2026-11-01 --output october.html --key ledger.vkey",
                "what an auditor files of October"
            )
        ],
        variables: BrokerOptions.principalVariables,
        exits: [Command.Note("65", "the ledger is not what was recorded")]
            + BrokerRefusal.exits.filter { $0.name != "65" },
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let now = SystemClock.now()
        guard let start = try Moment.parse(since, invocation, now: now) else { return .usage }
        let end = try Moment.parse(until, invocation, now: now) ?? now
        guard start < end else { throw CommandError.usage("\(invocation.label)--since is not before --until") }
        let report = try EventLoop.runToCompletion { loop in
            let source = try LedgerSource(invocation, on: loop)
            let key = try await AuditKey.find(invocation, source)
            let note = try await source.checkpoint()
            let checkpoint = try Checkpoint(note: note, verifiedBy: key)
            var report = AuditReport(since: start, until: end, checkpoint: note, key: key)
            var walk = LedgerWalk()
            while walk.size < checkpoint.size {
                let number = walk.size >> 8
                let stop = min(walk.size + 256, checkpoint.size)
                let tile = try await source.tile(TileAddress(level: 0, number: number), under: checkpoint.size)
                let entries = try await source.entries(number, under: checkpoint.size)
                for computed in try walk.take(entries, upTo: stop, tile: tile) {
                    try walk.compare(computed, with: try await source.tile(computed.address, under: checkpoint.size))
                }
                for entry in entries { report.take(entry) }
            }
            try walk.finish(at: checkpoint)
            report.verified(walk)
            return report
        }
        let console = Console(invocation.environment)
        guard let path = invocation[output] else {
            try console.result(report.json)
            return .success
        }
        try Files.replace(path, Array(report.html.utf8), mode: 0o644)
        try Files.replace("\(path).json", report.json.serialized(pretty: true) + [0x0A], mode: 0o644)
        console.note("wrote \(path) and \(path).json")
        return .success
    }
}
