internal import Claims
internal import Ledger
internal import Policy
internal import Runs
internal import Secrets

/// Static secrets: a context's values leave once the ledger knows who reads them.
extension Broker {
    /// Opens a context for a run that its rules allow.
    func read(context: String, for run: Run, trace: String) async throws(Problem) -> ReleasedValues {
        switch now.policy.contextGrant(for: ClaimSet(of: run), context: context) {
        case .refused(let refusal): throw try await refuse(refusal, to: run, trace: trace)
        case .allowed(let grant):
            let sealed: Sealed<ContextValues>
            do throws(SecretsError) {
                sealed = try await secrets.read(
                    grant,
                    recordedAs: Entry(.secretRead, .succeeded, of: run, trace: trace)
                )
            } catch {
                throw Problem(error)
            }
            let released = try await release(sealed)
            metrics.count(.secretRead)
            return released.open()
        }
    }

    /// Records what was sealed, and releases it.
    func release<Contents: ~Copyable & Sendable>(
        _ sealed: consuming Sealed<Contents>
    ) async throws(Problem) -> Released<Contents> {
        do throws(LedgerError) {
            let released = try await ledger.record(sealed)
            noteRecording(nil)
            return released
        } catch {
            noteRecording(error)
            throw Problem(error)
        }
    }
}
