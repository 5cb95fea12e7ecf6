internal import Claims
internal import Ledger
internal import Policy
internal import Runs
internal import Time
internal import Tokens

/// Steps two to five: the run's claims are granted a token, it is signed, recorded and released.
extension Broker {
    /// Issues a bare ID token for an audience, with what the job says of itself.
    func issue(
        audience: String,
        saying own: JobClaims = .none,
        lifetime: Duration?,
        to run: Run,
        trace: String,
        confirming confirmation: Confirmation?
    ) async throws(Problem) -> Released<TokenText> {
        let claims = ClaimSet(of: run)
        switch now.policy.audienceGrant(for: claims, audience: audience, saying: own, lifetime: lifetime) {
        case .refused(let refusal): throw try await refuse(refusal, to: run, trace: trace)
        case .allowed(let grant): return try await issue(grant, to: run, trace: trace, confirming: confirmation)
        }
    }

    /// Signs what was granted, records it, and only then lets it go.
    ///
    /// A token that the broker trades itself confirms nothing: the cloud would want a proof of the broker. A passing run gets
    /// this one token and no more.
    func issue(
        _ grant: Grant,
        to run: Run,
        trace: String,
        confirming confirmation: Confirmation? = nil,
        isPassing: Bool = false
    ) async throws(Problem) -> Released<TokenText> {
        if !isPassing { try await countToken(of: run, target: grant.target, trace: trace) }
        let signed: SignedToken
        do throws(TokenError) {
            // A token does not outlive its run: what the job leaves behind is worth nothing.
            signed = try await sign(grant, trace: trace, confirmation: confirmation?.json, end: run.expires)
        } catch {
            throw Problem(error)
        }
        var entry = Entry(.tokenIssued, .succeeded, trace: trace)
        entry.run = run.id
        entry.principal = run.attestation.principal
        entry.target = grant.target
        entry.rule = grant.rule.description
        // By this the ledger leads a digest back to what it stands for.
        entry.reason = grant.spelledOut.map { "sub stands for '\($0)'" }
        let released = try await release(signed.seal(recordedAs: entry), to: run)
        metrics.count(.tokenIssued)
        return released
    }
}
