internal import EventLoop
internal import Exchange
internal import HTTP
internal import HTTPClient
internal import POSIX
internal import Tokens

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
            let client = try await client(invocation, at: address, as: identity, on: loop)
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
    ) async throws(CommandError) -> BrokerClient {
        let transport = HTTPClient(on: loop)
        let shown = try await shown(invocation, at: address, as: identity, over: transport)
        return BrokerClient(address, as: shown, over: transport, pacing: Pacing(on: loop))
    }

    /// Who asks as an orchestrator, administrator or auditor: by a token, or by a certificate alone.
    static func principal(_ environment: Environment, at address: BrokerAddress) throws(CommandError) -> ShownIdentity {
        if address.certificate != nil, environment.nonEmpty(BrokerOptions.tokenFile.name) == nil {
            return ShownIdentity(nil)
        }
        return ShownIdentity(try BearerToken.ofPrincipal(environment))
    }

    /// What the client shows: a job's request token, or else one that its CI system's own token is traded for.
    private static func shown(
        _ invocation: Invocation,
        at address: BrokerAddress,
        as identity: Identity,
        over transport: any Transport
    ) async throws(CommandError) -> ShownIdentity {
        let environment = invocation.environment
        guard identity == .run else { return try principal(environment, at: address) }
        let key = try DPoPKey.find(in: environment)
        if !BearerToken.isNamed(environment), let source = CITokenSource.find(in: environment) {
            let trade = ForeignTrade(address: address, transport: transport, key: key)
            return ShownIdentity(try await trade.requestToken(from: source, environment), key: key)
        }
        return ShownIdentity(try BearerToken.ofRun(environment), key: key)
    }
}
