internal import Encoding
internal import HTTP
internal import JSON
internal import Time
internal import Tokens

/// The endpoints of the recipes that are shipped: Pulumi Cloud, JFrog, Cloudsmith, Databricks, Alibaba Cloud and Tencent Cloud.
///
/// Each verifies the token by the audiences of the RFC 8693 server, and answers in the shape that protocols.md, section 6, has
/// for it.
struct ProductStandIns: Sendable {
    private let party: RelyingParty
    private let clock: WallClock
    private let report: @Sendable (SandboxEvent) -> Void

    private static let grant = "urn:ietf:params:oauth:grant-type:token-exchange"
    private static let types = "urn:ietf:params:oauth:token-type:"

    init(
        _ party: RelyingParty,
        _ clock: @escaping WallClock,
        _ report: @escaping @Sendable (SandboxEvent) -> Void
    ) {
        self.party = party
        self.clock = clock
        self.report = report
    }

    /// The answer to a request at one of the products' paths; nil where the path is none of theirs.
    func answer(_ request: HTTPRequest) async -> HTTPResponse? {
        switch request.path {
        case "/api/oauth/token": return await oauth(request, .pulumi, type: "id_token", life: 7_200)
        case "/oidc/v1/token": return await oauth(request, .databricks, type: "jwt", life: 3_600)
        case "/access/api/v1/oidc/token": return await jfrog(request)
        case "/" where request.query.contains("Action=AssumeRoleWithOIDC"): return await alibaba(request)
        case "/" where request.fields["X-TC-Action"] != nil: return await tencent(request)
        case let path where path.hasPrefix("/openid/"): return await cloudsmith(request)
        default: return nil
        }
    }

    private func taken(_ token: String, _ product: StandIn, for target: String) async throws(RelyingParty.Rejection) {
        do throws(RelyingParty.Rejection) {
            let claims = try await party.verify(token)
            report(SandboxEvent(product, target, .taken(subject: claims["sub"]?.asString ?? "")))
        } catch {
            report(SandboxEvent(product, target, .refused(reason: error.description)))
            throw error
        }
    }

    private func oauth(_ request: HTTPRequest, _ product: StandIn, type: String, life: Int64) async -> HTTPResponse {
        do throws(OAuthRefusal) {
            let parameters = try OAuthParameters(request, json: product == .pulumi)
            guard try parameters.required("grant_type") == Self.grant else {
                throw OAuthRefusal("unsupported_grant_type", "grant_type must be \(Self.grant)")
            }
            guard try parameters.required("subject_token_type") == Self.types + type else {
                throw OAuthRefusal("invalid_request", "subject_token_type must be \(Self.types)\(type)")
            }
            let token = try parameters.required("subject_token")
            let (named, client) = (try parameters.value("audience"), try parameters.value("client_id"))
            let target = named ?? client ?? "the account"
            do throws(RelyingParty.Rejection) {
                try await taken(token, product, for: target)
            } catch {
                throw OAuthRefusal("invalid_request", "the subject token is not taken: \(error)")
            }
            var answer: JSONObject = ["access_token": .string(FakeSecret.accessToken()), "token_type": "Bearer"]
            answer["expires_in"] = .integer(try parameters.value("expiration").flatMap { Int64($0) } ?? life)
            answer["scope"] = try parameters.value("scope").map { .string($0) }
            if product == .pulumi {
                answer["token_type"] = "token"
                answer["issued_token_type"] = .string(try parameters.required("requested_token_type"))
            }
            return .json(answer)
        } catch {
            return error.response
        }
    }

    private func jfrog(_ request: HTTPRequest) async -> HTTPResponse {
        func refused(_ status: Int, _ message: String) -> HTTPResponse {
            .json(["errors": [["status": .integer(Int64(status)), "message": .string(message)]]], status: status)
        }
        guard let body = (try? JSON.parse(request.body))?.asObject, body["grant_type"]?.asString == Self.grant,
            body["subject_token_type"]?.asString == Self.types + "id_token",
            let token = body["subject_token"]?.asString, let provider = body["provider_name"]?.asString
        else { return refused(400, "grant_type, subject_token_type, subject_token and provider_name are wanted") }
        do throws(RelyingParty.Rejection) { try await taken(token, .jfrog, for: provider) } catch {
            return refused(401, "Failed to verify token: \(error)")
        }
        let now = clock().seconds
        let claims: JSONObject = [
            "iss": "jfac@sandbox", "sub": "jfac@sandbox/users/ci", "iat": .integer(now), "exp": .integer(now + 3_600),
        ]
        return .json(["access_token": .string(FakeSecret.token(claims))])
    }

