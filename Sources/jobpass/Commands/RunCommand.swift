internal import HTTP
internal import JSON
internal import POSIX
internal import Runs
internal import Time

/// `jobpass run`: registers a run around a command, for cron, make and bare hosts.
enum RunCommand {
    static let project = Option.value("project", "PROJECT", "such as acme/web", isRequired: true)
    static let workflow = Option.value("workflow", "WORKFLOW", "such as deploy", isRequired: true)
    static let job = Option.value("job", "JOB", "such as release", isRequired: true)
    static let trust = Option.value(
        "trust",
        "TRUST",
        "untrusted for code that nobody of the project has approved; trusted by default",
        kind: .choice(["trusted", "untrusted"])
    )
    static let claim = Option.value(
        "claim",
        "NAME=VALUE",
        "a further claim that your principal may attest",
        repeats: true
    )
    static let lifetime = Option.value("expires-in", "DURATION", "how long the run may live, though CMD may go on")

    /// Options that are a member of the run's body under their own name, `-` being `_` there.
    static let members = [
        project, workflow, job,
        Option.value("ref", "REF", "the branch or tag, such as refs/heads/main"),
        Option.value("ref-type", "TYPE", "branch or tag"),
        Option.value("sha", "SHA", "the commit"),
        Option.value("environment", "ENVIRONMENT", "where it deploys to, such as production"),
        Option.value("event", "EVENT", "what started it, such as push or schedule"),
        Option.value("actor", "ACTOR", "who started it"),
        Option.value("repository", "URL", "where its code is"),
        Option.value("run-id", "ID", "your own number of the run"),
        Option.value("attempt", "N", "which attempt at it this is"),
        Option.value("runner", "NAME", "the machine it runs on"),
        Option.value("project-id", "ID", "the project's unchanging number"),
        Option.value("workflow-id", "ID", "the workflow's unchanging number"),
        trust,
    ]

    static let definition = Command(
        name: "run",
        summary: "register a run, run a command in its environment, end the run",
        details: [
            "For cron, make and bare hosts, where no CI server registers runs. You attest what the options say, as the "
                + "principal whose token JOBPASS_TOKEN_FILE holds; CMD gets the run's request token in its environment, and "
                + "the token is dead once CMD has ended, however it ended.",
            "CMD gets the signals that jobpass gets, and jobpass exits as CMD did: with its exit code, or 128 and the number of "
                + "the signal that ended it; 126 where CMD may not be run, 127 where it is not there.",
        ],
        options: members + [claim, lifetime] + BrokerOptions.all,
        takesChild: true,
        examples: [
            Command.Example(
                "jobpass run --project acme/web --workflow nightly --job backup -- jobpass exec aws-prod -- ./backup.sh",
                "a nightly backup with a credential of its own"
            )
        ],
        variables: BrokerOptions.principalVariables,
        exits: BrokerRefusal.exits,
        body: .action(run)
    )

    /// A registration or its end is one entry in the ledger; signals wait for so long at most.
    private static let patience = Duration.seconds(15)

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let child = try ChildCommand()
        let body = try body(invocation)
        let run = try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
            try RegisteredRun(await broker.call(.post, ["v1", "runs"], body: .json(body), within: patience))
        }
        // From here on the run is ended whatever happens.
        let result = Result { () throws(CommandError) in
            if let signal = child.interruption() { return ExitCode(number: 128 + signal.rawValue) }
            return try child.run(invocation.child, run.environment(invocation.environment))
        }
        end(run, invocation)
        return try result.get()
    }

    private static func end(_ run: RegisteredRun, _ invocation: Invocation) {
        do {
            _ = try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
                try await broker.call(.delete, ["v1", "runs", run.id], within: patience)
            }
        } catch {
            let reason = CommandError(describing: error).message
            Console(invocation.environment).warning(
                "run \(run.id) could not be ended and lives until \(run.expires): \(reason)"
            )
        }
    }

    /// The options that describe a run to a command which makes none itself: the same, none of them needed.
    static let described =
        members.map { option in
            Option.value(
                option.name,
                option.placeholder ?? "",
                "of the run: \(option.summary)",
                kind: option.kind
            )
        } + [claim]

    /// The run that a call describes; nil where it describes none.
    ///
    /// - Throws: `CommandError` where the description is not whole.
    static func request(_ invocation: Invocation) throws -> RunRequest? {
        guard (members + [claim]).contains(where: { invocation.has($0) }) else { return nil }
        let missing = [project, workflow, job].filter { invocation[$0] == nil }.map { "--\($0.name)" }
        guard missing.isEmpty else {
            throw CommandError.usage("\(invocation.label)a run has also \(missing.joined(separator: ", "))")
        }
        let body = try body(invocation)
        do throws(AttestationError) {
            return try RunRequest(body: body)
        } catch {
            throw CommandError.usage("\(invocation.label)\(error)")
        }
    }

    private static func body(_ invocation: Invocation) throws(CommandError) -> JSON {
        var body = JSONObject()
        for option in members {
            guard let value = invocation[option] else { continue }
            body[String(option.name.map { $0 == "-" ? "_" : $0 })] = .string(value)
        }
        var claims = JSONObject()
        for text in invocation.all(claim) {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, claims[String(parts[0])] == nil else {
                throw .usage("\(invocation.label)--claim: '\(text)' is no NAME=VALUE with a name of its own")
            }
            claims[String(parts[0])] = .string(String(parts[1]))
        }
        if !claims.members.isEmpty { body["claims"] = .object(claims) }
        if let lifetime = try invocation.duration(lifetime) { body["expires_in"] = .integer(lifetime.wholeSeconds) }
        return .object(body)
    }
}

/// A run as the broker registered it.
private struct RegisteredRun: Sendable {
    let id: String
    let expires: String
    private let variables: [String: String]

    init(_ answer: JSON) throws(CommandError) {
        guard let id = answer["id"]?.asString, let members = answer["environment"]?.asObject?.members else {
            throw CommandError(.unavailable, "the broker's answer names no run, or no environment for it")
        }
        self.id = id
        expires = answer["expires_at"]?.asString ?? "its expiry"
        variables = members.reduce(into: [:]) { $0[$1.name] = $1.value.asString }
    }

    /// The command's environment: its run's, and not where its principal's token lies.
    func environment(_ outer: Environment) -> Environment {
        var environment = outer
        environment[BrokerOptions.tokenFile.name] = nil
        environment[BrokerOptions.requestTokenFile.name] = nil
        environment.merge(variables)
        return environment
    }
}
