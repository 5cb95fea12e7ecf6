internal import Encoding
internal import HTTP
internal import JSON
internal import POSIX
internal import Tokens

/// Trades the CI system's own ID token for a request token of the broker, at its `/oauth/token` (RFC 8693).
struct ForeignTrade: Sendable {
    let address: BrokerAddress
    let transport: any Transport
    /// The key that the request token is to be bound to; nil for none.
    let key: DPoPKey?

    /// The request token of the run that the CI system's token speaks of.
    ///
    /// - Throws: `CommandError` where the CI system gives no token, or the broker does not take it.
    func requestToken(from source: CITokenSource, _ environment: Environment) async throws(CommandError) -> BearerToken
    {
        let token = try await source.token(for: address.url, environment, over: transport)
        let form = Form([
            Form.Field("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            Form.Field("subject_token", token),
            Form.Field("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
            Form.Field("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ])
        let url = "\(address.url)/oauth/token"
        var fields: HTTPFields = [
            "Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json",
            "User-Agent": "jobpass/\(Version.text)",
        ]
        if let key { fields.append("DPoP", try ShownIdentity.proof(by: key, .post, url, token: nil)) }
        let request = OutgoingRequest(
            .post,
            url: url,
            fields: fields,
            body: Array(form.encoded.utf8),
            limits: OutgoingRequest.Limits(connect: .seconds(5), total: .seconds(30), responseBytes: 1 << 18),
            certificateAuthorities: address.authorities,
            clientCertificate: address.certificate
        )
        let response: HTTPResponse
        do throws(TransportError) { response = try await transport.send(request) } catch {
            throw CommandError(error, at: address)
        }
        guard let json = try? JSON.parse(response.body) else {
            throw CommandError(
                .unavailable,
                "\(address.url) answered \(response.status) with something that is no JSON",
                advice: "is that the address of a Jobpass broker, and of nothing in front of it?"
            )
        }
        guard response.status == 200, let traded = json["access_token"]?.asString else {
            let refusal = BrokerRefusal(response.status, json, from: address.url)
            throw CommandError(
                response.status == 400 ? .denied : refusal.exit,
                "the ID token of \(source.name): \(CommandError(refusal).message)",
                advice: "the broker's federation has to know this CI system: its issuer, its audience, what it requires"
            )
        }
        return try BearerToken(traded, from: "\(address.url)/oauth/token")
    }
}
