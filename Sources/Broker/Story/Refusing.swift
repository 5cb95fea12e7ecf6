internal import Ledger
internal import Logs
internal import Policy
internal import Runs

/// A policy's no, which is recorded like a yes.
extension Broker {
    /// Records a refusal and makes the answer; where it cannot be recorded, that is the answer.
    func refuse(_ refusal: Refusal, to run: Run, trace: String) async throws(Problem) -> Problem {
        metrics.count(.denied)
        log.tracing(trace).info(refusal.message, ["run": run.id])
        try await record(.refused(refusal, to: run, trace: trace))
        return Problem(refusal)
    }
}
