internal import Auditing
internal import EventLoop
internal import JSON
internal import Ledger
internal import Time
internal import Trust

/// `jobpass trust replay`: what a policy makes of the tokens that were issued.
enum TrustReplayCommand {
    static let policy = Option.value("policy", "FILE", "the new policy", kind: .file, isRequired: true)
    static let against = Option.value("against", "FILE", "the policy that it is to replace", kind: .file)
    static let since = Option.value(
        "since",
        "TIME",
        "tokens from this time on: 90d for the last 90 days (the default), or a day"
    )
    static let failOn = Option.value(
        "fail-on",
        "CHANGE",
        "exit with 65 where any job gains or loses access: gains, loses, or both as gains,loses"
    )

    static let definition = Command(
        name: "replay",
        summary: "hold a policy against the ledger's tokens: who gains access, who loses it",
        details: [
            "Only the issuer knows every claim that it has issued. Each token that the ledger holds since then is held against the policy, "
                + "and with --against against the one before. A token for another audience than the policy's is refused by both."
        ],
        options: [policy, against] + PolicyFile.options + [since, failOn] + LedgerSource.options + [.json],
        examples: [
            Command.Example(
                "jobpass trust replay --policy new.json --against old.json --since 90d --config /etc/jobpass/jobpass.yaml",
                "what a change of a role's trust policy would do"
            )
        ],
        variables: BrokerOptions.principalVariables,
        exits: [
            Command.Note("0", "done"),
            Command.Note("65", "--fail-on found what it looks for, or a policy cannot be read"),
        ],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let wanted = (invocation[failOn] ?? "").split(separator: ",").map(String.init)
        for word in wanted where !["gains", "loses"].contains(word) {
            throw CommandError.usage("\(invocation.label)--fail-on: '\(word)' is neither gains nor loses")
        }
        let now = SystemClock.now()
        let start = try Moment.parse(since, invocation, now: now) ?? now - .seconds(90 * 86_400)
        let new = try only(invocation[policy] ?? "", invocation)
        let old = try invocation[against].map { try only($0, invocation) }
        let replay = try EventLoop.runToCompletion { loop in
            var replay = Replay(new, against: old)
            try await IssuedClaims.walk(try LedgerSource(invocation, on: loop)) { view in
                guard view.leaf.time >= start else { return .stop }
                if view.leaf.entry.kind == .tokenIssued, let claims = view.claims {
                    replay.add(claims, at: view.leaf.time.seconds)
                }
                return .goOn
            }
            return replay
        }
        try show(replay, hasOld: old != nil, invocation)
        let found = wanted.filter { word in replay.rows.contains { $0.change.rawValue == word } }
        guard found.isEmpty else {
            throw CommandError(.badData, "--fail-on: a job \(found.joined(separator: ", another "))")
        }
        return .success
    }

    private static func only(_ path: String, _ invocation: Invocation) throws -> any TrustPolicy {
        let files = try PolicyFile.read(path, invocation)
        guard files.count == 1 else {
            throw CommandError.usage(
                "\(invocation.label)\(path) has several entries; give --target, --audience or --context"
            )
        }
        return files[0].policy
    }

    private static func show(_ replay: Replay, hasOld: Bool, _ invocation: Invocation) throws {
        let console = Console(invocation.environment)
        if invocation.has(.json) {
            try console.result(["tokens": .integer(Int64(replay.count)), "jobs": .array(replay.rows.map(json))])
            return
        }
        var table = Table("ACCESS", "PROJECT", "WORKFLOW", "JOB", "REF", "AUDIENCE", "TOKENS", "LAST")
        for row in replay.rows {
            let word = hasOld ? row.change.rawValue : row.after.rawValue
            table.add(
                word,
                row.job.project,
                row.job.workflow,
                row.job.job,
                row.job.ref,
                row.job.audience,
                "\(row.count)",
                RFC3339.format(UnixTime(seconds: row.last))
            )
        }
        if !replay.rows.isEmpty { try console.result(table.text(console.resultStyle)) }
        let counts = Replay.Change.allCases.compactMap { change -> String? in
            let jobs = replay.rows.count { $0.change == change }
            return jobs > 0 ? "\(jobs) \(change.rawValue)" : nil
        }
        console.note("\(replay.count) tokens" + (hasOld ? ": jobs: \(counts.joined(separator: ", "))" : ""))
    }

    private static func json(_ row: Replay.Row) -> JSON {
        [
            "project": .string(row.job.project), "workflow": .string(row.job.workflow), "job": .string(row.job.job),
            "ref": .string(row.job.ref), "audience": .string(row.job.audience), "change": .string(row.change.rawValue),
            "before": row.before.map { .string($0.rawValue) } ?? .null, "after": .string(row.after.rawValue),
            "tokens": .integer(Int64(row.count)), "last": .string(RFC3339.format(UnixTime(seconds: row.last))),
        ]
    }
}
