internal import Encoding
internal import HTTP
internal import JSON
internal import Secrets
internal import Time

/// `jobpass secret list`: what a context holds, without the values.
enum SecretListCommand {
    static let definition = Command(
        name: "list",
        summary: "list the static secrets of a context: names, versions and dates, never values",
        details: [SecretCommand.access],
        operands: [SecretCommand.context],
        options: SecretCommand.options + [.json],
        examples: [Command.Example("jobpass secret list aws-legacy", "see what a fallback still holds")],
        variables: SecretCommand.variables,
        exits: SecretCommand.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let context = invocation.operands[0]
        let answer = try list(context, invocation)
        let console = Console(invocation.environment)
        if invocation.has(.json) {
            try console.result(answer)
            return .success
        }
        let secrets = answer["secrets"]?.asArray ?? []
        guard !secrets.isEmpty else {
            console.note("context \(context) holds no secrets")
            return .success
        }
        var table = Table("NAME", "VERSION", "CHANGED", "DELETED")
        for secret in secrets {
            table.add(
                secret["name"]?.asString ?? "",
                secret["version"]?.text ?? "",
                secret["changed_at"]?.asString ?? "",
                secret["deleted_at"]?.asString ?? "-"
            )
        }
        try console.result(table.text(console.resultStyle))
        return .success
    }

    /// The broker's answer, or from its store one of the same shape.
    private static func list(_ context: String, _ invocation: Invocation) throws -> JSON {
        if let local = try SecretCommand.local(invocation) {
            let secrets = try local.list(context).map(Self.json)
            return ["context": .string(context), "secrets": .array(secrets)]
        }
        return try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
            try await broker.call(.get, ["v1", "contexts", context, "secrets"])
        }
    }

    private static func json(_ summary: SecretSummary) -> JSON {
        [
            "name": .string(summary.name.text), "version": .integer(Int64(clamping: summary.version)),
            "created_at": .string(RFC3339.format(summary.created)),
            "changed_at": .string(RFC3339.format(summary.changed)),
            "deleted_at": summary.deleted.map { .string(RFC3339.format($0)) } ?? .null,
        ]
    }
}
