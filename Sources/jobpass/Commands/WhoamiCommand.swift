internal import HTTP
internal import JSON

/// `jobpass whoami`: the claims of this run.
enum WhoamiCommand {
    static let definition = Command(
        name: "whoami",
        summary: "show the claims that this run's next token would carry",
        options: BrokerOptions.all + [.json],
        examples: [Command.Example("jobpass whoami --json", "see what the broker knows of this run")],
        variables: BrokerOptions.jobVariables,
        exits: BrokerRefusal.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let claims = try BrokerSession.run(invocation, as: .run) { broker throws(CommandError) in
            try await broker.call(.get, ["v1", "whoami"])
        }
        let console = Console(invocation.environment)
        if invocation.has(.json) {
            try console.result(claims)
            return .success
        }
        var table = Table("CLAIM", "VALUE")
        for member in claims.asObject?.members ?? [] {
            table.add(member.name, member.value.asString ?? member.value.text)
        }
        try console.result(table.text(console.resultStyle))
        return .success
    }
}
