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
    private let provision: Provision
    /// Nil before the command is started.
    private var child: SupervisedChild?

    init(_ invocation: Invocation, at address: BrokerAddress, signals: SignalWatch, on loop: EventLoop) {
        self.invocation = invocation
        self.address = address
        self.signals = signals
        self.loop = loop
        console = Console(invocation.environment)
        provision = Provision(invocation, console)
    }

    /// Runs the command to its end, and answers as it ended.
    func run() async throws -> ExitCode {
        let watch = try EventWatch(signals.descriptor.number, for: .read, on: loop) { [unowned self] _ in
            while let arrival = signals.poll() { take(arrival) }
        }
        defer { watch.cancel() }
        let broker = JobBroker(try await BrokerSession.client(invocation, at: address, as: .run, on: loop))
        do {
            let code = try await run(broker)
            await provision.end()
            return code
        } catch {
            await provision.end()
            throw error
        }
    }

    private func run(_ broker: JobBroker) async throws -> ExitCode {
        let isUnmasked = invocation.has(ExecCommand.noMask)
        try await Progress.note("waiting for \(address.url)", on: loop) { [self] () async throws(CommandError) in
            if isUnmasked {
                let contexts = invocation.all(ExecCommand.context)
                try await broker.client.recordUnmasked(targets: invocation.operands, contexts: contexts)
            }
            try await provision.obtain(from: broker)
        }
        let masks = isUnmasked ? nil : try masks()
        try await provision.begin(broker, masks: masks, on: loop)
        let output = try masks.map(output)
        let child = try SupervisedChild(
            invocation.child,
            provision.variables.environment(over: invocation.environment),
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
        guard arrival.signal.endsWaiting else { return }
        provision.directory?.remove()
        ThisProcess.exit(128 + arrival.signal.rawValue)
    }

    private func masks() throws(CommandError) -> SharedMask {
        for name in provision.secrets.tooShort {
            console.warning("\(name) is too short to be masked: it would be found everywhere")
        }
        do throws(DeliveryError) { return try SharedMask(provision.secrets) } catch { throw Self.unmaskable(error) }
    }

    private func output(_ masks: SharedMask) throws(CommandError) -> MaskedOutput {
        do throws(POSIXError) { return try MaskedOutput(masks) } catch { throw Self.unmaskable(error) }
    }

    private static func unmaskable(_ error: any Error) -> CommandError {
        CommandError(
            .inputOutput,
            "the command's output cannot be masked: \(CommandError(describing: error).message)",
            advice: "mend that, or let secrets through with --no-mask, which the ledger records"
        )
    }
}
