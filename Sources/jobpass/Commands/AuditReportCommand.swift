internal import Auditing
internal import Configuration
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

    static let witness = Option.value(
        "witness",
        "KEY",
        "a witness's verifier key, whose cosignature the report is to verify and name; with --config those of "
            + "ledger.witnesses are known",
        repeats: true
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
        options: [since, until, output, AuditKey.option, witness] + LedgerSource.options,
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
            try await gather(start..<end, invocation, try LedgerSource(invocation, on: loop))
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

    /// Verifies the whole ledger, and takes what the period holds on the way.
    private static func gather(
        _ period: Range<UnixTime>,
        _ invocation: Invocation,
        _ source: LedgerSource
    ) async throws -> AuditReport {
        let key = try await AuditKey.find(invocation, source)
        let note = try await source.checkpoint()
        let checkpoint = try Checkpoint(note: note, verifiedBy: key)
        var report = AuditReport(since: period.lowerBound, until: period.upperBound, checkpoint: note, key: key)
        let walk = try await source.walk(to: checkpoint) { entries in for entry in entries { report.take(entry) } }
        report.verified(walk)
        let known = try Witnesses(invocation)
        if let cosigned = try await source.witnessed() {
            let earlier = try Checkpoint(note: cosigned, verifiedBy: key)
            try await Consistency.check(earlier, checkpoint, source)
            for witness in known.keys { report.note(witness, on: cosigned, of: earlier) }
        }
        return report
    }
}

/// The witnesses that an auditor knows.
private struct Witnesses {
    let keys: [CosignatureKey]

    /// Those that a call names, and those of its configuration.
    init(_ invocation: Invocation) throws {
        var texts = invocation.all(AuditReportCommand.witness)
        if invocation[ConfigurationFile.option] != nil {
            // Each is written 'KEY URL' there.
            texts += try ConfigurationFile(invocation).settings.ledger.witnesses.compactMap { line in
                line.split(separator: " ").first.map { String($0) }
            }
        }
        keys = try texts.map { try CosignatureKey($0) }
    }
}
