internal import Delivery

/// `jobpass credential`: one credential, in the form that the tool at hand reads.
enum CredentialCommand {
    static let format = Option.value(
        "format",
        "FORMAT",
        "how to write it; json unless another is asked for",
        kind: .choice(CredentialForm.allCases.map(\.rawValue))
    )

    static let definition = Command(
        name: "credential",
        summary: "get one target's credential, in the form that the tool at hand reads",
        details: [
            "env: export lines for a shell's eval. dotenv: NAME=VALUE lines, where every reader of such files understands "
                + "the value alike. json: the broker's answer. aws-process: what credential_process in an AWS profile reads.",
            "The credential is written to standard output: hand it to a program, not to a log. 'jobpass exec' hands it to a "
                + "command without showing it.",
        ],
        operands: [Command.Operand("TARGET", "a target of the broker's configuration")],
        options: [format] + BrokerOptions.all,
        examples: [
            Command.Example("eval \"$(jobpass credential aws-prod --format env)\"", "put it into this shell"),
            Command.Example(
                "aws configure set credential_process 'jobpass credential aws-prod --format aws-process'",
                "let the AWS tools ask whenever they need one"
            ),
        ],
        variables: BrokerOptions.jobVariables,
        exits: BrokerRefusal.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let format: CredentialForm = try invocation[format].map { try invocation.choice($0) } ?? .json
        let console = Console(invocation.environment)
        let target = invocation.operands[0]
        let text = try BrokerSession.run(invocation, as: .run) { broker throws(CommandError) in
            let credential = try await broker.credential(target)
            console.noteSource(of: credential)
            do throws(DeliveryError) { return try format.text(of: credential) } catch {
                throw CommandError(.badData, error.description)
            }
        }
        try console.result(text)
        return .success
    }
}
