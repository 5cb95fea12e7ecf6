internal import Time

/// When an issuer's keys are asked for again: a state machine that answers what to do, and does nothing itself.
///
/// Keys are fetched when first needed, when they are older than `lifetime`, and when a token names one that is not among
/// them; never by two callers at once, and never sooner than `pause` after the last attempt, so that tokens with invented
/// names cannot make this program flood an issuer. While the issuer is down the keys of before serve on for `staleness`, and
/// nobody waits for another attempt but who needs other keys.
struct KeyCache<Flight: Sendable>: Sendable {
    static var lifetime: Duration { .seconds(300) }
    static var staleness: Duration { .seconds(3_600) }
    static var pause: Duration { .seconds(10) }

    /// What to do for a caller who wants keys.
    enum Action {
        case use(JWKSet)
        /// Wait for a fetch that is under way.
        case join(Flight)
        /// Start a fetch and report it by `began`, then by `ended`.
        case fetch
        /// Use these, and start a fetch for those who come later.
        case useAndFetch(JWKSet)
        case fail(TokenError)
    }

    private var held: (keys: JWKSet, fetched: UnixTime)?
    private var attempted: UnixTime?
    private var failure: TokenError?
    private var flight: Flight?

    /// Answers a caller; one who needs other keys than it was given says so.
    func action(now: UnixTime, needsOthers: Bool) -> Action {
        if isDown, !needsOthers, let held, isWithin(Self.staleness, of: held.fetched, now) {
            let isTried = flight != nil || attempted.map { isWithin(Self.pause, of: $0, now) } ?? false
            return isTried ? .use(held.keys) : .useAndFetch(held.keys)
        }
        if let flight { return .join(flight) }
        if let held, !needsOthers, isWithin(Self.lifetime, of: held.fetched, now) { return .use(held.keys) }
        guard let attempted, isWithin(Self.pause, of: attempted, now) else { return .fetch }
        return settled(now: now)
    }

    mutating func began(_ flight: Flight, now: UnixTime) {
        self.flight = flight
        attempted = now
    }

    /// Takes a fetch's result, and answers what all who waited for it get: `use` or `fail`.
    mutating func ended(_ result: Result<JWKSet, TokenError>, now: UnixTime) -> Action {
        flight = nil
        switch result {
        case .success(let keys):
            held = (keys, now)
            failure = nil
        case .failure(let error): failure = error
        }
        return settled(now: now)
    }

    /// Whether the last attempt failed.
    var isDown: Bool { failure != nil }

    /// Until when the keys of before serve on; nil where there are none.
    var goodUntil: UnixTime? { held.map { $0.fetched + Self.staleness } }

    private func settled(now: UnixTime) -> Action {
        if let held, failure == nil || isWithin(Self.staleness, of: held.fetched, now) { return .use(held.keys) }
        return failure.map(Action.fail) ?? .fetch
    }

    /// A clock that was turned back makes nothing fresh.
    private func isWithin(_ duration: Duration, of moment: UnixTime, _ now: UnixTime) -> Bool {
        now >= moment && now - moment < duration
    }
}
