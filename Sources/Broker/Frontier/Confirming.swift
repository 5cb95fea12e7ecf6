internal import Crypto
internal import Encoding
internal import Federation
internal import HTTP
internal import Ledger
internal import Logs
internal import Runs
internal import Time
internal import Tokens

/// Proofs of possession: a request token that is bound to a certificate or a key counts in its holder's hands alone.
extension Broker {
    /// Holds a request to what its run is bound to.
    ///
    /// - Throws: `Problem` once the refusal is recorded: whoever has the token without the key may have stolen it.
    func confirm(_ run: Run, _ bearer: String, _ call: Call) async throws(Problem) {
        let reason: String?
        switch run.attestation.confirmation {
        case nil: reason = call.isProved ? "the request token is bound to no key: send it as 'Bearer'" : nil
        case .certificate(let wanted)?: reason = Self.fault(of: call.request.peer.certificate, wanted: wanted)
        case .key(let wanted)?:
            do throws(Problem) {
                guard call.isProved else { throw Problem(.invalidToken, "it came as 'Bearer', wanted 'DPoP'") }
                guard let proof = try proof(in: call, with: bearer) else {
                    throw Problem(.invalidToken, "no DPoP proof came with it")
                }
                try spend(proof)
                reason = proof.confirmation == .key(wanted) ? nil : "the DPoP proof is another key's"
            } catch {
                reason = error.reason
            }
        }
        guard let reason else { return }
        metrics.count(.denied)
        log.tracing(call.trace).warning(
            "a request token came without what it is bound to",
            ["run": run.id, "reason": reason, "address": call.request.peer.address]
        )
        if strangers.take(at: clock()) {
            var entry = Entry(.tokenDenied, .denied, of: run, trace: call.trace)
            entry.address = call.request.peer.address
            entry.reason = "\(call.request.method.rawValue) \(call.request.path.prefix(256)): \(reason)"
            try await record(entry)
        }
        throw Problem(.invalidToken, "The request token of run \(run.id) is refused: \(reason).")
    }

    /// The DPoP proof of a request, verified; nil where there is none.
    ///
    /// It is not used up yet: that is for who knows the caller.
    ///
    /// - Throws: `Problem` with the code of RFC 9449, section 5.
    func proof(in call: Call, with token: String?) throws(Problem) -> ConfirmedProof? {
        let values = call.request.fields.values("DPoP")
        guard let text = values.first else { return nil }
        guard values.count == 1 else { throw Problem(.invalidDPoPProof, "The DPoP field is there twice") }
        let proof: DPoPProof
        do throws(TokenError) {
            proof = try DPoPProof(
                text,
                method: call.request.method.rawValue,
                url: now.trusted.url.text + call.request.path,
                accessToken: token,
                now: clock()
            )
        } catch {
            throw Problem(.invalidDPoPProof, "The DPoP proof is refused: \(error)")
        }
        guard let bytes = try? Base64URL.decode(proof.thumbprint), let digest = SHA256Digest(bytes: bytes) else {
            throw Problem(.serverError, "The proof's key has no thumbprint")
        }
        return ConfirmedProof(proof: proof, confirmation: .key(digest))
    }

    /// Uses a proof up; once its sender is known, so that strangers' proofs take nobody's place.
    ///
    /// - Throws: `Problem` where it was used before.
    func spend(_ confirmed: ConfirmedProof) throws(Problem) {
        let proof = confirmed.proof
        guard proofs.spend(proof.identity, until: proof.issued + DPoPProof.window * 2, now: clock()) else {
            throw Problem(.invalidDPoPProof, "The DPoP proof was used before: make one for each request")
        }
    }

    private static func fault(of certificate: PeerCertificate?, wanted: SHA256Digest) -> String? {
        guard let certificate else { return "it is bound to a client certificate, and the connection shows none" }
        guard SHA256Digest(bytes: certificate.sha256)?.isEqualInConstantTime(to: wanted) == true else {
            return "it is bound to another client certificate than the connection shows"
        }
        return nil
    }
}

/// A DPoP proof that holds of its request, and what it confirms.
struct ConfirmedProof {
    let proof: DPoPProof
    let confirmation: Confirmation
}
