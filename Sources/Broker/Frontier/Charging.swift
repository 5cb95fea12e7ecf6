internal import Configuration
internal import Exchange
internal import HTTP
internal import Ledger
internal import Locks
internal import Logs
internal import Runs
internal import Synchronization
internal import Time

/// What each caller has taken lately.
final class Accounts: Sendable {
    /// As many of each kind as a broker remembers: some megabytes at most.
    private static let capacity = 32_768

    let runs = Buckets<String>(capacity: capacity)
    let principals = Buckets<String>(capacity: capacity)
    let addresses = Buckets<NetworkAddress>(capacity: capacity)
    /// How many refused requests are held for a moment before they are answered.
    let held = Atomic<Int>(0)
    /// How many requests are under way.
    let underWay = Atomic<Int>(0)
    /// How many refusals are logged: whoever floods the broker is not to flood its log.
    let lines = Allowance(perMinute: 60)
    /// How many ID tokens each run has got here.
    private let tokens = Lock<[String: Int]>([:])

    /// Counts a token of a run; false where it has had as many as the limit.
    func takeToken(_ run: String, limit: Int) -> Bool {
        tokens.withLock { tokens in
            let count = tokens[run, default: 0]
            guard count < limit else { return false }
            tokens[run] = count + 1
            return true
        }
    }

    /// Forgets the tokens of runs that nobody knows any more.
    func keepTokens(ofRuns isKnown: (String) -> Bool) {
        let gone = tokens.withLock { Array($0.keys) }.filter { !isKnown($0) }
        guard !gone.isEmpty else { return }
        tokens.withLock { tokens in for run in gone { tokens[run] = nil } }
    }
}

/// Fairness: nobody gets more than a share, by rates, by how much of it is under way, and by how many tokens a run may have.
extension Broker {
    /// Charges a request to the address that it comes from.
    ///
    /// - Throws: `Problem` with code `slow_down`.
    func chargeAddress(_ call: Call) async throws(Problem) {
        let limits = now.limits
        guard let address = call.request.peer.number, !limits.unlimitedAddresses.contain(address) else { return }
        let holder = address.holder
        guard let wait = accounts.addresses.take(holder, limits.addressRate, at: call.pacing.elapsed()) else { return }
        throw await overdrawn("address \(holder)", .addressRate, limits.addressRate, wait, call)
    }

    /// Charges a request to the run that makes it.
    ///
    /// - Throws: `Problem` with code `slow_down`.
    func charge(_ run: Run, _ call: Call) async throws(Problem) {
        let rate = now.limits.runRate
        guard let wait = accounts.runs.take(run.id, rate, at: call.pacing.elapsed()) else { return }
        throw await overdrawn("run \(run.id)", .runRate, rate, wait, call)
    }

    /// Charges a request to the principal that makes it, by its name, or by that of another system's identity.
    ///
    /// - Throws: `Problem` with code `slow_down`.
    func charge(principal name: String, _ call: Call) async throws(Problem) {
        let rate = now.limits.principalRate
        guard let wait = accounts.principals.take(name, rate, at: call.pacing.elapsed()) else { return }
        throw await overdrawn("principal '\(name)'", .principalRate, rate, wait, call)
    }

    /// How many refused requests are held at once, and for how long: drawn anew for each, since those that are let go together
    /// come back together.
    private static let heldAtOnce = 1_024
    private static let hold = (least: Duration.milliseconds(500), spread: Duration.seconds(1))
    /// The longest body of a request that is held: it waits in memory.
    private static let heldBytes = 4_096

    /// The refusal of a request over a rate.
    ///
    /// It is held for a moment: a client that asks again at once on each of its connections would otherwise have the broker
    /// refuse it as fast as it can, at the cost of everybody else.
    private func overdrawn(_ who: String, _ limit: Limit, _ rate: Rate, _ wait: Duration, _ call: Call) async -> Problem
    {
        metrics.count(limit)
        if accounts.lines.take(at: clock()) {
            log.tracing(call.trace).warning(
                "a rate is exceeded",
                ["limit": limit.rawValue, "who": who, "address": call.request.peer.address]
            )
        }
        if call.request.body.count <= Self.heldBytes {
            let held = accounts.held.add(1, ordering: .relaxed).newValue
            if held <= Self.heldAtOnce, !isDraining {
                await call.pacing.sleep(Self.hold.least + call.pacing.jitter(Self.hold.spread))
            }
            accounts.held.subtract(1, ordering: .relaxed)
        }
        var problem = Problem(
            .slowDown,
            "The rate of \(who) is exceeded: \(rate.perSecond) requests a second and \(rate.burst) at once are its limit."
        )
        problem.retryAfter = max(1, Int(clamping: (wait + .nanoseconds(999_999_999)).components.seconds))
        return problem
    }

    /// Does something unless as much is under way as the broker takes: what would wait longer is told at once.
    ///
    /// - Throws: `Problem` with code `unavailable`, else what `body` throws.
    func admit(_ body: () async throws(Problem) -> HTTPResponse) async throws(Problem) -> HTTPResponse {
        let limit = now.limits.requests
        let count = accounts.underWay.add(1, ordering: .relaxed).newValue
        defer { accounts.underWay.subtract(1, ordering: .relaxed) }
        guard count <= limit else {
            metrics.count(.requests)
            var problem = Problem(.unavailable, "\(limit) requests are under way, as many as this broker takes.")
            problem.retryAfter = 1
            throw problem
        }
        return try await body()
    }

    /// Does something for a run, unless its share is under way.
    ///
    /// - Throws: `Problem` with code `slow_down`, else what `body` throws.
    func admit<Answer: Sendable>(
        _ run: Run,
        _ body: () async throws(Problem) -> Answer
    ) async throws(Problem) -> Answer {
        try await admission.admit(run.id, limit: now.limits.requestsPerRun, .runRequests, metrics, body)
    }

    /// Does something for a principal, unless its share is under way.
    ///
    /// - Throws: `Problem` with code `slow_down`, else what `body` throws.
    func admit<Answer: Sendable>(
        _ principal: Principal,
        _ body: () async throws(Problem) -> Answer
    ) async throws(Problem) -> Answer {
        try await admit(principal.name, body)
    }

    /// Does something for whoever has this name, unless its share is under way.
    ///
    /// - Throws: `Problem` with code `slow_down`, else what `body` throws.
    func admit<Answer: Sendable>(
        _ caller: String,
        _ body: () async throws(Problem) -> Answer
    ) async throws(Problem) -> Answer {
        try await admission.admit(caller, limit: now.limits.requestsPerPrincipal, .principalRequests, metrics, body)
    }

    /// Counts an ID token of a run, before it is made.
    ///
    /// - Throws: `Problem` with code `access_denied`, once that is recorded, where the run has had as many as it may.
    func countToken(of run: Run, target: String?, trace: String) async throws(Problem) {
        let limit = now.limits.tokensPerRun
        guard !accounts.takeToken(run.id, limit: limit) else { return }
        metrics.count(.tokens)
        metrics.count(.denied)
        let reason = "the run has had \(limit) tokens, which is limits.tokens_per_run"
        log.tracing(trace).warning(reason, ["run": run.id])
        var entry = Entry(.tokenDenied, .denied, of: run, trace: trace)
        entry.target = target
        entry.reason = reason
        try await record(entry)
        throw Problem(.accessDenied, "No more tokens: \(reason).")
    }
}
