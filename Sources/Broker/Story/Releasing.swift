internal import Ledger
internal import Logs
internal import Runs
internal import Time

/// The gate through which everything leaves: recorded first, and not to anyone whom an administrator has shut out meanwhile.
///
/// Whoever revokes stores that and then reads the ledger. What was recorded before is found there; what is recorded after has
/// a receipt with the new epoch, by which this broker, or any other of the store, sees that it must look again before it
/// lets anything go. So nothing leaves after a revocation's answer that the answer does not name.
extension Broker {
    /// Records what was sealed and releases it to a run, or to nobody's run.
    func release<Contents: ~Copyable & Sendable>(
        _ sealed: consuming Sealed<Contents>,
        to run: Run?
    ) async throws(Problem) -> Released<Contents> {
        let (kid, trace) = (sealed.entry.kid, sealed.entry.trace)
        if let revocation = revocation(of: run, kid) { throw shutOut(by: revocation, run) }
        let released = try await recorded(sealed)
        try await check(released.receipt, of: run, kid, trace: trace)
        return released
    }

    private func recorded<Contents: ~Copyable & Sendable>(
        _ sealed: consuming Sealed<Contents>
    ) async throws(Problem) -> Released<Contents> {
        let began = elapsed()
        do throws(LedgerError) {
            let released = try await ledger.record(sealed)
            metrics.ledgerTimes.observe(elapsed() - began, of: .recorded)
            noteRecording(nil)
            return released
        } catch {
            noteRecording(error)
            throw Problem(error)
        }
    }

    /// Looks again, now that the entry is durable; what is refused here is recorded as refused too.
    private func check(_ receipt: Receipt, of run: Run?, _ kid: String?, trace: String) async throws(Problem) {
        if receipt.mark > revocations.epoch {
            do throws(RunError) { try await revocations.refresh() } catch { throw Problem(error) }
        }
        guard let revocation = revocation(of: run, kid) else { return }
        var entry =
            run.map { Entry(.tokenDenied, .denied, of: $0, trace: trace) } ?? Entry(.tokenDenied, .denied, trace: trace)
        entry.kid = kid
        entry.reason = "what entry \(receipt.index) records was not released: \(revocation.words)"
        try await record(entry)
        throw shutOut(by: revocation, run)
    }

    private func revocation(of run: Run?, _ kid: String?) -> Revocation? {
        if let run, let revocation = revocations.revocation(of: run) { return revocation }
        return kid.flatMap { revocations.revocation(ofKey: $0) }
    }

    private func shutOut(by revocation: Revocation, _ run: Run?) -> Problem {
        metrics.count(.revoked)
        if case .key = revocation.scope {
            // Another key signs, at the latest when this broker has looked at the keys again.
            var problem = Problem(.unavailable, "The key that signed was revoked meanwhile: ask again.")
            problem.retryAfter = 1
            return problem
        }
        return Problem(.invalidToken, "Run \(run?.id ?? "") gets nothing any more: \(revocation.words).")
    }
}

extension Revocation {
    /// Why something is refused, for a person.
    var words: String {
        let end = until.map { " until \(RFC3339.format($0))" } ?? ""
        let why = reason.isEmpty ? "" : " ('\(reason)')"
        return "an administrator revoked \(scope) at \(RFC3339.format(made))\(end)\(why)"
    }
}
