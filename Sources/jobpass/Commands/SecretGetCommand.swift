internal import Crypto
internal import Delivery
internal import Encoding
internal import POSIX
internal import Text

/// `jobpass secret get`: one secret, for the job that may read it.
enum SecretGetCommand {
    static let version = Option.value(
        "version",
        "VERSION",
        "a former version in its grace period, instead of the newest"
    )
    static let output = Option.value(
        "output",
        "FILE",
        "write it into this new file of mode 0600 instead of standard output",
        letter: "o",
        kind: .file
    )

    static let definition = Command(
        name: "get",
        summary: "read one secret of a context, as the job that may",
        details: [
            "Writes the value as it is, byte for byte, to a pipe or a file; the ledger has that this run read this secret. It is "
                + "refused on a terminal. For a command that finds secrets in its environment there is 'jobpass exec --context'."
        ],
        operands: [SecretCommand.context, SecretCommand.secretName],
        options: [version, output] + BrokerOptions.all,
        examples: [
            Command.Example("jobpass secret get signing KEYSTORE --output release.jks", "a file that a tool wants"),
            Command.Example("jobpass secret get npm NPM_TOKEN | docker login -u ci --password-stdin", "into a pipe"),
        ],
        variables: BrokerOptions.jobVariables,
        exits: BrokerRefusal.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let (context, text) = (invocation.operands[0], invocation.operands[1])
        guard let name = EnvironmentName(text) else {
            throw CommandError(.badData, "'\(text)' is no name of a secret", advice: "write letters, digits and '_'")
        }
        let version = try invocation.integer(version, in: 1...Int.max)
        let path = invocation[output]
        guard path != nil || !Terminal.isTerminal(StandardOutput.descriptor) else {
            throw CommandError.usage(
                "\(invocation.label)a secret is not written to a terminal",
                advice: "send it into a pipe, or into a file by --output"
            )
        }
        var query = Form([Form.Field("name", text)])
        if let version { query.append("version", String(version)) }
        let wish = query
        let bytes = try BrokerSession.run(invocation, as: .run) { broker throws(CommandError) in
            let answer = try await broker.context(context, wish)
            guard let bytes = answer.values.withValue(of: name, { Array(copying: $0) }) else {
                throw CommandError(.unavailable, "the broker's answer does not have \(name)")
            }
            return bytes
        }
        if let path { try Files.writeNew(path, bytes) } else { try StandardOutput.write(bytes) }
        return .success
    }
}
