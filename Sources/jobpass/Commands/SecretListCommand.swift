internal import JSON

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
        let answer = try SecretCommand.desk(invocation).list(context)
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
        var table = Table("NAME", "VERSION", "CHANGED", "STATE")
        for secret in secrets {
            table.add(
                secret["name"]?.asString ?? "",
                secret["version"]?.text ?? "",
                secret["changed_at"]?.asString ?? "",
                state(secret)
            )
        }
        try console.result(table.text(console.resultStyle))
        return .success
    }

    private static func state(_ secret: JSON) -> String {
        if let deleted = secret["deleted_at"]?.asString {
            return "deleted \(deleted), value kept until \(secret["purged_at"]?.asString ?? "")"
        }
        guard let since = secret["overdue_since"]?.asString else { return "-" }
        return "overdue since \(since): older than \(secret["max_age"]?.asString ?? "max_age")"
    }
}
