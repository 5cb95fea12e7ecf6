internal import Delivery
internal import EventLoop
internal import POSIX

/// One call of `exec`, from its first question to the broker to the end of its child; on its loop's thread alone.
final class ExecSession {
    private let invocation: Invocation
    private let address: BrokerAddress
    private let signals: SignalWatch
    private let loop: EventLoop
    private let console: Console
    /// Nil before the command is started.
    private var child: SupervisedChild?

    init(_ invocation: Invocation, at address: BrokerAddress, signals: SignalWatch, on loop: EventLoop) {
        self.invocation = invocation
        self.address = address
        self.signals = signals
        self.loop = loop
        console = Console(invocation.environment)
    }

    /// Runs the command to its end, and answers as it ended.
    func run() async throws -> ExitCode {
        let watch = try EventWatch(signals.descriptor.number, for: .read, on: loop) { [unowned self] _ in
            while let arrival = signals.poll() { take(arrival) }
        }
        defer { watch.cancel() }
        let broker = try BrokerSession.client(invocation, at: address, as: .run, on: loop)
        let delivered = try await Progress.note("waiting for \(address.url)", on: loop) {
            () async throws(CommandError) in try await obtain(from: broker)
        }
        let output = try invocation.has(ExecCommand.noMask) ? nil : mask(delivered.secrets)
        let child = try SupervisedChild(
            invocation.child,
            delivered.variables.environment(over: invocation.environment),
            output
        )
        self.child = child
        let end = try await child.end(on: loop)
        if end.hasLeftOutputOpen {
            console.warning("a process that the command left behind holds its output open; what it writes is lost")
        }
        return end.code
    }

    private func take(_ arrival: SignalWatch.Arrival) {
        if let child { return child.pass(arrival) }
        if arrival.signal.endsWaiting { ThisProcess.exit(128 + arrival.signal.rawValue) }
    }

    /// What the child is given.
    private struct Delivered {
        var variables = ChildEnvironment()
        var secrets = MaskedSecrets()
    }

    private func obtain(from broker: borrowing BrokerClient) async throws(CommandError) -> Delivered {
        if invocation.has(ExecCommand.noMask) {
            try await broker.recordUnmasked(targets: invocation.operands, contexts: invocation.all(ExecCommand.context))
        }
        var delivered = Delivered()
        for target in invocation.operands {
            let credential = try await broker.credential(target)
            console.noteSource(of: credential)
            delivered.secrets.add(credential)
            do throws(DeliveryError) { try delivered.variables.add(credential) } catch {
                throw CommandError(.badData, error.description)
            }
        }
        for context in invocation.all(ExecCommand.context) {
            let secrets = try await broker.context(context)
            delivered.secrets.add(secrets)
            do throws(DeliveryError) { try delivered.variables.add(secrets) } catch {
                throw CommandError(.badData, error.description)
            }
        }
        return delivered
    }

    private func mask(_ secrets: MaskedSecrets) throws(CommandError) -> MaskedOutput {
        for name in secrets.tooShort {
            console.warning("\(name) is too short to be masked: it would be found everywhere")
        }
        do {
            return try MaskedOutput(try SharedMask(secrets))
        } catch {
            throw CommandError(
                .inputOutput,
                "the command's output cannot be masked: \(CommandError(describing: error).message)",
                advice: "mend that, or let secrets through with --no-mask, which the ledger records"
            )
        }
    }
}
