internal import HTTP
internal import Ledger
internal import Runs
internal import Time
internal import Tokens

/// `GET` and `POST /v1/token?audience=A&lifetime=SECONDS&claim=NAME=VALUE`: an ID token for a job; also GitHub's request protocol.
extension Broker {
    /// The token, and what the ledger calls it.
    func token(_ call: Call) async throws(Problem) -> HTTPResponse {
        let run = try await run(of: call)
        return try await admit(run) { () async throws(Problem) in
            let query = try call.query()
            guard let audience = try call.value("audience", in: query), !audience.isEmpty else {
                throw Problem(
                    .invalidRequest,
                    "The query names no audience: add audience=NAME, who is to trust the token."
                )
            }
            let lifetime = try Self.lifetime(try call.value("lifetime", in: query))
            let own = try call.jobClaims(in: query)
            let released = try await issue(
                audience: audience,
                saying: own,
                lifetime: lifetime,
                to: run,
                trace: call.trace,
                confirming: try confirmation(of: run, call)
            )
            return Self.answer(released)
        }
    }

    /// What the holder of the token is to prove: what its run is bound to, or the key that this request brings a proof of.
    private func confirmation(of run: Run, _ call: Call) throws(Problem) -> Confirmation? {
        if let confirmation = run.attestation.confirmation { return confirmation }
        guard let proof = try proof(in: call, with: String(try call.bearer())) else { return nil }
        try spend(proof)
        return proof.confirmation
    }

    private static func lifetime(_ text: String?) throws(Problem) -> Duration? {
        guard let text else { return nil }
        guard let seconds = Int64(text), text.utf8.allSatisfy({ (48...57).contains($0) }),
            (1...86_400).contains(seconds)
        else {
            throw Problem(.invalidRequest, "lifetime is '\(text.prefix(32))', wanted whole seconds from 1 to 86400.")
        }
        return .seconds(seconds)
    }

    /// Written by hand, as this is the answer that is given most: no value in it has a character that JSON escapes.
    private static func answer(_ released: consuming Released<TokenText>) -> HTTPResponse {
        let index = released.receipt.index
        let token = released.take()
        var body = Array(#"{"value":""#.utf8)
        body.reserveCapacity(token.bytes.count + 192)
        body += token.bytes
        body += #"","count":\#(token.bytes.count),"jti":"\#(token.facts.identifier)","#.utf8
        body += #""expires_at":"\#(RFC3339.format(token.facts.expires))","ledger_index":\#(index)}"#.utf8
        return HTTPResponse(
            status: 200,
            fields: ["Content-Type": "application/json", "Cache-Control": "no-store"],
            body: body
        )
    }
}
