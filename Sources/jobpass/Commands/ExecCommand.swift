internal import Delivery
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

    static let definition = Command(
        name: "exec",
        summary: "run a command with credentials in its environment",
        details: [
            "Asks the broker for every target's credential and every context's secrets, and runs CMD with them in its "
                + "environment, and nowhere else: not in its arguments, not in a file, not in this program's output. Where one "
                + "is refused, CMD is not run. Variables that would win over the delivered ones, such as AWS_PROFILE, are "
                + "left out.",
            "CMD gets the signals that jobpass gets, and jobpass exits as CMD did: with its exit code, or 128 and the number of "
                + "the signal that ended it; 126 where CMD may not be run, 127 where it is not there.",
        ],
        operands: [Command.Operand("TARGET", "a target of the broker's configuration", count: .anyNumber)],
        options: [context] + BrokerOptions.all,
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
        let targets = invocation.operands
        let contexts = invocation.all(context)
        guard !targets.isEmpty || !contexts.isEmpty else {
            throw CommandError.usage(
                "\(invocation.label)name a target or a --context whose secrets the command is to get"
            )
        }
        let child = try ChildCommand()
        let console = Console(invocation.environment)
        let environment = try BrokerSession.run(
            invocation,
            as: .run,
            interruptedBy: child.signals
        ) { broker throws(CommandError) in
            var environment = ChildEnvironment()
            for target in targets {
                let credential = try await broker.credential(target)
                console.noteSource(of: credential)
                do throws(DeliveryError) { try environment.add(credential) } catch {
                    throw CommandError(.badData, error.description)
                }
            }
            for context in contexts {
                let secrets = try await broker.context(context)
                do throws(DeliveryError) { try environment.add(secrets) } catch {
                    throw CommandError(.badData, error.description)
                }
            }
            return environment.environment(over: invocation.environment)
        }
        return try child.run(invocation.child, environment)
    }
}
