internal import Configuration
package import Exchange
package import HTTP
internal import Ledger
internal import Logs
package import Policy
internal import Time
internal import Tokens

/// Negative canaries: a target is sent tokens that are wrong on purpose, and must refuse each.
///
/// Each is recorded as a probe before it leaves. One that is accepted is an alarm: the credential is ended at once, or dropped
/// where nothing ends it, and never released to anybody.
extension Broker {
    /// What a target made of one decoy.
    package struct ProbeFinding: Sendable {
        /// How it ended.
        package enum Verdict: Sendable {
            /// As it must; the cloud's own words.
            case refused(String)
            /// An alarm: which condition let it in, and what closes it.
            case accepted(condition: String, fix: String)
            /// Nobody knows: an outage, or settings that are wrong for every token.
            case unknown(String)
            /// It cannot be tried at this target.
            case unsuited(String)
        }

        package let fault: Decoy.Fault
        package let verdict: Verdict
        /// Where the ledger has the decoy; nil where none was sent.
        package let ledgerIndex: UInt64?
    }

    /// Tries a target with every fault that suits it.
    ///
    /// - Throws: `Problem` where the target is not to be probed, or the ledger cannot record.
    package func probe(
        _ name: String,
        trace: String,
        over transport: any Transport,
        pacing: Pacing
    ) async throws(Problem) -> [ProbeFinding] {
        guard let target = now.targets[name] else {
            throw Problem(
                .notFound,
                "There is no target '\(name)'; see 'targets' in the configuration."
            )
        }
        guard target.probed != nil else {
            throw Problem(.conflict, "Target '\(name)' is not to be probed: write 'probe: true' in its settings first.")
        }
        // Breakers of its own: what probes meet is no reason to keep jobs away, nor the other way round.
        let exchange = Exchange(
            transport: transport,
            clock: clock,
            pacing: pacing,
            breakers: Breakers(),
            responseBytes: now.limits.responseBytes
        )
        let model = try await ProbeModel(of: target, in: self)
        var findings: [ProbeFinding] = []
        for fault in Decoy.Fault.allCases {
            findings.append(try await probe(target, fault, model, trace: trace, through: exchange))
        }
        return findings
    }

    private func probe(
        _ target: Target,
        _ fault: Decoy.Fault,
        _ model: ProbeModel,
        trace: String,
        through exchange: Exchange
    ) async throws(Problem) -> ProbeFinding {
        let decoy: Decoy
        do throws(Decoy.Unsuited) {
            decoy = try now.policy.decoy(
                fault,
                of: try model.claims(for: fault),
                for: target.name,
                pinnedElsewhere: target.claimsForAnotherRole
            )
        } catch {
            return ProbeFinding(fault: fault, verdict: .unsuited(error.description), ledgerIndex: nil)
        }
        let signed: SignedDecoy
        do throws(TokenError) {
            signed = try await sign(decoy)
        } catch {
            throw Problem(error)
        }
        let token = try await release(signed.seal(trace: trace), to: nil)
        let index = token.receipt.index
        let identity = JobIdentity(project: "probe", workflow: fault.rawValue, job: target.name, run: trace)
        let verdict =
            switch await trade(token, at: target, for: identity, through: exchange) {
            case .success(let held): try await alarm(decoy, held, model, target, trace: trace, through: exchange)
            case .failure(let failure): try await note(failure, of: decoy, trace: trace)
            }
        return ProbeFinding(fault: fault, verdict: verdict, ledgerIndex: index)
    }

    /// What is known of the credential that a decoy bought; the credential itself goes at once.
    private func trade(
        _ token: consuming Released<TokenText>,
        at target: Target,
        for identity: JobIdentity,
        through exchange: Exchange
    ) async -> Result<HeldCredential, ExchangeFailure> {
        do throws(ExchangeFailure) {
            let credential = try await exchange.trade(token, at: target, for: identity)
            return .success(HeldCredential(credential, of: target))
        } catch {
            return .failure(error)
        }
    }

    /// A no is what was wanted; whatever else kept the decoy out proves nothing.
    private func note(
        _ failure: ExchangeFailure,
        of decoy: Decoy,
        trace: String
    ) async throws(Problem) -> ProbeFinding.Verdict {
        let isRefused = failure.kind == .refused
        var entry = Entry(isRefused ? .probeRefused : .probeFailed, failure.outcome, trace: trace)
        entry.target = decoy.target
        entry.reason = decoy.fault.rawValue
        entry.cause = failure.description
        try await record(entry)
        metrics.count(probe: isRefused ? .refused : .unknown, of: decoy.target)
        if isRefused { return .refused(failure.description) }
        log.tracing(trace).warning(
            "a probe came to nothing",
            ["target": decoy.target, "fault": decoy.fault.rawValue, "cause": failure.description]
        )
        return .unknown("\(failure); \(failure.advice)")
    }

    /// The target took what it must refuse: the log, the ledger and the figures say so, and the credential ends.
    private func alarm(
        _ decoy: Decoy,
        _ held: HeldCredential,
        _ model: ProbeModel,
        _ target: Target,
        trace: String,
        through exchange: Exchange
    ) async throws(Problem) -> ProbeFinding.Verdict {
        let loophole = Loophole(decoy, model.good, target)
        metrics.count(probe: .accepted, of: target.name)
        log.tracing(trace).error(
            "ALARM: a target took a token that it must refuse",
            [
                "target": target.name, "fault": decoy.fault.rawValue, "condition": loophole.condition,
                "fix": loophole.fix,
            ]
        )
        var entry = Entry(.probeAccepted, .succeeded, trace: trace)
        entry.target = target.name
        entry.reason = "\(decoy.fault.rawValue): \(loophole.condition)"
        entry.credential = held.name
        entry.expires = held.expires
        let recorded = await recorded(entry)
        await revoke([held], of: nil, trace: trace, through: exchange)
        if let problem = recorded { throw problem }
        return .accepted(condition: loophole.condition, fix: loophole.fix)
    }

    /// Records an entry, and gives the problem back rather than let it keep the credential alive.
    func recorded(_ entry: Entry) async -> Problem? {
        do throws(Problem) {
            try await record(entry)
            return nil
        } catch {
            return error
        }
    }
}
