internal import Configuration
internal import Crypto
internal import Federation
internal import HTTP
internal import Ledger
internal import Logs

/// Principals who show another issuer's token (`oidc`): a CI server's own identity, a person's from the company's provider.
extension Broker {
    /// Whom another issuer's token speaks for; nil where the bearer is no token of an issuer that any principal names.
    ///
    /// Each request is one principal's: a token that two principals' claims fit is refused.
    ///
    /// - Throws: `Problem` once the refusal is recorded.
    func federatedPrincipal(of bearer: String, _ call: Call) async throws(Problem) -> Principal? {
        guard let issuer = try? Upstream.claimedIssuer(of: bearer) else { return nil }
        let candidates = now.principals.federated(by: issuer)
        guard !candidates.isEmpty else { return nil }
        var found: [Principal] = []
        var refusals: [FederationError] = []
        for (principal, rules) in candidates {
            do throws(FederationError) {
                _ = try await upstream.verify(bearer, by: rules, entry: principal.name, over: call.transport)
                found.append(principal)
            } catch {
                refusals.append(error)
            }
        }
        guard found.count == 1 else {
            let names = found.map(\.name).joined(separator: ", ")
            let reasons = refusals.map { "\($0.entry ?? ""): \($0.reason)" }.joined(separator: "; ")
            throw try await refuse(
                bearer,
                found.isEmpty ? reasons : "it fits the principals \(names), and a request is one principal's",
                isGenuine: !found.isEmpty || refusals.contains(where: \.isGenuine),
                isOutage: found.isEmpty && refusals.contains { $0.code == .unreachable },
                call
            )
        }
        return found[0]
    }

    private func refuse(
        _ bearer: String,
        _ reason: String,
        isGenuine: Bool,
        isOutage: Bool,
        _ call: Call
    ) async throws(Problem) -> Problem {
        metrics.count(.denied)
        log.tracing(call.trace).info("a principal's token was refused", ["reason": reason])
        if (isGenuine ? foreigners : strangers).take(at: clock()) {
            var entry = Entry(.adminDenied, .denied, trace: call.trace)
            entry.address = call.request.peer.address
            entry.tokenSHA256 = SHA256.hash(bearer)
            entry.reason = "\(call.request.method.rawValue) \(call.request.path.prefix(256)): \(reason)"
            try await record(entry)
        }
        guard !isOutage else {
            var problem = Problem(.unavailable, "The token cannot be verified now: \(reason).")
            problem.retryAfter = 10
            return problem
        }
        return Problem(.invalidToken, "No principal is spoken for by this token: \(reason).")
    }
}
