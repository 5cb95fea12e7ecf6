/// `jobpass secret set`: a new value of a static secret.
enum SecretSetCommand {
    static let file = Option.value("file", "FILE", "read the value from this file, as it is", letter: "f", kind: .file)

    static let definition = Command(
        name: "set",
        summary: "set a static secret, its value read from standard input or a file",
        details: [
            "From standard input one line end after the value is left out, as echo and editors add it; on a terminal the "
                + "value is asked for and not shown. From --file it is taken byte for byte. A new value is a new version.",
            SecretCommand.access,
        ],
        operands: [SecretCommand.context, SecretCommand.name],
        options: [file] + SecretCommand.options,
        surplus: SecretInput.refusal,
        examples: [
            Command.Example("pass npm/token | jobpass secret set npm NPM_TOKEN", "from a password store"),
            Command.Example(
                "jobpass secret set aws-legacy AWS_SECRET_ACCESS_KEY --file key.txt --config /etc/jobpass/jobpass.yaml",
                "from a file, on the broker's own host"
            ),
        ],
        variables: SecretCommand.variables,
        exits: SecretCommand.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let (context, name) = (invocation.operands[0], invocation.operands[1])
        let value = try SecretInput.read(
            file: invocation[file],
            question: "Value of \(name) in \(context), not shown: "
        )
        let version = try SecretCommand.desk(invocation).set(value, of: name, in: context, grace: nil)
        Console(invocation.environment).note("set \(name) in \(context), version \(version)")
        return .success
    }
}
