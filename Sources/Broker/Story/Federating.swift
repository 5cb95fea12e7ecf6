internal import Claims
internal import Crypto
internal import Federation
internal import HTTP
internal import JSON
internal import Ledger
internal import Logs
internal import Policy
internal import Runs
internal import Text
internal import Time
internal import Tokens

/// Step one in another way: a CI system's own token says what a run is.
extension Broker {
    /// Verifies another issuer's token, and attests the run that it speaks of.
    ///
    /// - Throws: `Problem` once the refusal is recorded.
    func identify(
        _ text: String,
        confirming confirmation: Confirmation?,
        _ call: Call
    ) async throws(Problem) -> (Upstream.Identity, Attestation) {
        let standing = now
        let identity: Upstream.Identity
        do throws(FederationError) {
            identity = try await upstream.identify(text, by: standing.federation, over: call.transport)
        } catch {
            throw try await refuse(error, of: text, call)
        }
        var request = identity.request
        request.confirmation = confirmation
        request.expiresIn = min(request.expiresIn ?? .max, standing.runLimits.maximumLifetime.wholeSeconds)
        let attestation: Attestation
        do throws(AttestationError) {
            attestation = try Attestation(request, by: identity.issuer.attestor, limits: standing.runLimits)
        } catch {
            let refusal = FederationError(
                .mapping,
                "the token's run cannot be attested: \(error)",
                entry: identity.issuer.name,
                isGenuine: true
            )
            throw try await refuse(refusal, of: text, call)
        }
        guard let revocation = revocations.revocation(ofProject: attestation[.project] ?? "") else {
            return (identity, attestation)
        }
        metrics.count(.revoked)
        let refusal = FederationError(.required, revocation.words, entry: identity.issuer.name, isGenuine: true)
        throw try await refuse(refusal, of: text, call)
    }

    /// The entry that says which token was taken, and what it made its run.
    func accepted(_ identity: Upstream.Identity, as run: Run, of text: String, _ call: Call) -> Entry {
        var entry = Entry(.federationAccepted, .succeeded, of: run, trace: call.trace)
        entry.claims = run.attestation.stored
        entry.address = call.request.peer.address
        entry.issuer = identity.issuer.rules.issuer.text
        entry.kid = identity.token.header.kid.map(Self.shown)
        entry.jti = (identity.token.claims["jti"]?.asString).map(Self.shown)
        entry.tokenSHA256 = SHA256.hash(text)
        entry.expires = run.expires
        let subject = "its subject is '\(Self.shown(identity.token.claims["sub"]?.asString ?? ""))'"
        entry.reason = subject + (identity.doubt.map { "; untrusted, because \($0)" } ?? "")
        return entry
    }

    /// Records that a token was refused and makes the answer; so many a minute are recorded, of tokens that anybody can write fewer.
    private func refuse(_ error: FederationError, of text: String, _ call: Call) async throws(Problem) -> Problem {
        metrics.count(.federationDenied)
        log.tracing(call.trace).info(
            "another issuer's token was refused",
            ["entry": error.entry ?? "none", "reason": error.reason, "address": call.request.peer.address]
        )
        if (error.isGenuine ? foreigners : strangers).take(at: clock()) {
            var entry = Entry(
                .federationDenied,
                error.code == .unreachable ? .failed : .denied,
                trace: call.trace
            )
            entry.principal = error.entry
            entry.address = call.request.peer.address
            entry.tokenSHA256 = SHA256.hash(text)
            entry.issuer = now.federation.first { $0.name == error.entry }?.rules.issuer.text
            entry.reason = error.reason
            try await record(entry)
        }
        return Problem(error)
    }

    /// A stranger's text as an entry shows it.
    private static func shown(_ text: String) -> String { String(text.unicodeScalars.prefix(256)).madeVisible }

    /// What became of an issuer's keys, for the log.
    static func tell(_ report: KeyReport, of issuer: IssuerURL, _ log: Log) {
        switch report {
        case .gone(let error, let end):
            log.warning(
                "another issuer's keys cannot be had",
                [
                    "issuer": issuer.text, "reason": error.description,
                    "keys_serve_until": end.map(RFC3339.format) ?? "there are none",
                ]
            )
        case .back: log.info("another issuer's keys can be had again", ["issuer": issuer.text])
        }
    }
}
