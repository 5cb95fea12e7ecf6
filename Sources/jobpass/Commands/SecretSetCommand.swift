internal import HTTP
internal import JSON

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
        operands: [
            SecretCommand.context,
            Command.Operand("NAME", "the environment variable under which a job finds it, such as NPM_TOKEN"),
        ],
        options: [file] + SecretCommand.options,
        surplus:
            "takes no value as an argument: every user of this machine could read it there, and your shell keeps it; "
            + "give it on standard input or by --file, and if it is secret, replace it now",
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
        let version = try set(value, of: name, in: context, invocation)
        Console(invocation.environment).note("set \(name) in \(context), version \(version)")
        return .success
    }

    private static func set(
        _ value: [UInt8],
        of name: String,
        in context: String,
        _ invocation: Invocation
    ) throws -> UInt64 {
        if let local = try SecretCommand.local(invocation) { return try local.set(value, of: name, in: context) }
        let answer = try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
            try await broker.call(.put, ["v1", "contexts", context, "secrets", name], body: .bytes(value))
        }
        guard let version = answer["version"]?.asInteger.flatMap(UInt64.init(exactly:)) else {
            throw CommandError(.unavailable, "the broker's answer names no version")
        }
        return version
    }
}
