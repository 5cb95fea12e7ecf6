internal import Claims
internal import HTTP
internal import JSON
internal import Policy
internal import Runs
internal import Tokens

/// `GET /v1/whoami`: what a run's next token would say.
extension Broker {
    /// The claims of the run as its next token would carry them.
    ///
    /// Those that only a request settles are left out: `aud`, the times, `jti`, `jobpass_trace`. An audience or target with a
    /// `subject` of its own gets another `sub`. With `provenance=true` a last member says of each claim who answers for it.
    func whoami(_ call: Call) async throws(Problem) -> HTTPResponse {
        let run = try await run(of: call)
        var claims: JSONObject = ["iss": .string(now.issuer(of: run).url.text)]
        let voice = now.policy.voice(of: ClaimSet(of: run))
        if let subject = try? voice.subject.subject(of: ClaimSet(of: run), limit: .openID) {
            claims["sub"] = .string(subject.text)
        }
        for claim in run.attestation.claims { claims[claim.name] = .string(claim.value) }
        if try call.value("provenance", in: try call.query()) == "true" {
            var sources = JSONObject()
            for name in claims.members.map(\.name) {
                let isOurs = name == "iss" || name == "sub"
                sources[name] = (isOurs ? .broker : run.attestation.provenance(of: name)).json
            }
            claims[UpstreamOrigin.member] = .object(sources)
        }
        return .json(200, .object(claims))
    }
}
