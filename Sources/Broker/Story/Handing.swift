internal import Auditing
internal import Claims
internal import Delivery
internal import Exchange
internal import Ledger
internal import Policy
internal import Runs

/// Steps six and seven where the job trades itself: it gets the target's ID token, and tells what became of it.
extension Broker {
    /// Issues the ID token of a target that the job trades at itself.
    func hand(
        _ name: String,
        to run: Run,
        saying own: JobClaims,
        trace: String
    ) async throws(Problem) -> TargetTokenAnswer {
        let (grant, target) = try await target(name, for: run, saying: own, trace: trace)
        guard target.trader == .job else {
            throw Problem(
                .conflict,
                "The broker trades at target '\(name)' itself (exchange: broker): ask POST /v1/targets/\(name)/credentials."
            )
        }
        let token = try await issue(grant, to: run, trace: trace)
        return TargetTokenAnswer(token, of: target, for: JobIdentity(run))
    }

    /// Records what a job says of its trade: a success's index, or what stands in for a failure as for one of the broker's.
    ///
    /// What is recorded is the job's own word, and says so. It opens nothing to a job that lies: a fallback's context has
    /// rules of its own, by which this run may read it anyway.
    func note(
        _ report: OutcomeReport,
        on name: String,
        by run: Run,
        trace: String
    ) async throws(Problem) -> Outcome {
        let (grant, target) = try await target(name, for: run, trace: trace)
        guard target.trader == .job else {
            throw Problem(.conflict, "The broker trades at target '\(name)' itself, and knows the outcome.")
        }
        try await check(report.identifier, of: run, at: target)
        switch report.report {
        case .traded(let credential):
            var entry = Entry(.exchangeSucceeded, .succeeded, of: run, trace: trace)
            entry.rule = grant.rule.description
            entry.target = target.name
            entry.jti = report.identifier
            entry.credential = credential.name
            entry.session = credential.session
            entry.expires = credential.expires
            entry.reason = "traded by the job, by its own report"
            let receipt = try await record(entry)
            holdings.note(HeldCredential(credential, of: target), for: run.id, at: clock())
            metrics.count(.exchangeSucceeded)
            return .recorded(receipt.index)
        case .failed(let failure):
            let answer = try await standIn(
                for: failure,
                at: target,
                to: run,
                trace: trace,
                token: report.identifier
            )
            return .fallback(answer)
        }
    }

    /// Holds a report to a token that this very run was given for this target.
    private func check(_ identifier: String, of run: Run, at target: Target) async throws(Problem) {
        var query = AuditQuery()
        query.kind = .tokenIssued
        query.jti = identifier
        query.run = run.id
        query.target = target.name
        query.limit = 1
        guard try await count(query, upTo: 1) == 0 else { return }
        throw Problem(
            .invalidRequest,
            "No token with this 'jti' was issued to this run for target '\(target.name)': report the one that "
                + "POST /v1/targets/\(target.name)/token answered with."
        )
    }

    /// What a reported trade has come to.
    enum Outcome: ~Copyable {
        case recorded(UInt64)
        case fallback(CredentialAnswer)
    }

    /// The grant that a run has at a target, and the target.
    func target(
        _ name: String,
        for run: Run,
        saying own: JobClaims = .none,
        trace: String
    ) async throws(Problem) -> (grant: Grant, target: Target) {
        switch now.policy.targetGrant(for: ClaimSet(of: run), target: name, saying: own) {
        case .refused(let refusal): throw try await refuse(refusal, to: run, trace: trace)
        case .allowed(let grant):
            guard let target = now.targets[name] else { throw Problem(.notFound, "There is no target of this name.") }
            return (grant, target)
        }
    }
}
