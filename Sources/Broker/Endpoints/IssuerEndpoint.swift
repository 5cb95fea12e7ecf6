internal import HTTP
internal import Time
internal import Tokens

/// `GET /.well-known/openid-configuration` and `/.well-known/jwks.json`, and the same under `/untrusted/` and under the path of each
/// further issuer: what clouds fetch.
extension Broker {
    /// The issuer's discovery document.
    func discovery(_ call: Call, isUntrusted: Bool) throws(Problem) -> HTTPResponse {
        let issuer = try issuer(call, isUntrusted)
        return publish(issuer.discoveryDocument, of: issuer, to: call)
    }

    /// The issuer's keys.
    func keys(_ call: Call, isUntrusted: Bool) throws(Problem) -> HTTPResponse {
        let issuer = try issuer(call, isUntrusted)
        return publish(issuer.keyDocument, of: issuer, to: call)
    }

    /// The issuer whose path the call names; without one, the broker's own.
    private func issuer(_ call: Call, _ isUntrusted: Bool) throws(Problem) -> Issuer {
        guard let path = call.parameters.first else { return now.issuers.own.issuer(untrusted: isUntrusted) }
        guard let pair = now.issuers.pair(atPath: path) else {
            throw Problem(.notFound, "There is no issuer at this path.")
        }
        return pair.issuer(untrusted: isUntrusted)
    }

    private func publish(_ document: PublishedDocument, of issuer: Issuer, to call: Call) -> HTTPResponse {
        let known = call.request.fields.values("If-None-Match").contains { document.matches(ifNoneMatch: $0) }
        var response = HTTPResponse(status: known ? 304 : 200, body: known ? [] : document.body)
        if !known { response.fields.append("Content-Type", "application/json") }
        response.fields.append("Cache-Control", "public, max-age=\(issuer.cacheTime.wholeSeconds)")
        response.fields.append("ETag", document.entityTag)
        return response
    }
}
