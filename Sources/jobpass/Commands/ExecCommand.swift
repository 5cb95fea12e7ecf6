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
    static let keys = Option.flag(
        "keys",
        "put AWS keys into CMD's environment, for tools that know nothing else; they are not renewed"
    )
    static let tokenFile = Option.flag(
        "token-file",
        "hand over ID tokens in files, for SDKs that trade them themselves (AWS, Google, Azure)"
    )
    static let kubeconfig = Option.flag(
        "kubeconfig",
        "add to KUBECONFIG a user of each target's name, whose token kubectl asks jobpass for"
    )
    static let noMask = Option.flag(
        "no-mask",
        "let CMD's output through as it is; the ledger records that you asked for it"
    )

    static let definition = Command(
        name: "exec",
        summary: "run a command with credentials in its environment",
        details: [
            "Asks the broker for every target's credential and every context's secrets, and runs CMD with what leads to them in "
                + "its environment: not in its arguments, not on a disk, not in this program's output. Where one is refused, "
                + "CMD is not run. Variables that would win over the delivered ones, such as AWS_PROFILE, are left out.",
            "Where CMD's SDK can take another, the credential is renewed for as long as CMD runs, each time with a new ID token, "
                + "before a fifth of its life is left; that ends with the run. AWS: SDKs and tools ask a server of jobpass's on "
                + "loopback (AWS_CONTAINER_CREDENTIALS_FULL_URI). Google: GOOGLE_APPLICATION_CREDENTIALS names a file that leads "
                + "to it. Azure, where the target has 'exchange: job': AZURE_FEDERATED_TOKEN_FILE. ID tokens of type none: the "
                + "file that NAME_FILE names, beside NAME. All else is in variables, as it was at the start. Files are in a "
                + "directory in memory (XDG_RUNTIME_DIR, /dev/shm) for this user alone, and gone when CMD has ended.",
            "In what CMD writes, each secret is replaced by ***, however it is broken into lines, and so are its base64, "
                + "URL-encoded and JSON-escaped forms. Values of under 4 bytes are not; a warning names them. On a terminal, CMD "
                + "has a terminal of its own, as under script(1). Where its output cannot be masked, CMD is not run.",
            "CMD gets the signals that jobpass gets, and jobpass exits as CMD did: with its exit code, or 128 and the number of "
                + "the signal that ended it; 126 where CMD may not be run, 127 where it is not there.",
        ],
        operands: [Command.Operand("TARGET", "a target of the broker's configuration", count: .anyNumber)],
        options: [context, keys, tokenFile, kubeconfig, noMask] + BrokerOptions.all,
        takesChild: true,
        examples: [
            Command.Example("jobpass exec aws-prod -- aws s3 ls", "list buckets with the role that this run may take"),
            Command.Example("jobpass exec aws-prod --context npm -- make release", "a credential and static secrets"),
            Command.Example("jobpass exec aws-prod --keys -- s3cmd ls", "a tool that knows AWS's keys alone"),
            Command.Example(
                "jobpass exec cluster --kubeconfig -- kubectl --user cluster get pods",
                "kubectl, with tokens for as long as it runs"
            ),
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
