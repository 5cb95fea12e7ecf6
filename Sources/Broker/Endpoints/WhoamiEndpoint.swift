internal import Claims
internal import HTTP
internal import JSON
internal import Runs
internal import Tokens

/// `GET /v1/whoami`: what a run's next token would say.
extension Broker {
    /// The claims of the run as its next token would carry them.
    ///
    /// Those that only a request settles are left out: `aud`, the times, `jti`. An audience or target with a `subject` of its
    /// own gets another `sub`.
    func whoami(_ call: Call) throws(Problem) -> HTTPResponse {
        let run = try run(of: call)
        var claims: JSONObject = ["iss": .string(now.issuer(of: run).url.text)]
        if let subject = try? now.subject.subject(of: ClaimSet(of: run), limit: .openID) {
            claims["sub"] = .string(subject)
        }
        for claim in run.attestation.claims { claims[claim.name] = .string(claim.value) }
        return .json(200, .object(claims))
    }
}
