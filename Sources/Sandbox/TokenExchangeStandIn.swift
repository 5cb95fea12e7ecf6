internal import HTTP
internal import JSON
internal import Tokens

/// A plain server of RFC 8693: an ID token in, an opaque access token out, no client authentication, no delegation.
struct TokenExchangeStandIn: Sendable {
    private let party: RelyingParty
    private let report: @Sendable (SandboxEvent) -> Void

    private static let grant = "urn:ietf:params:oauth:grant-type:token-exchange"
    private static let types = "urn:ietf:params:oauth:token-type:"
    private static let lifetime: Int64 = 3600

    init(_ party: RelyingParty, _ report: @escaping @Sendable (SandboxEvent) -> Void) {
        self.party = party
        self.report = report
    }

    /// Answers a request to `/token`.
    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        do throws(OAuthRefusal) {
            return .json(try await exchange(request))
        } catch {
            return error.response
        }
    }

    private func exchange(_ request: HTTPRequest) async throws(OAuthRefusal) -> JSONObject {
        let parameters = try OAuthParameters(request)
        guard try parameters.required("grant_type") == Self.grant else {
            throw OAuthRefusal("unsupported_grant_type", "grant_type must be \(Self.grant)")
        }
        let token = try parameters.required("subject_token")
        try Self.checkTypes(parameters)
        let target = (parameters.all("audience") + parameters.all("resource")).joined(separator: " ")
        do throws(RelyingParty.Rejection) {
            let claims = try await party.verify(token)
            report(SandboxEvent(.tokenExchange, target, .taken(subject: claims["sub"]?.asString ?? "")))
        } catch {
            report(SandboxEvent(.tokenExchange, target, .refused(reason: error.description)))
            throw OAuthRefusal("invalid_request", "the subject token is not taken: \(error)")
        }
        var answer: JSONObject = [
            "access_token": .string(FakeSecret.accessToken()),
            "issued_token_type": .string(Self.types + "access_token"),
            "token_type": "Bearer", "expires_in": .integer(Self.lifetime),
        ]
        answer["scope"] = try parameters.value("scope").map { .string($0) }
        return answer
    }

    /// Answers a request to `/revoke`: a token that is not known any more is not one (RFC 7009, section 2.2).
    func revoke(_ request: HTTPRequest) -> HTTPResponse {
        do throws(OAuthRefusal) {
            _ = try OAuthParameters(request).required("token")
            return HTTPResponse(status: 200, fields: ["Cache-Control": "no-store"])
        } catch {
            return error.response
        }
    }

    private static func checkTypes(_ parameters: OAuthParameters) throws(OAuthRefusal) {
        let subject = try parameters.value("subject_token_type")
        guard subject == types + "jwt" || subject == types + "id_token" else {
            throw OAuthRefusal("invalid_request", "subject_token_type must be \(types)jwt or \(types)id_token")
        }
        let requested = try parameters.value("requested_token_type")
        guard requested == nil || requested == types + "access_token" else {
            throw OAuthRefusal("invalid_request", "requested_token_type must be \(types)access_token, or left out")
        }
        guard try parameters.value("actor_token") == nil, try parameters.value("actor_token_type") == nil else {
            throw OAuthRefusal("invalid_request", "no actor is taken: nobody acts for another here")
        }
        for resource in parameters.all("resource") where WebAddress(resource) == nil {
            throw OAuthRefusal("invalid_target", "resource must be an absolute URL without a fragment")
        }
    }
}