    private func cloudsmith(_ request: HTTPRequest) async -> HTTPResponse {
        guard let body = (try? JSON.parse(request.body))?.asObject, let token = body["oidc_token"]?.asString,
            let service = body["service_slug"]?.asString
        else { return .json(["detail": "oidc_token and service_slug are wanted"], status: 400) }
        do throws(RelyingParty.Rejection) { try await taken(token, .cloudsmith, for: service) } catch {
            return .json(["detail": .string("Invalid token: \(error)")], status: 401)
        }
        return .json(["token": .string(FakeSecret.accessToken())], status: 201)
    }

    private func alibaba(_ request: HTTPRequest) async -> HTTPResponse {
        func refused(_ code: String, _ message: String) -> HTTPResponse {
            let id = FakeSecret.requestID().uppercased()
            return .json(["Code": .string(code), "Message": .string(message), "RequestId": .string(id)], status: 400)
        }
        guard let form = try? Form(parsing: request.query) else {
            return refused("InvalidParameter", "the query is no form")
        }
        var values: [String: String] = [:]
        for field in form.fields { values[field.name] = field.value }
        for name in ["Version", "Timestamp", "RoleArn", "OIDCProviderArn", "OIDCToken", "RoleSessionName"]
        where values[name] == nil {
            return refused("MissingParameter.\(name)", "\(name) is mandatory for this action.")
        }
        guard let seconds = Int64(values["DurationSeconds"] ?? "3600"), (900...43_200).contains(seconds) else {
            return refused("InvalidParameter.DurationSeconds", "The specified DurationSeconds is invalid.")
        }
        let (role, session) = (values["RoleArn"] ?? "", values["RoleSessionName"] ?? "")
        do throws(RelyingParty.Rejection) { try await taken(values["OIDCToken"] ?? "", .alibaba, for: role) } catch {
            return refused("AuthenticationFail.OIDCToken.Invalid", "This OIDCToken is invalid: \(error)")
        }
        let end = UnixTime(seconds: clock().seconds) + .seconds(seconds)
        return .json([
            "RequestId": .string(FakeSecret.requestID().uppercased()),
            "AssumedRoleUser": ["Arn": .string(role), "AssumedRoleId": .string("300000000000000000:\(session)")],
            "Credentials": [
                "AccessKeyId": .string("STS.sandbox" + FakeSecret.accessKeyID()),
                "AccessKeySecret": .string(FakeSecret.secretAccessKey()),
                "SecurityToken": .string(FakeSecret.sessionToken()), "Expiration": .string(RFC3339.format(end)),
            ],
        ])
    }

    private func tencent(_ request: HTTPRequest) async -> HTTPResponse {
        func answer(_ members: JSONObject) -> HTTPResponse {
            var members = members
            members["RequestId"] = .string(FakeSecret.requestID())
            return .json(["Response": .object(members)])
        }
        func refused(_ code: String, _ message: String) -> HTTPResponse {
            answer(["Error": ["Code": .string(code), "Message": .string(message)]])
        }
        guard request.fields["X-TC-Action"] == "AssumeRoleWithWebIdentity",
            request.fields["X-TC-Version"] == "2018-08-13", request.fields["Authorization"] == "SKIP"
        else { return refused("InvalidAction", "AssumeRoleWithWebIdentity of 2018-08-13 is wanted, unsigned") }
        let time = request.fields["X-TC-Timestamp"].flatMap { Int64($0) } ?? 0
        guard abs(time - clock().seconds) <= 300 else {
            return refused("AuthFailure.SignatureExpire", "X-TC-Timestamp is not within five minutes of now")
        }
        guard let body = (try? JSON.parse(request.body))?.asObject, let role = body["RoleArn"]?.asString,
            let token = body["WebIdentityToken"]?.asString, body["ProviderId"]?.asString != nil,
            body["RoleSessionName"]?.asString != nil
        else {
            return refused("MissingParameter", "ProviderId, WebIdentityToken, RoleArn and RoleSessionName are wanted")
        }
        guard let seconds = (body["DurationSeconds"] ?? 7_200).asInteger, (1...43_200).contains(seconds) else {
            return refused("InvalidParameter", "DurationSeconds is a number of at most 43200")
        }
        do throws(RelyingParty.Rejection) { try await taken(token, .tencent, for: role) } catch {
            return refused("InvalidParameter.WebIdentityTokenError", "\(error)")
        }
        let end = UnixTime(seconds: clock().seconds) + .seconds(seconds)
        return answer([
            "Credentials": [
                "Token": .string(FakeSecret.sessionToken()),
                "TmpSecretId": .string("AKIDsandbox" + FakeSecret.accessKeyID()),
                "TmpSecretKey": .string(FakeSecret.secretAccessKey()),
            ],
            "ExpiredTime": .integer(end.seconds), "Expiration": .string(RFC3339.format(end)),
        ])
    }
}
