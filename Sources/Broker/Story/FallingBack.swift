internal import Claims
internal import Exchange
internal import Ledger
internal import Logs
internal import Policy
internal import Runs
internal import Secrets

/// A trade gave no credential: it is recorded with its cause, and only an outage lets a static secret stand in.
extension Broker {
    /// Opens the fallback's secrets, where the failure, the clock, and the context's own rules all allow it.
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
        let use: FallbackUse
        switch fallback.decide(after: TradeEnd(failure.kind), at: clock()) {
        case .use(let allowed): use = allowed
        case .refuse(let refusal): throw Problem(failure, at: target.name, fallback: refusal.description)
        }
        let grant: ContextGrant
        switch now.policy.contextGrant(for: ClaimSet(of: run), context: fallback.context.text) {
        case .allowed(let allowed): grant = allowed
        case .refused(let refusal): throw try await refuse(refusal, to: run, trace: trace)
        }
        var entry = Entry(.fallbackUsed, .succeeded, of: run, trace: trace)
        entry.target = target.name
        entry.rule = grant.rule.description
        entry.cause = failure.description
        let sealed: Sealed<ContextValues>
        do throws(SecretsError) {
            sealed = try await secrets.read(use, for: grant, recordedAs: entry)
        } catch {
            throw Problem(error)
        }
        let released = try await release(sealed)
        metrics.count(.fallbackUsed)
        return released.open()
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
