internal import JSON

/// `jobpass secret versions`: what versions a secret has had.
enum SecretVersionsCommand {
    static let definition = Command(
        name: "versions",
        summary: "list the versions of a static secret with their dates, never values",
        details: [
            "A version is current; readable, while a job may still ask for it by its number after a rotation; kept, for "
                + "seven days, so that 'secret rollback' can bring its value back; deleted, and kept for as long; or purged, and "
                + "then its number and dates alone are left.",
            SecretCommand.access,
        ],
        operands: [SecretCommand.context, SecretCommand.secretName],
        options: SecretCommand.options + [.json],
        examples: [Command.Example("jobpass secret versions npm NPM_TOKEN", "see when it was last replaced")],
        variables: SecretCommand.variables,
        exits: SecretCommand.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let (context, name) = (invocation.operands[0], invocation.operands[1])
        let answer = try SecretCommand.desk(invocation).versions(of: name, in: context)
        let console = Console(invocation.environment)
        if invocation.has(.json) {
            try console.result(answer)
            return .success
        }
        var table = Table("VERSION", "STATE", "CREATED", "READABLE UNTIL")
        for version in answer["versions"]?.asArray ?? [] {
            table.add(
                version["version"]?.text ?? "",
                version["state"]?.asString ?? "",
                version["created_at"]?.asString ?? "",
                version["readable_until"]?.asString ?? "-"
            )
        }
        try console.result(table.text(console.resultStyle))
        return .success
    }
}
