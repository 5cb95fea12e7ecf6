internal import Claims
internal import Delivery
internal import Exchange
internal import HTTP
internal import Ledger
internal import Policy
internal import Runs
internal import Tokens

/// Steps six and seven: the released token is traded at the cloud, and the credential recorded and released in its turn.
extension Broker {
    /// Obtains what a run may have of a target.
    func obtain(
        _ name: String,
        for run: Run,
        trace: String,
        over transport: any Transport
    ) async throws(Problem) -> CredentialAnswer {
        let (grant, target) = try await target(name, for: run, trace: trace)
        guard target.trader == .broker else {
            throw Problem(
                .conflict,
                "The job trades at target '\(name)' itself (exchange: job), as jobpass exec does: ask POST "
                    + "/v1/targets/\(name)/token."
            )
        }
        let token = try await issue(grant, to: run, trace: trace)
        let exchange = Exchange(transport: transport, clock: clock, pacing: pacing)
        let credential: Credential
        do throws(ExchangeFailure) {
            credential = try await exchange.trade(token, at: target, for: JobIdentity(run))
        } catch {
            let values = try await fallBack(after: error, at: target, for: run, trace: trace)
            return CredentialAnswer(values, standingInFor: target)
        }
        var entry = Entry(.exchangeSucceeded, .succeeded, of: run, trace: trace)
        entry.rule = grant.rule.description
        let released = try await release(credential.sealed(recordedAs: entry))
        metrics.count(.exchangeSucceeded)
        return CredentialAnswer(released.open())
    }
}

extension JobIdentity {
    /// Whose session it will be, in the cloud's own logs.
    init(_ run: Run) {
        self.init(
            project: run.attestation[.project] ?? "",
            workflow: run.attestation[.workflow] ?? "",
            job: run.attestation[.job] ?? "",
            run: run.id
        )
    }
}
