internal import Secrets
internal import Time

/// `jobpass secret rotate`: a new value, with the former one readable for a while.
enum SecretRotateCommand {
    static let grace = Option.value(
        "grace",
        "DURATION",
        "how long the former version stays readable by its number; 24h by default, 0s to end it at once"
    )
    static let command = Option.value(
        "command",
        "CMD",
        "run CMD in a shell and take what it prints as the new value; where it fails nothing is changed"
    )

    static let definition = Command(
        name: "rotate",
        summary: "replace a static secret, its former version readable for a grace period",
        details: [
            "The new value comes from standard input, --file or --command. Jobs get it at once; one that has still to reach the "
                + "former value asks for it by its number (jobpass secret get --version) until the grace period ends.",
            "CMD finds JOBPASS_SECRET_CONTEXT and JOBPASS_SECRET_NAME in its environment. It is to print the new value on "
                + "standard output and nothing else; one line end behind it is left out.",
            SecretCommand.access,
        ],
        operands: [SecretCommand.context, SecretCommand.secretName],
        options: [SecretSetCommand.file, command, grace] + SecretCommand.options,
        surplus: SecretInput.refusal,
        examples: [
            Command.Example(
                "jobpass secret rotate db DB_PASSWORD --command 'openssl rand -base64 24' --grace 1h",
                "a new random value"
            )
        ],
        variables: SecretCommand.variables,
        exits: SecretCommand.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let (context, name) = (invocation.operands[0], invocation.operands[1])
        let grace = try invocation.duration(grace) ?? .seconds(86_400)
        guard grace <= SecretVault.longestGrace else {
            throw CommandError.usage("\(invocation.label)--grace: at most \(SecretVault.longestGrace.text)")
        }
        let desk = try SecretCommand.desk(invocation)
        let value = try value(of: name, in: context, invocation)
        let version = try desk.set(value, of: name, in: context, grace: grace)
        Console(invocation.environment).note(
            "rotated \(name) in \(context): version \(version) is current, version \(version - 1) readable for \(grace.text)"
        )
        return .success
    }

    private static func value(of name: String, in context: String, _ invocation: Invocation) throws -> [UInt8] {
        guard let line = invocation[command] else {
            return try SecretInput.read(
                file: invocation[SecretSetCommand.file],
                question: "New value of \(name) in \(context), not shown: "
            )
        }
        guard invocation[SecretSetCommand.file] == nil else {
            throw CommandError.usage("\(invocation.label)--file and --command: give one of them")
        }
        return try SecretInput.read(
            command: line,
            ["JOBPASS_SECRET_CONTEXT": context, "JOBPASS_SECRET_NAME": name],
            invocation.environment
        )
    }
}
