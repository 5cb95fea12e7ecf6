internal import Auditing
internal import Configuration
internal import EventLoop
internal import JSON
internal import Ledger
internal import Stores
internal import Time
internal import Tokens

/// `jobpass config`: the broker's configuration.
enum ConfigCommand {
    static let definition = Command(
        name: "config",
        summary: "look at the broker's configuration",
        examples: [Command.Example("jobpass config check", "check it before the broker is started or reloaded")],
        body: .group([check])
    )

    static let replay = Option.flag(
        "replay",
        "hold its rules against the decisions in the ledger of its store, and say what would have been otherwise"
    )
    static let since = Option.value("since", "TIME", "with --replay: decisions from this time on; 90d by default")

    static let check = Command(
        name: "check",
        summary: "say all that can be known of a configuration without starting the broker",
        details: [
            "Reads the file, the keys and the other files that it names, and changes nothing. Each mistake comes with file, "
                + "line, column and what mends it; warnings stop no start."
        ],
        options: [ConfigurationFile.option, replay, since, .json],
        examples: [
            Command.Example(
                "jobpass config check --config /etc/jobpass/jobpass.yaml",
                "check the system's configuration"
            ),
            Command.Example(
                "jobpass config check --config new.yaml --replay --since 30d",
                "and say who would have gained or lost access, had it been in force"
            ),
        ],
        variables: [ConfigurationFile.variable],
        exits: [
            Command.Note("0", "the broker would start with it"),
            Command.Note("78", "it would not, for the reasons given"),
        ],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let path = try ConfigurationFile.path(invocation)
        var problems: [ConfigurationProblem]
        var failure: CommandError?
        var notes: [String] = []
        do throws(InvalidConfiguration) {
            let settings = try ConfigurationFile.load(path)
            problems = settings.warnings + Configuration.check(settings, at: SystemClock.now())
            notes = KeyFiles(settings).masterKeyNotes
            // The files' modes are among the problems already; only what is in them is new.
            if !problems.contains(where: { $0.severity == .error }) { failure = keyFailure(settings) }
        } catch {
            problems = error.problems
        }
        let isGood = failure == nil && !problems.contains { $0.severity == .error }
        let console = Console(invocation.environment)
        let replayed = invocation.has(replay) && isGood ? try replayed(path, invocation) : nil
        if invocation.has(.json) {
            let all = problems.map(json) + (failure.map { [json($0, in: path)] } ?? [])
            var answer: JSONObject = ["file": .string(path), "good": .bool(isGood), "problems": .array(all)]
            if let replayed { answer["replay"] = replayed.json }
            try console.result(.object(answer))
            return isGood ? .success : .configuration
        }
        for problem in problems { console.line(problem.description) }
        for note in notes { console.warning(note) }
        if let failure { throw failure }
        guard isGood else { return .configuration }
        try console.result("\(path) is good\n")
        if let replayed {
            try console.result(replayed.text(console.resultStyle))
            console.note(
                "\(replayed.count) decisions looked at; for \(replayed.rows.count) askers they would be others"
            )
        }
        return .success
    }

    /// The configuration's rules over the decisions of the past.
    private static func replayed(_ path: String, _ invocation: Invocation) throws -> ConfigurationReplay {
        let now = SystemClock.now()
        let start = try Moment.parse(since, invocation, now: now) ?? now - .seconds(90 * 86_400)
        let settings = try ConfigurationFile(path: path).settings
        return try EventLoop.runToCompletion { _ in
            var replay = ConfigurationReplay(settings)
            let source = LedgerSource.store(try OpenedStore.open(settings))
            try await IssuedClaims.walk(source) { view in
                guard view.leaf.time >= start else { return .stop }
                replay.take(view)
                return .goOn
            }
            return replay
        }
    }

    /// Why the broker could not use its keys; nil where it could.
    private static func keyFailure(_ settings: Settings) -> CommandError? {
        do {
            let files = KeyFiles(settings)
            _ = try files.checkpointKey()
            try files.checkMasterKeys()
            let place = try KeyPlace.open(settings)
            for ring in files.rings { _ = try place.keys(of: ring, settings) }
            if let outage = place.probe() { return CommandError(.configuration, outage, advice: KeyPlace.tokenAdvice) }
            return nil
        } catch {
            return CommandError(describing: error)
        }
    }

    private static func json(_ failure: CommandError, in path: String) -> JSON {
        [
            "severity": "error", "file": .string(path), "key": "keys", "reason": .string(failure.message),
            "fix": failure.advice.map { .string($0) } ?? .null,
        ]
    }

    private static func json(_ problem: ConfigurationProblem) -> JSON {
        [
            "severity": .string(problem.severity.rawValue), "file": .string(problem.file),
            "line": .integer(Int64(problem.line)), "column": .integer(Int64(problem.column)),
            "key": .string(problem.key), "reason": .string(problem.reason), "fix": .string(problem.fix),
        ]
    }
}
