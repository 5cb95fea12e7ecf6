internal import Claims
internal import Configuration
package import Exchange
package import HTTP
internal import Ledger
internal import Policy
package import Runs
internal import Secrets
package import Time
internal import Tokens

/// A trade that is made for nobody, so that a person can see how it goes: by the same steps as a job's, with an entry for
/// each, and its credential is ended at once.
extension Broker {
    /// How far a rehearsed trade came.
    package enum Rehearsal: Sendable {
        /// Our own rules said no.
        case denied(String)
        /// The token was recorded and sent, and this came back.
        case failed(subject: String, ExchangeFailure)
        /// The cloud gave a credential, which is gone again.
        case traded(subject: String, expires: UnixTime?)
    }

    /// Registers a run, trades its token at a target, ends both.
    ///
    /// Without tags the token says nothing of the session to the cloud, which tells whether those are what it refuses.
    ///
    /// - Throws: `Problem` where something on this side stops it: the ledger, a key, the store of runs.
    package func rehearse(
        _ name: String,
        as attestation: Attestation,
        withoutTags: Bool = false,
        trace: String,
        over transport: any Transport,
        pacing: Pacing
    ) async throws(Problem) -> Rehearsal {
        let exchange = Exchange(
            transport: transport,
            clock: clock,
            pacing: pacing,
            breakers: Breakers(),
            responseBytes: now.limits.responseBytes
        )
        let run = try await begin(attestation, from: "127.0.0.1", trace: trace).run
        let result = await rehearse(name, run, withoutTags: withoutTags, trace: trace, through: exchange)
        try await end(run, by: attestation.principal, trace: trace, through: exchange)
        return try result.get()
    }

    private func decision(on run: Run, at name: String, withoutTags: Bool) -> Decision<Grant> {
        let claims = ClaimSet(of: run)
        guard withoutTags, let plain = now.targets[name]?.claimsWithoutTags else {
            return now.policy.targetGrant(for: claims, target: name)
        }
        return now.policy.targetGrant(for: claims, target: name, adding: plain)
    }

    private func rehearse(
        _ name: String,
        _ run: Run,
        withoutTags: Bool,
        trace: String,
        through exchange: Exchange
    ) async -> Result<Rehearsal, Problem> {
        do throws(Problem) {
            let grant: Grant
            switch decision(on: run, at: name, withoutTags: withoutTags) {
            case .refused(let refusal):
                return .success(.denied(try await refuse(refusal, to: run, trace: trace).reason))
            case .allowed(let allowed): grant = allowed
            }
            guard let target = now.targets[name] else { throw Problem(.notFound, "There is no target '\(name)'.") }
            let token = try await issue(grant, to: run, trace: trace)
            let held: HeldCredential
            do throws(ExchangeFailure) {
                let credential = try await exchange.trade(token, at: target, for: JobIdentity(run))
                held = HeldCredential(credential, of: target)
            } catch {
                try await record(.failed(error, at: name, of: run, trace: trace))
                return .success(.failed(subject: grant.subject, error))
            }
            var entry = Entry(.exchangeSucceeded, .succeeded, of: run, trace: trace)
            entry.target = name
            entry.rule = grant.rule.description
            entry.credential = held.name
            entry.expires = held.expires
            entry.reason = "rehearsed by doctor: released to nobody"
            // Nobody gets it, recorded or not, so it ends either way.
            let recorded = await recorded(entry)
            await revoke([held], of: run, trace: trace, through: exchange)
            if let problem = recorded { throw problem }
            return .success(.traded(subject: grant.subject, expires: held.expires))
        } catch {
            return .failure(error)
        }
    }
}
