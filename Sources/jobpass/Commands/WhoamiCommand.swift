internal import Encoding
internal import HTTP
internal import JSON
internal import Runs

/// `jobpass whoami`: the claims of this run.
enum WhoamiCommand {
    static let definition = Command(
        name: "whoami",
        summary: "show the claims that this run's next token would carry, and who answers for each",
        details: [
            "FROM says where a value comes from: the orchestrator that attested it, the place in another issuer's token, or the broker "
                + "itself. What a job says of itself with 'jobpass token --claim' is in no token but the one that is asked for."
        ],
        options: BrokerOptions.all + [.json],
        examples: [Command.Example("jobpass whoami --json", "see what the broker knows of this run")],
        variables: BrokerOptions.jobVariables,
        exits: BrokerRefusal.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let claims = try BrokerSession.run(invocation, as: .run) { broker throws(CommandError) in
            try await broker.call(.get, ["v1", "whoami"], query: Form([Form.Field("provenance", "true")]))
        }
        let console = Console(invocation.environment)
        if invocation.has(.json) {
            try console.result(claims)
            return .success
        }
        // An older broker does not say where claims come from.
        let sources = claims[UpstreamOrigin.member]
        var table = Table(sources == nil ? ["CLAIM", "VALUE"] : ["CLAIM", "VALUE", "FROM"])
        for member in claims.asObject?.members ?? [] where member.name != UpstreamOrigin.member {
            let value = member.value.asString ?? member.value.text
            table.rows.append([member.name, value] + (sources.map { [Self.source($0[member.name])] } ?? []))
        }
        try console.result(table.text(console.resultStyle))
        return .success
    }

    private static func source(_ json: JSON?) -> String { json.flatMap(Provenance.init)?.description ?? "-" }
}
