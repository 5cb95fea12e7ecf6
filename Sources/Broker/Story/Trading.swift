internal import Claims
internal import Delivery
internal import Exchange
internal import Ledger
internal import Policy
internal import Runs
internal import Secrets
internal import Time
internal import Tokens

/// Steps six and seven: the released token is traded at the cloud, and the credential recorded and released in its turn.
extension Broker {
    /// Obtains what a run may have of a target.
    ///
    /// What the run holds already is released to it again, with an entry of its own; two requests for the same make one
    /// trade. The policy is asked each time before.
    func obtain(
        _ name: String,
        for run: Run,
        saying own: JobClaims = .none,
        trace: String,
        through exchange: Exchange
    ) async throws(Problem) -> CredentialAnswer {
        let (grant, target) = try await target(name, for: run, saying: own, trace: trace)
        guard target.trader == .broker else {
            throw Problem(
                .conflict,
                "The job trades at target '\(name)' itself (exchange: job): ask POST /v1/targets/\(name)/token, and report "
                    + "to /v1/targets/\(name)/outcome."
            )
        }
        let trade = Holdings.Trade(target, grant)
        while true {
            switch await holdings.find(trade, of: run.id, at: clock()) {
            case .held(let credential, let first):
                var entry = Entry(.exchangeSucceeded, .succeeded, of: run, trace: trace)
                entry.rule = grant.rule.description
                entry.reason = "held since entry \(first), and released again"
                let released = try await release(credential.sealed(recordedAs: entry), to: run)
                metrics.count(.exchangeShared)
                return CredentialAnswer(released.open())
            case .failed(let failure):
                return try await standIn(for: failure, at: target, to: run, trace: trace)
            case .lookAgain: continue
            case .nothing: return try await lead(trade, grant, for: run, trace: trace, through: exchange)
            }
        }
    }

    /// Makes a trade for everybody who waits for it, and lets them know how it ended.
    private func lead(
        _ trade: Holdings.Trade,
        _ grant: Grant,
        for run: Run,
        trace: String,
        through exchange: Exchange
    ) async throws(Problem) -> CredentialAnswer {
        let made: Made
        do throws(Problem) {
            made = try await make(trade, grant, for: run, trace: trace, through: exchange)
        } catch {
            // No word of the cloud's: whoever waited tries for itself.
            holdings.land(trade, of: run.id, failure: .unknownToOthers)
            throw error
        }
        switch consume made {
        case .released(let credential):
            holdings.land(trade, of: run.id, failure: nil)
            return CredentialAnswer(credential)
        case .failed(let failure):
            holdings.land(trade, of: run.id, failure: failure)
            return try await standIn(for: failure, at: trade.target, to: run, trace: trace)
        }
    }

    /// What a trade has come to at the cloud.
    private enum Made: ~Copyable {
        case released(ReleasedCredential)
        case failed(ExchangeFailure)
    }

    private func make(
        _ trade: Holdings.Trade,
        _ grant: Grant,
        for run: Run,
        trace: String,
        through exchange: Exchange
    ) async throws(Problem) -> Made {
        let token = try await issue(grant, to: run, trace: trace)
        let credential: Credential
        let began = elapsed()
        do throws(ExchangeFailure) {
            credential = try await exchange.trade(token, at: trade.target, for: JobIdentity(run))
            metrics.exchangeTimes.observe(elapsed() - began, of: .succeeded)
        } catch {
            metrics.exchangeTimes.observe(elapsed() - began, of: TradeOutcome(error.kind))
            return .failed(error)
        }
        var entry = Entry(.exchangeSucceeded, .succeeded, of: run, trace: trace)
        entry.rule = grant.rule.description
        let copy = credential.copy()
        let released = try await releaseOrEnd(
            credential,
            of: trade.target,
            recordedAs: entry,
            to: run,
            through: exchange
        )
        holdings.keep(copy, of: trade, for: run.id, got: clock(), index: released.ledgerIndex)
        metrics.count(.exchangeSucceeded)
        return .released(released)
    }

    /// Releases a credential just got once it is recorded; ends it where its run is over meanwhile, or nothing can be recorded.
    func releaseOrEnd(
        _ credential: consuming Credential,
        of target: Target,
        recordedAs entry: Entry,
        to run: Run,
        through exchange: Exchange
    ) async throws(Problem) -> ReleasedCredential {
        let held = HeldCredential(credential, of: target)
        let isActive: Bool
        do throws(RunError) {
            isActive = try await runs.find(run.id)?.state == .active
        } catch {
            await revoke([held], of: run, trace: entry.trace, through: exchange)
            throw Problem(error)
        }
        guard isActive else {
            await revoke([held], of: run, trace: entry.trace, through: exchange)
            throw Problem(.invalidToken, "Run \(run.id) ended while its credential was on its way.")
        }
        do throws(Problem) {
            return try await release(credential.sealed(recordedAs: entry), to: run).open()
        } catch {
            // Nobody will ever have it.
            await revoke([held], of: run, trace: entry.trace, through: exchange)
            throw error
        }
    }

    /// What stands in for a trade that failed, where anything may.
    func standIn(
        for failure: ExchangeFailure,
        at target: Target,
        to run: Run,
        trace: String,
        token reported: String? = nil
    ) async throws(Problem) -> CredentialAnswer {
        let values = try await fallBack(after: failure, at: target, for: run, trace: trace, token: reported)
        let end = now.fallbacks[target.name]?.end
        let soon = clock() + Self.fallbackLife
        return CredentialAnswer(values, standingInFor: target, askAgain: min(soon, end ?? soon))
    }

    /// After how long a tool that was given static secrets does well to ask again, and so finds the cloud when it is back.
    private static let fallbackLife = Duration.seconds(20 * 60)
}

extension Holdings.Trade {
    /// A trade at a target by a grant.
    fileprivate init(_ target: Target, _ grant: Grant) {
        self.init(
            target,
            Holdings.TokenShape(
                subject: grant.subject,
                audience: grant.audience,
                added: grant.added,
                jobClaims: grant.jobClaims
            )
        )
    }
}

extension ExchangeFailure {
    /// What others learn of a trade that came to nothing on this side.
    fileprivate static let unknownToOthers = ExchangeFailure(
        .cancelled,
        code: "cancelled",
        message: "another request of the run gave the trade up"
    )
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

extension TradeOutcome {
    /// The outcome of a trade that failed.
    fileprivate init(_ kind: ExchangeFailure.Kind) {
        self =
            switch kind {
            case .refused, .misconfigured: .refused
            case .outage: .outage
            case .brokenAnswer, .cancelled: .broken
            }
    }
}
