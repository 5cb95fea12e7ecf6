internal import Auditing
internal import Claims
internal import Exchange
internal import Ledger
internal import Logs
internal import Policy
internal import Runs
internal import Secrets
internal import Time

/// A trade gave no credential: it is recorded with its cause, and only an outage lets a static secret stand in.
extension Broker {
    /// Opens the fallback's secrets, where the failure, the clock, its budget and the context's own rules all allow it.
    ///
    /// A token's `jti` comes with a failure that its job reported.
    func fallBack(
        after failure: ExchangeFailure,
        at target: Target,
        for run: Run,
        trace: String,
        token reported: String? = nil
    ) async throws(Problem) -> ReleasedValues {
        metrics.count(failure)
        log.tracing(trace).warning(
            "exchange failed",
            ["target": target.name, "kind": failure.kind.rawValue, "cause": failure.description]
        )
        var failed = Entry.failed(failure, at: target.name, of: run, trace: trace)
        if let reported {
            failed.jti = reported
            failed.reason = (failed.reason ?? "") + ", traded by the job, by its own report"
        }
        try await record(failed)
        guard let fallback = now.fallbacks[target.name] else { throw Problem(failure, at: target.name, fallback: nil) }
        let moment = clock()
        let end = TradeEnd(failure.kind)
        if case .refuse(let refusal) = fallback.decide(after: end, at: moment) {
            throw try await refuse(refusal, of: fallback, after: failure, at: target.name, for: run, trace: trace)
        }
        let grant: ContextGrant
        switch now.policy.contextGrant(for: ClaimSet(of: run), context: fallback.context.text) {
        case .allowed(let allowed): grant = allowed
        case .refused(let refusal): throw try await refuse(refusal, to: run, trace: trace)
        }
        let start = fallback.budget?.start(at: moment) ?? moment
        try await countUses(of: fallback, at: target.name, since: start)
        let use: FallbackUse
        switch meter.take(target.name, since: start, { fallback.decide(after: end, at: moment, used: $0) }) {
        case .use(let allowed): use = allowed
        case .refuse(let refusal):
            throw try await refuse(refusal, of: fallback, after: failure, at: target.name, for: run, trace: trace)
        }
        do throws(Problem) {
            return try await open(use, grant, after: failure, at: target.name, for: run, trace: trace)
        } catch {
            meter.giveBack(target.name, since: start)
            throw error
        }
    }

    /// Records why a static secret leaves, and releases it.
    private func open(
        _ use: FallbackUse,
        _ grant: ContextGrant,
        after failure: ExchangeFailure,
        at target: String,
        for run: Run,
        trace: String
    ) async throws(Problem) -> ReleasedValues {
        var entry = Entry(.fallbackUsed, .succeeded, of: run, trace: trace)
        entry.target = target
        entry.rule = grant.rule.description
        entry.cause = failure.description
        let sealed: Sealed<ContextValues>
        do throws(SecretsError) {
            sealed = try await secrets.read(use, for: grant, recordedAs: entry)
        } catch {
            throw Problem(error)
        }
        let released = try await release(sealed, to: run)
        metrics.count(.fallbackUsed)
        metrics.count(fallback: .used, of: target)
        log.tracing(trace).warning(
            "static secret used in an outage",
            ["target": target, "context": use.fallback.context.text, "until": use.fallback.until]
        )
        return released.open()
    }

    /// Makes the answer; an outage in which the fallback was there and may not be used is for somebody to look at.
    private func refuse(
        _ refusal: FallbackRefusal,
        of fallback: Fallback,
        after failure: ExchangeFailure,
        at target: String,
        for run: Run,
        trace: String
    ) async throws(Problem) -> Problem {
        let problem = Problem(failure, at: target, fallback: refusal.description)
        switch refusal {
        case .notAnOutage: return problem
        case .over: metrics.count(fallback: .over, of: target)
        case .spent: metrics.count(fallback: .overBudget, of: target)
        }
        log.tracing(trace).warning(refusal.description, ["target": target, "context": fallback.context.text])
        var entry = Entry(.secretDenied, .denied, of: run, trace: trace)
        entry.target = target
        entry.context = fallback.context.text
        entry.reason = refusal.description
        entry.cause = failure.description
        try await record(entry)
        return problem
    }

    /// Counts the uses of a budget's period in the ledger, the first time in each period.
    private func countUses(of fallback: Fallback, at target: String, since start: UnixTime) async throws(Problem) {
        guard fallback.budget != nil, meter.uses(of: target, since: start) == nil else { return }
        var query = AuditQuery()
        query.kind = .fallbackUsed
        query.target = target
        query.since = start
        query.limit = AuditQuery.largestLimit
        let used = try await count(query, upTo: .max)
        meter.begin(target, since: start, uses: used)
    }
}

extension TradeEnd {
    /// How a trade that failed ended.
    fileprivate init(_ kind: ExchangeFailure.Kind) {
        switch kind {
        case .refused: self = .refused
        case .outage: self = .outage
        case .misconfigured: self = .misconfigured
        case .brokenAnswer: self = .brokenAnswer
        case .cancelled: self = .cancelled
        }
    }
}

extension Metrics {
    fileprivate func count(_ failure: ExchangeFailure) {
        switch failure.kind {
        case .refused, .misconfigured: count(.exchangeRefused)
        case .outage: count(.exchangeOutage)
        case .brokenAnswer, .cancelled: count(.exchangeBroken)
        }
    }
}
