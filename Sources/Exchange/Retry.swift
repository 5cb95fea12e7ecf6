internal import HTTP

/// When a trade that met an outage tries again, within the time that its target gives it.
///
/// Full jitter: each pause is drawn evenly from nothing up to a bound that doubles, so that brokers and jobs which failed
/// together do not come back together.
struct Retry: Sendable {
    /// What comes next.
    enum Action: Equatable, Sendable {
        case pause(Duration)
        case giveUp
    }

    static let attempts = 4
    static let firstBound: Duration = .milliseconds(250)
    static let lastBound: Duration = .seconds(4)
    /// No request begins with less time than this: it could only fail.
    static let leastTime: Duration = .milliseconds(500)

    private let limits: TradeLimits
    private let responseBytes: Int
    private(set) var attempts = 0

    /// Begins a trade whose answers may have as many bytes as `responseBytes`.
    init(_ limits: TradeLimits, responseBytes: Int) {
        self.limits = limits
        self.responseBytes = responseBytes
    }

    /// The limits of the request that begins now.
    mutating func begin(elapsed: Duration) -> OutgoingRequest.Limits {
        attempts += 1
        let total = min(limits.attempt, max(limits.total - elapsed, .zero))
        return OutgoingRequest.Limits(
            connect: min(limits.connection, total),
            total: total,
            responseBytes: responseBytes
        )
    }

    /// What to do after a failure; `jitter` draws a duration from nothing up to the one it gets.
    func after(_ failure: ExchangeFailure, elapsed: Duration, jitter: (Duration) -> Duration) -> Action {
        guard failure.isWorthAnotherTry, attempts < Self.attempts else { return .giveUp }
        let bound = min(Self.firstBound * (1 << (attempts - 1)), Self.lastBound)
        let pause = max(jitter(bound), failure.retryAfter ?? .zero)
        return elapsed + pause + Self.leastTime <= limits.total ? .pause(pause) : .giveUp
    }
}
