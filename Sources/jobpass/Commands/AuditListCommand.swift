internal import Claims
internal import Encoding
internal import HTTP
internal import JSON
internal import Time

/// `jobpass audit list`: the ledger's entries, the newest first.
enum AuditListCommand {
    /// Options that are a filter of the broker under their own name, `-` being `_` there.
    static let filters = [
        Option.value("kind", "KIND", "such as token.issued, exchange.refused or fallback.used"),
        Option.value("outcome", "OUTCOME", "such as succeeded or denied"),
        Option.value("project", "PROJECT", "the run's project"),
        Option.value("workflow", "WORKFLOW", "the run's workflow"),
        Option.value("job", "JOB", "the run's job"),
        Option.value("ref", "REF", "the run's branch or tag"),
        Option.value("subject", "SUBJECT", "the sub of its tokens, or what such a digest stands for"),
        Option.value("audience", "AUDIENCE", "for whom its tokens were"),
        Option.value("target", "TARGET", "where it was exchanged"),
        Option.value("context", "CONTEXT", "whose secrets were read"),
        Option.value("secret", "NAME", "which secret was read or changed"),
        Option.value("run", "ID", "one run, by its id"),
        Option.value("principal", "NAME", "who asked, where that was no run"),
        Option.value("kid", "KID", "the key that signed"),
        Option.value("credential", "NAME", "the credential's name at its cloud, such as an AWS access-key ID"),
        Option.value("session", "NAME", "the session's name at the cloud"),
        Option.value("jti", "ID", "one token, by its id"),
        Option.value("token-sha256", "HEX", "one token, by its SHA-256 in lower-case hex"),
        Option.value("trace", "ID", "one request, by the trace id of its answer"),
    ]
    static let since = Option.value(
        "since",
        "TIME",
        "from this time on: 2026-11-22T09:30:00Z, 2026-11-22, or 24h for the last day"
    )
    static let until = Option.value("until", "TIME", "up to this time, written likewise")
    static let limit = Option.value("limit", "N", "at most so many entries")
    static let cursor = Option.value("cursor", "CURSOR", "go on where an earlier list ended")

    static let definition = Command(
        name: "list",
        summary: "list the ledger's entries, the newest first",
        options: filters + [since, until, limit, cursor] + BrokerOptions.all + [.json],
        examples: [
            Command.Example(
                "jobpass audit list --since 24h --kind fallback.used",
                "which static secrets still stood in"
            ),
            Command.Example(
                "jobpass audit list --token-sha256 \"$(printf %s \"$TOKEN\" | sha256sum | cut -d' ' -f1)\" --json",
                "who was given a token that was found somewhere"
            ),
        ],
        variables: BrokerOptions.principalVariables,
        exits: BrokerRefusal.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let query = try query(invocation, now: SystemClock.now())
        let answer = try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
            let answer = try await broker.call(.get, ["v1", "audit", "entries"], query: query)
            // A subject that is too long for its relying party is in tokens as its digest.
            guard answer["entries"]?.asArray?.isEmpty == true, let digest = Self.byDigest(query) else { return answer }
            return try await broker.call(.get, ["v1", "audit", "entries"], query: digest)
        }
        let console = Console(invocation.environment)
        if invocation.has(.json) {
            try console.result(answer)
            return .success
        }
        let entries = answer["entries"]?.asArray ?? []
        guard !entries.isEmpty else {
            console.note("the ledger has no such entry")
            return .success
        }
        var table = Table("INDEX", "TIME", "KIND", "OUTCOME", "WHO", "FOR", "REASON")
        for entry in entries { table.rows.append(row(entry)) }
        try console.result(table.text(console.resultStyle))
        if let next = answer["next"]?.asString { console.note("there are more: --cursor \(next)") }
        return .success
    }

    /// The same query for the digest of its subject; nil where it names none.
    private static func byDigest(_ query: Form) -> Form? {
        guard let subject = query.fields.first(where: { $0.name == "subject" })?.value,
            !subject.hasPrefix(SubjectFormat.digestPrefix)
        else { return nil }
        return Form(
            query.fields.map { field in
                field.name == "subject" ? Form.Field("subject", Subject(digestOf: subject).text) : field
            }
        )
    }

    static func row(_ entry: JSON) -> [String] {
        let claims = entry["claims"]
        let run = [claims?["project"]?.asString, claims?["job"]?.asString].compactMap(\.self).joined(separator: " ")
        let purpose = entry["target"] ?? entry["context"] ?? entry["audience"] ?? claims?["aud"]
        return [
            entry["index"]?.text ?? "", entry["time"]?.asString ?? "", entry["kind"]?.asString ?? "",
            entry["outcome"]?.asString ?? "", run.isEmpty ? entry["principal"]?.asString ?? "-" : run,
            purpose?.asString ?? "-", entry["reason"]?.asString ?? "-",
        ]
    }

    static func query(_ invocation: Invocation, now: UnixTime) throws(CommandError) -> Form {
        var query = Form()
        for option in filters {
            guard let value = invocation[option] else { continue }
            query.append(String(option.name.map { $0 == "-" ? "_" : $0 }), value)
        }
        for option in [since, until] {
            guard let moment = try Moment.parse(option, invocation, now: now) else { continue }
            query.append(option.name, RFC3339.format(moment))
        }
        if let limit = try invocation.integer(limit, in: 1...1_000) { query.append("limit", "\(limit)") }
        if let cursor = invocation[cursor] { query.append("cursor", cursor) }
        return query
    }
}
