internal import EventLoop
internal import Exchange
internal import HTTPClient
internal import POSIX

/// A command's talk with the broker, from its first call to its last, on an event loop of its own.
enum BrokerSession {
    /// As whom the broker is asked.
    enum Identity: Sendable {
        /// The run that this process belongs to.
        case run
        /// The orchestrator, administrator or auditor whose token the environment names.
        case principal
    }

    /// Runs a body that calls the broker, and returns what it made of the answers.
    ///
    /// Where one of the signals comes before that, the program ends as the signal would have ended it: for commands that
    /// have nothing under way that needs an end of its own.
    ///
    /// - Throws: what the body throws; `CommandError` where the broker or the token is not to be found.
    static func run<Value: Sendable>(
        _ invocation: Invocation,
        as identity: Identity,
        interruptedBy signals: SignalWatch? = nil,
        _ body: @escaping @Sendable (borrowing BrokerClient) async throws(CommandError) -> Value
    ) throws -> Value {
        let address = try BrokerAddress(invocation)
        return try EventLoop.runToCompletion { loop in
            let interruption = try signals.map { signals in
                try EventWatch(signals.descriptor.number, for: .read, on: loop) { _ in
                    if let arrival = signals.poll(), arrival.signal.endsWaiting {
                        ThisProcess.exit(128 + arrival.signal.rawValue)
                    }
                }
            }
            defer { interruption?.cancel() }
            let client = try client(invocation, at: address, as: identity, on: loop)
            return try await Progress.note("waiting for \(address.url)", on: loop) { () async throws(CommandError) in
                try await body(client)
            }
        }
    }

    /// A client that calls the broker from a loop of the caller's.
    ///
    /// - Throws: `CommandError` where the token is not to be found.
    static func client(
        _ invocation: Invocation,
        at address: BrokerAddress,
        as identity: Identity,
        on loop: EventLoop
    ) throws(CommandError) -> BrokerClient {
        let token =
            switch identity {
            case .run: try BearerToken.ofRun(invocation.environment)
            case .principal: try BearerToken.ofPrincipal(invocation.environment)
            }
        return BrokerClient(address, token: token, over: HTTPClient(on: loop), pacing: Pacing(on: loop))
    }
}
