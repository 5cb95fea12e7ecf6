package import Time

/// How a trade ended, as far as a fallback is concerned.
package enum TradeEnd: String, CaseIterable, Sendable {
    /// The cloud could not be asked, or could not answer, however often it was tried.
    case outage
    /// Our own policy said no.
    case denied
    /// The cloud said no.
    case refused
    /// A setting is wrong.
    case misconfigured
    /// What answered did not answer as the cloud does.
    case brokenAnswer = "broken answer"
    /// The broker is going away.
    case cancelled
}

/// Whether a fallback may stand in, and why.
package enum FallbackDecision: Equatable, Sendable {
    case use(FallbackUse)
    case refuse(FallbackRefusal)
}

/// That a fallback may stand in for one trade that failed; made by `Fallback.decide` alone.
package struct FallbackUse: Equatable, Sendable {
    package let fallback: Fallback
    /// Why it stands in, for the ledger and the job.
    package let reason: String
}

/// Why a fallback may not stand in.
package enum FallbackRefusal: Equatable, Sendable, CustomStringConvertible {
    /// Only an outage lets it, so that no no is ever turned into a yes.
    case notAnOutage(TradeEnd)
    /// Its last day is over.
    case over(until: String)
    /// It was used as often as it may be in this day or hour.
    case spent(FallbackBudget, until: UnixTime)

    package var description: String {
        switch self {
        case .notAnOutage(let end):
            "no fallback: it is for an outage, and the exchange ended otherwise (\(end.rawValue))"
        case .over(let until): "no fallback: its last day was \(until)"
        case .spent(let budget, let end):
            "no fallback: its budget of \(budget) is used up until \(RFC3339.format(end))"
        }
    }
}

extension Fallback {
    /// Decides from how the trade ended, what the clock says and how often it was used in the budget's present period, and from
    /// nothing else.
    package func decide(after end: TradeEnd, at now: UnixTime, used: Int = 0) -> FallbackDecision {
        guard end == .outage else { return .refuse(.notAnOutage(end)) }
        guard now < self.end else { return .refuse(.over(until: until)) }
        if let budget, used >= budget.uses { return .refuse(.spent(budget, until: budget.end(at: now))) }
        return .use(FallbackUse(fallback: self, reason: "an outage; fallback until \(until): \(reason)"))
    }
}
