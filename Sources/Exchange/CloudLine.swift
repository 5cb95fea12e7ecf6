internal import HTTP
internal import Time

/// A trade's line to its cloud: every request of the trade goes through it, within the limits of the target.
///
/// A request that met an outage is tried again while the trade has time; whatever else comes ends the trade.
struct CloudLine: Sendable {
    private let transport: any Transport
    private let clock: WallClock
    private let pacing: Pacing
    private let limits: TradeLimits
    private let certificateAuthorities: String?
    /// When the trade began, by the pacing's time.
    private let start: Duration

    /// Opens a line for one trade, whose time begins now.
    init(
        over transport: any Transport,
        to target: Target,
        within limits: TradeLimits,
        clock: @escaping WallClock,
        pacing: Pacing
    ) {
        self.transport = transport
        self.clock = clock
        self.pacing = pacing
        self.limits = limits
        certificateAuthorities = target.certificateAuthorities
        start = pacing.elapsed()
    }

    /// Sends a request until it is answered with a status that is wanted, and no longer than the trade may take.
    ///
    /// The line sets the limits and the certificate authorities of the request.
    ///
    /// - Throws: `ExchangeFailure` of the last try.
    func ask(
        _ request: OutgoingRequest,
        wanting statuses: Set<Int> = [200],
        refusals: some RefusalReader
    ) async throws(ExchangeFailure) -> CloudAnswer {
        var request = request
        request.certificateAuthorities = certificateAuthorities
        var retry = Retry(limits)
        while true {
            request.limits = retry.begin(elapsed: pacing.elapsed() - start)
            var failure: ExchangeFailure
            do throws(ExchangeFailure) {
                return try await send(request, wanting: statuses, refusals: refusals)
            } catch {
                failure = error
            }
            failure.attempts = retry.attempts
            guard
                case .pause(let pause) = retry.after(failure, elapsed: pacing.elapsed() - start, jitter: pacing.jitter)
            else { throw failure }
            await pacing.sleep(pause)
            // Who asked has gone: another try would serve nobody, and neither would a fallback.
            guard !Task.isCancelled else { throw failure.whenNobodyWaits() }
        }
    }

    /// The time of day, for what must be signed with it.
    var now: UnixTime { clock() }

    private func send(
        _ request: OutgoingRequest,
        wanting statuses: Set<Int>,
        refusals: some RefusalReader
    ) async throws(ExchangeFailure) -> CloudAnswer {
        guard request.limits.total > .zero else {
            throw ExchangeFailure(.outage, code: "timeout", message: "the trade's time ran out between two requests")
        }
        let asked = clock()
        let response: HTTPResponse
        do throws(TransportError) { response = try await transport.send(request) } catch {
            throw ExchangeFailure(error)
        }
        if statuses.contains(response.status) {
            if let hidden = refusals.hiddenRefusal(in: response) { throw hidden }
            return CloudAnswer(response: response, asked: asked, came: clock())
        }
        throw ExchangeFailure(statusOf: response) ?? refusals.refusal(in: response)
    }
}

/// An answer of a status that was wanted, and when it was asked for and came.
struct CloudAnswer: Sendable {
    let response: HTTPResponse
    let asked: UnixTime
    let came: UnixTime
}
