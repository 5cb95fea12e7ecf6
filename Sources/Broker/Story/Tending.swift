internal import Ledger
internal import Logs
internal import Secrets
internal import Time

/// What becomes of static secrets with time: values that were kept long enough go, and what is overdue is counted.
extension Broker {
    /// How many values one call purges at most; the next call goes on.
    private static let purgedAtOnce = 100

    /// Purges and counts; called now and then.
    ///
    /// What cannot be done now is logged, and done the next time.
    package func tend(trace: String) async {
        do {
            for address in try await secrets.purgeable(count: Self.purgedAtOnce) {
                let entry = Entry(.secretChanged, .succeeded, trace: trace)
                try await apply(secrets.preparePurge(address, recordedAs: entry))
            }
            metrics.note(try await secretFigures())
        } catch {
            log.tracing(trace).warning("static secrets could not be tended", ["reason": "\(error)"])
        }
    }

    private func secretFigures() async throws -> Metrics.SecretFigures {
        let moment = clock()
        var figures = Metrics.SecretFigures()
        for context in now.contexts {
            for summary in try await secrets.list(context.name) {
                guard summary.deleted == nil else {
                    figures.deleted += 1
                    continue
                }
                figures.held += 1
                if context.overdueSince(summary, at: moment) != nil { figures.overdue += 1 }
            }
        }
        for fallback in now.fallbacks.values where moment >= fallback.end { figures.fallbacksOver += 1 }
        return figures
    }
}
