internal import Encoding
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

    /// An error answer (RFC 6749, section 5.2; RFC 8693, section 2.2.2).
    private struct Refusal: Error {
        let code: String
        let description: String
        let status: Int

        init(_ code: String, _ description: String, status: Int = 400) {
            self.code = code
            self.description = description
            self.status = status
        }
    }

    /// Answers a request to `/token`.
    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        do throws(Refusal) {
            return Self.response(try await exchange(request))
        } catch {
            let body: JSONObject = ["error": .string(error.code), "error_description": .string(error.description)]
            return Self.response(body, status: error.status)
        }
    }

    private func exchange(_ request: HTTPRequest) async throws(Refusal) -> JSONObject {
        guard request.method == .post else { throw Refusal("invalid_request", "POST is wanted", status: 405) }
        let form = try Self.form(request)
        guard let grant = try Self.value("grant_type", form) else {
            throw Refusal("invalid_request", "grant_type is missing")
        }
        guard grant == Self.grant else { throw Refusal("unsupported_grant_type", "grant_type must be \(Self.grant)") }
        guard let token = try Self.value("subject_token", form) else {
            throw Refusal("invalid_request", "subject_token is missing")
        }
        try Self.checkTypes(form)
        let target = form.fields.filter { $0.name == "audience" || $0.name == "resource" }.map(\.value)
            .joined(separator: " ")
        do throws(RelyingParty.Rejection) {
            let claims = try await party.verify(token)
            report(SandboxEvent(.tokenExchange, target, .taken(subject: claims["sub"]?.asString ?? "")))
        } catch {
            report(SandboxEvent(.tokenExchange, target, .refused(reason: error.description)))
            throw Refusal("invalid_request", "the subject token is not taken: \(error)")
        }
        var answer: JSONObject = [
            "access_token": .string(FakeSecret.accessToken()),
            "issued_token_type": .string(Self.types + "access_token"),
            "token_type": "Bearer", "expires_in": .integer(Self.lifetime),
        ]
        answer["scope"] = try Self.value("scope", form).map(JSON.string)
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

    private static func checkTypes(_ form: Form) throws(Refusal) {
        let subject = try value("subject_token_type", form)
        guard subject == types + "jwt" || subject == types + "id_token" else {
            throw Refusal("invalid_request", "subject_token_type must be \(types)jwt or \(types)id_token")
        }
        let requested = try value("requested_token_type", form)
        guard requested == nil || requested == types + "access_token" else {
            throw Refusal("invalid_request", "requested_token_type must be \(types)access_token, or left out")
        }
        guard try value("actor_token", form) == nil, try value("actor_token_type", form) == nil else {
            throw Refusal("invalid_request", "no actor is taken: nobody acts for another here")
        }
        for resource in form.fields where resource.name == "resource" {
            guard WebAddress(resource.value) != nil else {
                throw Refusal("invalid_target", "resource must be an absolute URL without a fragment")
            }
        }
    }

    private static func form(_ request: HTTPRequest) throws(Refusal) -> Form {
        let type = request.fields["Content-Type"] ?? ""
        guard type.lowercased().hasPrefix("application/x-www-form-urlencoded") else {
            throw Refusal("invalid_request", "Content-Type must be application/x-www-form-urlencoded")
        }
        do throws(EncodingError) {
            return try Form(parsing: String(decoding: request.body, as: UTF8.self))
        } catch {
            throw Refusal("invalid_request", "\(error)")
        }
    }

    private static func value(_ name: String, _ form: Form) throws(Refusal) -> String? {
        do throws(EncodingError) {
            return try form.value(name)
        } catch {
            throw Refusal("invalid_request", "\(error)")
        }
    }

    private static func response(_ body: JSONObject, status: Int = 200) -> HTTPResponse {
        var fields: HTTPFields = ["Content-Type": "application/json", "Cache-Control": "no-store"]
        if status == 405 { fields.append("Allow", "POST") }
        return HTTPResponse(status: status, fields: fields, body: JSON.object(body).serialized())
    }
}
