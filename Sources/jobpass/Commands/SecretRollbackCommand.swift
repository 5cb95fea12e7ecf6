/// `jobpass secret rollback`: a former value again.
enum SecretRollbackCommand {
    static let version = Option.value(
        "to",
        "VERSION",
        "the version whose value to take; by default the one before the newest"
    )

    static let definition = Command(
        name: "rollback",
        summary: "bring a former version's value, or a deleted secret, back",
        details: [
            "The value becomes a new version; no number is ever used twice. Values are kept for seven days after they were "
                + "replaced or deleted.",
            SecretCommand.access,
        ],
        operands: [SecretCommand.context, SecretCommand.secretName],
        options: [version] + SecretCommand.options,
        examples: [
            Command.Example("jobpass secret rollback db DB_PASSWORD", "undo the last set or rotate"),
            Command.Example("jobpass secret rollback npm NPM_TOKEN --to 3", "after a deletion, or further back"),
        ],
        variables: SecretCommand.variables,
        exits: SecretCommand.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let (context, name) = (invocation.operands[0], invocation.operands[1])
        let wanted = try invocation.integer(version, in: 1...Int.max).map(UInt64.init)
        let version = try SecretCommand.desk(invocation).rollBack(name, in: context, to: wanted)
        Console(invocation.environment).note("rolled \(name) in \(context) back: version \(version) is current")
        return .success
    }
}
