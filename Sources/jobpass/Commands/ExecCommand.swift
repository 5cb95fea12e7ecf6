internal import Delivery
internal import EventLoop
internal import POSIX

/// `jobpass exec`: a command with credentials in its environment.
enum ExecCommand {
    static let context = Option.value(
        "context",
        "CONTEXT",
        "add the secrets of this context",
        letter: "c",
        repeats: true
    )
    static let noMask = Option.flag(
        "no-mask",
        "let CMD's output through as it is; the ledger records that you asked for it"
    )

    static let definition = Command(
        name: "exec",
        summary: "run a command with credentials in its environment",
        details: [
            "Asks the broker for every target's credential and every context's secrets, and runs CMD with them in its "
                + "environment, and nowhere else: not in its arguments, not in a file, not in this program's output. Where one "
                + "is refused, CMD is not run. Variables that would win over the delivered ones, such as AWS_PROFILE, are "
                + "left out.",
            "In what CMD writes, each secret is replaced by ***, however it is broken into lines, and so are its base64, "
                + "URL-encoded and JSON-escaped forms. Values of under 4 bytes are not; a warning names them. On a terminal, CMD "
                + "has a terminal of its own, as under script(1). Where its output cannot be masked, CMD is not run.",
            "CMD gets the signals that jobpass gets, and jobpass exits as CMD did: with its exit code, or 128 and the number of "
                + "the signal that ended it; 126 where CMD may not be run, 127 where it is not there.",
        ],
        operands: [Command.Operand("TARGET", "a target of the broker's configuration", count: .anyNumber)],
        options: [context, noMask] + BrokerOptions.all,
        takesChild: true,
        examples: [
            Command.Example("jobpass exec aws-prod -- aws s3 ls", "list buckets with the role that this run may take"),
            Command.Example("jobpass exec aws-prod --context npm -- make release", "a credential and static secrets"),
        ],
        variables: BrokerOptions.jobVariables,
        exits: BrokerRefusal.exits,
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        guard !invocation.operands.isEmpty || !invocation.all(context).isEmpty else {
            throw CommandError.usage(
                "\(invocation.label)name a target or a --context whose secrets the command is to get"
            )
        }
        let child = try ChildCommand()
        let address = try BrokerAddress(invocation)
        return try EventLoop.runToCompletion { loop in
            try await ExecSession(invocation, at: address, signals: child.signals, on: loop).run()
        }
    }
}
