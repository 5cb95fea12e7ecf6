internal import Locks
internal import Secrets
internal import Time

/// Counts how often each fallback was used in the present period of its budget.
///
/// A use is taken before anything is released and given back where nothing was, so that two at once never share the last
/// one. The first count of a period comes from the ledger, so that a restart forgets nothing.
final class FallbackMeter: Sendable {
    private struct Span {
        var start: UnixTime
        var uses: Int
    }

    private let spans = Lock<[String: Span]>([:])

    /// How many uses the present period has; nil where nobody has counted them yet.
    func uses(of target: String, since start: UnixTime) -> Int? {
        spans.withLock { spans in spans[target].flatMap { $0.start == start ? $0.uses : nil } }
    }

    /// Sets what the ledger says, unless somebody else was first.
    func begin(_ target: String, since start: UnixTime, uses: Int) {
        spans.withLock { spans in
            guard spans[target]?.start != start else { return }
            spans[target] = Span(start: start, uses: uses)
        }
    }

    /// Decides about one use, and takes it where it is allowed.
    func take(
        _ target: String,
        since start: UnixTime,
        _ decide: (_ used: Int) -> FallbackDecision
    ) -> FallbackDecision {
        spans.withLock { spans in
            let used = spans[target].map { $0.start == start ? $0.uses : 0 } ?? 0
            let decision = decide(used)
            if case .use = decision { spans[target] = Span(start: start, uses: used + 1) }
            return decision
        }
    }

    /// Gives a use back of which nothing came.
    func giveBack(_ target: String, since start: UnixTime) {
        spans.withLock { spans in
            guard var span = spans[target], span.start == start, span.uses > 0 else { return }
            span.uses -= 1
            spans[target] = span
        }
    }
}
