internal import Auditing
internal import Claims
internal import Encoding
internal import HTTP
internal import JSON
internal import POSIX
internal import Time

/// `jobpass audit trace`: from anything that an auditor holds to the whole story of its run.
enum AuditTraceCommand {
    static let trail = Option.flag(
        "cloudtrail",
        "the operands are CloudTrail files: report sessions of our provider for which no token was issued"
    )

    static let definition = Command(
        name: "trace",
        summary: "tell the whole story of a run, from anything that is known of it",
        details: [
            "ANYTHING is a run's id, a jti, a trace id, a token's SHA-256, a kid, an AWS access-key id, a role session's name, or a "
                + "file that holds a token or an event of CloudTrail, of Google's audit logs or of Azure's sign-in logs.",
            "With --cloudtrail, every session of this issuer's provider in the files is looked up. One for which no token was issued "
                + "comes from a stolen key or from a trust path that nobody should have, and the exit code is 65.",
        ],
        operands: [
            Command.Operand("ANYTHING", "what is known, or a file that holds it", count: .oneOrMore, kind: .file)
        ],
        options: [trail] + BrokerOptions.all + [.json],
        examples: [
            Command.Example("jobpass audit trace ASIAQ3EGJWEXAMPLE", "whose access key was that?"),
            Command.Example("jobpass audit trace --cloudtrail trail/*.json", "did anybody get in past us?"),
        ],
        variables: BrokerOptions.principalVariables,
        exits: [Command.Note("65", "the ledger has nothing of it, or a session has no token")]
            + BrokerRefusal.exits.filter { $0.name != "65" },
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        if invocation.has(trail) { return try CloudTrailCheck.run(invocation) }
        var clues: [TraceClues.Clue] = []
        for operand in invocation.operands { clues += try Self.clues(operand) }
        let found = clues
        let story = try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
            try await tell(found, by: broker)
        }
        guard !story.isEmpty else {
            let tried = Set(found.map(\.filter)).sorted().joined(separator: ", ")
            throw CommandError(.badData, "the ledger has nothing of it (looked for as \(tried))")
        }
        let console = Console(invocation.environment)
        if invocation.has(.json) {
            try console.result(["entries": .array(story)])
            return .success
        }
        var table = Table("INDEX", "TIME", "KIND", "OUTCOME", "WHO", "FOR", "REASON")
        for entry in story { table.rows.append(AuditListCommand.row(entry)) }
        try console.result(table.text(console.resultStyle))
        return .success
    }

    /// What a word may mean, or what a file of that name holds.
    private static func clues(_ operand: String) throws -> [TraceClues.Clue] {
        guard operand == "-" || (try? Files.status(operand))?.kind == .regular else {
            if operand.split(separator: ".").count == 3 && operand.hasPrefix("ey") {
                return TraceClues(token: operand).clues
            }
            var clues = TraceClues(word: operand)
            if operand.contains(":") { clues.add(subject: Subject(digestOf: operand).text) }
            return clues.clues
        }
        let bytes = try LocalFile.read(operand)
        var text = String(decoding: bytes, as: UTF8.self)
        while text.last?.isWhitespace == true { text.removeLast() }
        if text.hasPrefix("ey"), text.split(separator: ".").count == 3 { return TraceClues(token: text).clues }
        let clues = TraceClues.events(in: bytes).flatMap { TraceClues(event: $0).clues }
        guard !clues.isEmpty else {
            throw CommandError(
                .badData,
                "\(operand) holds neither a token nor a cloud's log event that names a session"
            )
        }
        return clues
    }

    /// The entries of every run that the first clue with an answer leads to, the oldest first.
    private static func tell(
        _ clues: [TraceClues.Clue],
        by broker: borrowing BrokerClient
    ) async throws(CommandError) -> [JSON] {
        for clue in clues {
            let found = try await entries(clue, by: broker)
            guard !found.isEmpty else { continue }
            var story: [Int64: JSON] = [:]
            for entry in found {
                story[entry["index"]?.asInteger ?? -1] = entry
                // A key has signed for many runs: its own entries are the story.
                guard clue.filter != "kid", let run = entry["run"]?.asString, clue.filter != "run" else { continue }
                guard
                    !story.values.contains(where: {
                        $0["run"]?.asString == run && $0["kind"]?.asString == "run.registered"
                    })
                else { continue }
                for step in try await entries(TraceClues(word: run).clues[0], by: broker) {
                    story[step["index"]?.asInteger ?? -1] = step
                }
            }
            return story.sorted { $0.key < $1.key }.map(\.value)
        }
        return []
    }

    /// All entries of a clue, up to a thousand.
    static func entries(_ clue: TraceClues.Clue, by broker: borrowing BrokerClient) async throws(CommandError) -> [JSON]
    {
        var form = Form([.init(clue.filter, clue.value), .init("limit", "1000")])
        if let around = clue.around {
            form.append("since", RFC3339.format(around.since))
            form.append("until", RFC3339.format(around.until))
        }
        let answer = try await broker.call(.get, ["v1", "audit", "entries"], query: form)
        return (answer["entries"]?.asArray ?? []).filter { $0["error"] == nil && $0["pruned"] == nil }
    }
}
