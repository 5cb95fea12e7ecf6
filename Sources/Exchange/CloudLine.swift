internal import HTTP
internal import Time

/// A trade's line to its cloud: every request of the trade goes through it, within the limits of the target.
///
/// A request that met an outage is tried again while the trade has time, and while the target's breaker lets it; whatever
/// else comes ends the trade.
struct CloudLine: Sendable {
    private let transport: any Transport
    private let clock: WallClock
    private let pacing: Pacing
    private let breaker: Breaker
    private let limits: TradeLimits
    private let responseBytes: Int
    private let certificateAuthorities: String?
    /// When the trade began, by the pacing's time.
    private let start: Duration

    /// Opens a line for one trade, whose time begins now.
    init(
        over transport: any Transport,
        to target: Target,
        within limits: TradeLimits,
        responseBytes: Int,
        clock: @escaping WallClock,
        pacing: Pacing,
        breaker: Breaker
    ) {
        self.transport = transport
        self.clock = clock
        self.pacing = pacing
        self.breaker = breaker
        self.limits = limits
        self.responseBytes = responseBytes
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
        var retry = Retry(limits, responseBytes: responseBytes)
        var last: ExchangeFailure?
        while true {
            request.limits = retry.begin(elapsed: pacing.elapsed() - start)
            // A failure of ours, which says nothing of the service.
            guard request.limits.total > .zero else {
                let words = "the trade's time ran out between two requests"
                throw ExchangeFailure(.outage, code: "timeout", message: words)
            }
            if case .wait(let pause, let reason) = breaker.admit(at: pacing.elapsed()) {
                throw last ?? ExchangeFailure(notAskedFor: pause, after: reason)
            }
            var failure: ExchangeFailure
            do throws(ExchangeFailure) {
                let answer = try await send(request, wanting: statuses, refusals: refusals)
                breaker.answered()
                return answer
            } catch {
                failure = error
            }
            failure.attempts = retry.attempts
            tellBreaker(of: failure)
            guard
                case .pause(let pause) = retry.after(failure, elapsed: pacing.elapsed() - start, jitter: pacing.jitter)
            else { throw failure }
            await pacing.sleep(pause)
            // Who asked has gone: another try would serve nobody, and neither would a fallback.
            guard !Task.isCancelled else { throw failure.whenNobodyWaits() }
            last = failure
        }
    }

    /// The time of day, for what must be signed with it.
    var now: UnixTime { clock() }

    private func tellBreaker(of failure: ExchangeFailure) {
        switch failure.kind {
        case .outage: breaker.failed(failure, at: pacing.elapsed())
        case .cancelled: breaker.abandoned()
        case .refused, .misconfigured, .brokenAnswer: breaker.answered()
        }
    }

    private func send(
        _ request: OutgoingRequest,
        wanting statuses: Set<Int>,
        refusals: some RefusalReader
    ) async throws(ExchangeFailure) -> CloudAnswer {
        let asked = clock()
        let response: HTTPResponse
        do throws(TransportError) { response = try await transport.send(request) } catch {
            throw ExchangeFailure(error)
        }
        if statuses.contains(response.status) {
            // What is behind a portal or a proxy that answers for it in friendly words.
            if let type = response.fields["Content-Type"], HTTPFields.equal(String(type.prefix(9)), "text/html") {
                throw ExchangeFailure(.brokenAnswer, code: "web-page", message: "the answer is a web page (text/html)")
            }
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
