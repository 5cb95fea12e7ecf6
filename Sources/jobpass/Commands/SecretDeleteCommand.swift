/// `jobpass secret delete`: a secret that nobody is to read any more.
enum SecretDeleteCommand {
    static let definition = Command(
        name: "delete",
        summary: "delete a static secret; its value can be brought back for seven days",
        details: [
            "From now on no job gets it. For seven days 'secret rollback' brings it back; then its value is purged, and its "
                + "numbers and dates are left. End it at its source too: a key that nobody uses still opens the door.",
            SecretCommand.access,
        ],
        operands: [SecretCommand.context, SecretCommand.secretName],
        options: SecretCommand.options,
        examples: [
            Command.Example(
                "jobpass secret delete aws-legacy AWS_SECRET_ACCESS_KEY",
                "after the report says that it can go"
            )
        ],
        variables: SecretCommand.variables,
        exits: SecretCommand.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let (context, name) = (invocation.operands[0], invocation.operands[1])
        try SecretCommand.desk(invocation).delete(name, in: context)
        Console(invocation.environment).note(
            "deleted \(name) in \(context); 'jobpass secret rollback \(context) \(name)' brings it back for 7 days"
        )
        return .success
    }
}
