internal import Locks

/// How many requests of one run or principal are under way, so that none of them keeps the others waiting.
final class Admission: Sendable {
    private let underWay = Lock<[String: Int]>([:])

    /// Does something for a caller, unless as much as `limit` is already being done for it.
    ///
    /// - Throws: `Problem` with code `slow_down`, else what `body` throws.
    func admit<Answer: Sendable>(
        _ caller: String,
        limit: Int,
        _ kind: Limit,
        _ metrics: Metrics,
        _ body: () async throws(Problem) -> Answer
    ) async throws(Problem) -> Answer {
        let isAdmitted = underWay.withLock { counts in
            guard counts[caller, default: 0] < limit else { return false }
            counts[caller, default: 0] += 1
            return true
        }
        guard isAdmitted else {
            metrics.count(kind)
            var problem = Problem(.slowDown, "\(limit) requests of \(caller) are under way, which is the limit.")
            problem.retryAfter = 1
            throw problem
        }
        defer {
            underWay.withLock { counts in
                let left = counts[caller, default: 1] - 1
                counts[caller] = left == 0 ? nil : left
            }
        }
        return try await body()
    }
}
