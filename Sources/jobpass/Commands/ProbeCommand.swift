internal import Broker
internal import Crypto
internal import Encoding
internal import EventLoop
internal import Exchange
internal import HTTPClient
internal import JSON
internal import POSIX
internal import Policy

/// `jobpass probe`: sends a target tokens that it must refuse.
enum ProbeCommand {
    static let definition = Command(
        name: "probe",
        summary: "send a target tokens that it must refuse, and say which it takes",
        details: [
            "Signs tokens that are wrong on purpose: of another project, of a fork, of another branch, made out to another "
                + "audience, expired, pinned to another role; those that the target's own rules allow are left out. Each is in "
                + "the ledger as a probe before it leaves. A token that the target takes means that the cloud's side trusts more "
                + "than the target's rules say: the credential is revoked or dropped at once, and the finding names the "
                + "condition that let it in.",
            "Runs on the broker's own host, beside the broker or without it, and only at a target with 'probe: true'. The "
                + "broker does the same by itself, once a day or as often as the target's 'probe_every' says.",
        ],
        operands: [Command.Operand("TARGET", "a target of the configuration")],
        options: [ConfigurationFile.option, .json],
        examples: [
            Command.Example("jobpass probe aws-prod", "see whether the role of aws-prod refuses what it must")
        ],
        variables: [ConfigurationFile.variable],
        exits: [
            Command.Note("0", "every token was refused"),
            Command.Note("69", "what the target thinks of a token could not be found out"),
            Command.Note("76", "the target took a token that it must refuse"),
            Command.Note("78", "the target may not be probed, or the configuration cannot be used"),
        ],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let name = invocation.operands[0]
        let settings = try ConfigurationFile(invocation).settings
        let local = try LocalBroker(settings, log: LocalBroker.log)
        let trace = Hex.encode(Entropy.identifier())
        let findings = try EventLoop.runToCompletion { loop in
            do throws(Problem) {
                return try await local.broker.probe(
                    name,
                    trace: trace,
                    over: HTTPClient(on: loop),
                    pacing: Pacing(on: loop)
                )
            } catch {
                throw CommandError(error.code == .unavailable ? .unavailable : .configuration, error.reason)
            }
        }
        try show(findings, of: name, trace: trace, invocation)
        if findings.contains(where: \.isAlarm) { return .badProtocol }
        return findings.contains(where: \.isUnknown) ? .unavailable : .success
    }

    private static func show(
        _ findings: [Broker.ProbeFinding],
        of target: String,
        trace: String,
        _ invocation: Invocation
    ) throws {
        let console = Console(invocation.environment)
        if invocation.has(.json) {
            try console.result([
                "target": .string(target), "trace": .string(trace), "probes": .array(findings.map(\.json)),
            ])
            return
        }
        var table = Table("PROBE", "VERDICT", "SEEN")
        for finding in findings { table.add(finding.fault.rawValue, finding.word, finding.seen) }
        try console.result(table.text(console.resultStyle))
        for finding in findings {
            guard case .accepted(let condition, let fix) = finding.verdict else { continue }
            console.failure(
                CommandError(.badProtocol, "\(finding.fault.rawValue): \(condition)", advice: "to close it: \(fix)")
            )
        }
    }
}

extension Broker.ProbeFinding {
    var isAlarm: Bool { if case .accepted = verdict { true } else { false } }

    var isUnknown: Bool { if case .unknown = verdict { true } else { false } }

    /// The verdict as scripts read it.
    var word: String {
        switch verdict {
        case .refused: "refused"
        case .accepted: "ACCEPTED"
        case .unknown: "unknown"
        case .unsuited: "left out"
        }
    }

    var seen: String {
        switch verdict {
        case .refused(let words), .unknown(let words), .unsuited(let words): words
        case .accepted(let condition, _): condition
        }
    }

    var json: JSON {
        var members: JSONObject = [
            "probe": .string(fault.rawValue), "verdict": .string(word.lowercased().replacing(" ", with: "_")),
        ]
        members["ledger_index"] = ledgerIndex.map { .integer(Int64(clamping: $0)) }
        switch verdict {
        case .refused(let words), .unknown(let words): members["cause"] = .string(words)
        case .unsuited(let words): members["reason"] = .string(words)
        case .accepted(let condition, let fix):
            members["condition"] = .string(condition)
            members["fix"] = .string(fix)
        }
        return .object(members)
    }
}
