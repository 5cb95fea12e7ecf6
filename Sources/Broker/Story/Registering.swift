internal import Ledger
internal import Runs

/// Step one: what an orchestrator attested becomes a run, and its request token leaves once the ledger knows of it.
extension Broker {
    /// Registers a run and releases its request token.
    func begin(
        _ attestation: Attestation,
        from address: String,
        trace: String
    ) async throws(Problem) -> (run: Run, token: String) {
        try await begin(attestation) { .registered($0, from: address, trace: trace) }
    }

    /// Registers a run, recorded by an entry that is made of it, and releases its request token.
    func begin(
        _ attestation: Attestation,
        recordedAs entry: (Run) -> Entry
    ) async throws(Problem) -> (run: Run, token: String) {
        let registration: Registration
        do throws(RunError) {
            registration = try await runs.register(attestation, limit: now.runLimits.activeRuns)
        } catch {
            throw Problem(error)
        }
        let run = registration.run
        let sealed = Sealed(
            registration.takeToken(),
            recordedAs: entry(run)
        )
        do throws(Problem) {
            let released = try await release(sealed, to: run)
            metrics.count(.runRegistered)
            return (run, released.take().reveal())
        } catch {
            // Nobody ever had this run's token: it goes again, and if the store is gone too it expires by itself.
            _ = try? await runs.end(run.id)
            throw error
        }
    }
}
