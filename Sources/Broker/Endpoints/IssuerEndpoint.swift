internal import HTTP
internal import Time
internal import Tokens

/// `GET /.well-known/openid-configuration` and `/.well-known/jwks.json`, and the same under `/untrusted/`: what clouds fetch.
extension Broker {
    /// The issuer's discovery document.
    func discovery(_ call: Call, isUntrusted: Bool) -> HTTPResponse {
        publish(issuer(isUntrusted).discoveryDocument, to: call)
    }

    /// The issuer's keys.
    func keys(_ call: Call, isUntrusted: Bool) -> HTTPResponse {
        publish(issuer(isUntrusted).keyDocument, to: call)
    }

    private func issuer(_ isUntrusted: Bool) -> Issuer {
        isUntrusted ? now.untrusted : now.trusted
    }

    private func publish(_ document: PublishedDocument, to call: Call) -> HTTPResponse {
        let known = call.request.fields.values("If-None-Match").contains { document.matches(ifNoneMatch: $0) }
        var response = HTTPResponse(status: known ? 304 : 200, body: known ? [] : document.body)
        if !known { response.fields.append("Content-Type", "application/json") }
        response.fields.append("Cache-Control", "public, max-age=\(now.cacheTime.wholeSeconds)")
        response.fields.append("ETag", document.entityTag)
        return response
    }
}
