internal import Broker
internal import Crypto
internal import Encoding
internal import EventLoop
internal import Exchange
internal import HTTP
internal import HTTPClient
internal import JSON

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
            "Asks a broker as its administrator or, with --config, works on the broker's own host, beside the broker or without "
                + "it; only at a target with 'probe: true'. The broker does the same by itself, once a day or as often as the "
                + "target's 'probe_every' says.",
        ],
        operands: [Command.Operand("TARGET", "a target of the configuration")],
        options: [ConfigurationFile.option] + BrokerOptions.all + [.json],
        examples: [
            Command.Example("jobpass probe aws-prod", "see whether the role of aws-prod refuses what it must"),
            Command.Example("jobpass probe aws-prod --config /etc/jobpass/jobpass.yaml", "on the broker's own host"),
        ],
        variables: BrokerOptions.principalVariables,
        exits: [
            Command.Note("0", "every token was refused"),
            Command.Note("69", "what the target thinks of a token could not be found out"),
            Command.Note("76", "the target took a token that it must refuse"),
            Command.Note("78", "the target may not be probed, or the configuration cannot be used"),
        ],
        body: .action(run)
    )

    /// Six trades, each within its target's own time.
    private static let patience = Duration.seconds(300)

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let answer = invocation[ConfigurationFile.option] == nil ? try remote(invocation) : try local(invocation)
        try show(answer, invocation)
        let verdicts = (answer["probes"]?.asArray ?? []).compactMap { $0["verdict"]?.asString }
        if verdicts.contains("accepted") { return .badProtocol }
        return verdicts.contains("unknown") ? .unavailable : .success
    }

    private static func remote(_ invocation: Invocation) throws -> JSON {
        let name = invocation.operands[0]
        let address = try BrokerAddress(invocation)
        return try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
            let response = try await broker.response(.post, ["v1", "targets", name, "probe"], within: patience)
            let body = try JSON.parsed(response.body)
            if response.status == 409 {
                throw CommandError(
                    .configuration,
                    body["error_description"]?.asString ?? "the target may not be probed"
                )
            }
            guard response.status == 200 else {
                throw CommandError(BrokerRefusal(response.status, body, from: address.url))
            }
            return body
        }
    }

    private static func local(_ invocation: Invocation) throws -> JSON {
        let name = invocation.operands[0]
        let local = try LocalBroker(try ConfigurationFile(invocation).settings, log: LocalBroker.log)
        let trace = Hex.encode(Entropy.identifier())
        return try EventLoop.runToCompletion { loop in
            do throws(Problem) {
                let findings = try await local.broker.probe(
                    name,
                    trace: trace,
                    over: HTTPClient(on: loop),
                    pacing: Pacing(on: loop)
                )
                return Broker.json(of: findings, target: name, trace: trace)
            } catch {
                throw CommandError(error.code == .unavailable ? .unavailable : .configuration, error.reason)
            }
        }
    }

    private static func show(_ answer: JSON, _ invocation: Invocation) throws {
        let console = Console(invocation.environment)
        if invocation.has(.json) { return try console.result(answer) }
        let probes = answer["probes"]?.asArray ?? []
        var table = Table("PROBE", "VERDICT", "SEEN")
        for probe in probes {
            let seen = ["cause", "reason", "condition"].compactMap { probe[$0]?.asString }.first ?? ""
            let verdict = probe["verdict"]?.asString ?? ""
            let word = verdict == "accepted" ? "ACCEPTED" : verdict.replacing("_", with: " ")
            table.add(probe["probe"]?.asString ?? "", word, seen)
        }
        try console.result(table.text(console.resultStyle))
        for probe in probes {
            guard let condition = probe["condition"]?.asString, let fix = probe["fix"]?.asString else { continue }
            let name = probe["probe"]?.asString ?? ""
            console.failure(CommandError(.badProtocol, "\(name): \(condition)", advice: "to close it: \(fix)"))
        }
    }
}

extension JSON {
    /// A broker's answer, whatever its status.
    fileprivate static func parsed(_ body: [UInt8]) throws(CommandError) -> JSON {
        do throws(JSONError) { return try JSON.parse(body) } catch {
            throw CommandError(.unavailable, "the broker's answer is no JSON: \(error)")
        }
    }
}
