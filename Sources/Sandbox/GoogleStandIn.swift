internal import Encoding
internal import HTTP
internal import JSON
internal import Time
internal import Tokens
internal import Trust

/// Google's Security Token Service and IAM Credentials API as far as workload identity goes: any pool of any project trusts the
/// sandbox's issuers, maps `sub` to `google.subject`, and may act as any service account.
///
/// Where a check of the real services is not known, this one leaves it out rather than invent it.
struct GoogleStandIn: Sendable {
    private let party: RelyingParty
    private let clock: WallClock
    private let report: @Sendable (SandboxEvent) -> Void
    private let audiences: [String]
    private let policy: GoogleProvider?
    /// The federated tokens that were given, with their subjects.
    private let given: GivenTokens

    private static let types = "urn:ietf:params:oauth:token-type:"
    private static let lifetime: Int64 = 3_599
    /// The most bytes of a mapped `google.subject`.
    private static let subjectLimit = 127

    init(
        _ settings: Sandbox.Settings,
        _ party: RelyingParty,
        _ clock: @escaping WallClock,
        _ report: @escaping @Sendable (SandboxEvent) -> Void
    ) {
        self.party = party
        self.clock = clock
        self.report = report
        audiences = settings.gcpAudiences
        policy = settings.gcpProvider
        given = GivenTokens(clock: clock)
    }

    /// Answers a request to `/v1/token`.
    func exchange(_ request: HTTPRequest) async -> HTTPResponse {
        do throws(OAuthRefusal) {
            return .json(try await federate(request))
        } catch {
            return error.response
        }
    }

    private func federate(_ request: HTTPRequest) async throws(OAuthRefusal) -> JSONObject {
        let parameters = try OAuthParameters(request, json: true)
        guard try parameters.required("grant_type") == "urn:ietf:params:oauth:grant-type:token-exchange" else {
            throw OAuthRefusal("unsupported_grant_type", "grant_type must be that of token exchange")
        }
        guard try parameters.required("requested_token_type") == Self.types + "access_token" else {
            throw OAuthRefusal("invalid_request", "requested_token_type must be \(Self.types)access_token")
        }
        let type = try parameters.required("subject_token_type")
        guard type == Self.types + "jwt" || type == Self.types + "id_token" else {
            throw OAuthRefusal("invalid_request", "subject_token_type must be \(Self.types)jwt or id_token here")
        }
        _ = try parameters.required("scope")
        let provider = try parameters.required("audience")
        guard Self.isProvider(provider) else {
            throw OAuthRefusal(
                "invalid_target",
                "The target service indicated by the \"audience\" parameters is invalid."
            )
        }
        let token = try parameters.required("subject_token")
        do throws(OAuthRefusal) {
            let subject = try await subject(of: token, at: provider)
            report(SandboxEvent(.google, provider, .taken(subject: subject)))
            return [
                "access_token": .string(given.give(to: subject, prefix: "ya29.d.sandbox_", seconds: Self.lifetime)),
                "issued_token_type": .string(Self.types + "access_token"), "token_type": "Bearer",
                "expires_in": .integer(Self.lifetime),
            ]
        } catch {
            report(SandboxEvent(.google, provider, .refused(reason: "\(error.code): \(error.text)")))
            throw error
        }
    }

    private func subject(of token: String, at provider: String) async throws(OAuthRefusal) -> String {
        let claims: JSONObject
        do throws(RelyingParty.Rejection) {
            claims = try await party.verify(token)
        } catch {
            throw OAuthRefusal("invalid_grant", Self.words(error))
        }
        // Google chooses the key by its name alone.
        guard (try? CompactJWS(token))?.header.kid != nil else {
            throw OAuthRefusal("invalid_grant", "The ID Token header has no kid.")
        }
        if let policy { return try mapped(claims, policy, at: provider) }
        let wanted = audiences.isEmpty ? [provider, "https:\(provider)"] : audiences
        let named = claims["aud"]?.asArray?.compactMap(\.asString) ?? [claims["aud"]?.asString ?? ""]
        guard !Set(named).isDisjoint(with: wanted) else {
            throw OAuthRefusal(
                "invalid_grant",
                "The audience in ID Token [\(named.joined(separator: ", "))] does not match the expected audience "
                    + wanted.joined(separator: " or ") + "."
            )
        }
        guard let issued = claims["iat"]?.asInteger, clock().seconds - issued <= 86_400 else {
            throw OAuthRefusal(
                "invalid_grant",
                "ID Token issued at \(claims["iat"]?.asInteger ?? 0) is stale to sign-in."
            )
        }
        let subject = claims["sub"]?.asString ?? ""
        guard subject.utf8.count <= Self.subjectLimit else {
            throw OAuthRefusal(
                "invalid_request",
                "The size of mapped attribute google.subject exceeds the \(Self.subjectLimit) bytes limit: "
                    + "it has \(subject.utf8.count)."
            )
        }
        return subject
    }

    /// What a provider's own mapping and condition make of a token.
    private func mapped(
        _ claims: JSONObject,
        _ policy: GoogleProvider,
        at provider: String
    ) throws(OAuthRefusal) -> String {
        var presented = Presented(claims, now: clock().seconds)
        presented.provider = provider
        let explanation = policy.explain(presented)
        guard explanation.verdict != .pass else { return policy.subject(of: claims) ?? "" }
        let failed = explanation.nearest?.checks.first { $0.verdict != .pass }
        switch failed?.claim {
        case "aud", "iss":
            throw OAuthRefusal("invalid_grant", "The ID Token does not match the provider: \(explanation.cause)")
        case "google.subject":
            throw OAuthRefusal(
                "invalid_request",
                "The mapped attribute google.subject is refused: \(explanation.cause)"
            )
        default:
            throw OAuthRefusal(
                "unauthorized_client",
                "The given credential is rejected by the attribute condition. (\(explanation.cause))"
            )
        }
    }

    private static func words(_ rejection: RelyingParty.Rejection) -> String {
        switch rejection {
        case .stranger(let issuer): "The issuer in ID Token \(issuer) does not match the expected ones."
        case .token(let error) where error.code == .unreachable || error.code == .discovery:
            "Error connecting to the given credential's issuer. (\(error))"
        case .token(let error): "The ID Token is not valid: \(error)."
        }
    }

    /// `//iam.googleapis.com/projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`.
    private static func isProvider(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 11 && text.hasPrefix("//iam.googleapis.com/projects/") && parts[5] == "locations"
            && !parts[4].isEmpty && parts[4].utf8.allSatisfy { (48...57).contains($0) }
            && parts[7] == "workloadIdentityPools" && parts[9] == "providers" && !parts[8].isEmpty && !parts[10].isEmpty
    }

    /// Answers a request to `/v1/projects/-/serviceAccounts/`, of the path behind it.
    func actAs(_ request: HTTPRequest, path: String) -> HTTPResponse {
        do throws(RPCError) {
            return .json(try impersonate(request, path: path))
        } catch {
            return error.response
        }
    }

    private func impersonate(_ request: HTTPRequest, path: String) throws(RPCError) -> JSONObject {
        guard request.method == .post, let colon = path.lastIndex(of: ":") else {
            throw RPCError(404, "NOT_FOUND", "no such method")
        }
        let account = (try? PercentEncoding.decode(String(path[..<colon]))) ?? ""
        guard let bearer = request.fields["Authorization"], bearer.hasPrefix("Bearer "),
            let subject = given.holder(of: String(bearer.dropFirst(7)))
        else {
            throw RPCError(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        }
        guard account.contains("@") || account.utf8.allSatisfy({ (48...57).contains($0) }), !account.isEmpty else {
            throw RPCError(404, "NOT_FOUND", "Not found; Gaia id not found for email \(account)")
        }
        guard let body = (try? JSON.parse(request.body))?.asObject else {
            throw RPCError(400, "INVALID_ARGUMENT", "Invalid JSON payload received.")
        }
        let answer: JSONObject
        switch String(path[path.index(after: colon)...]) {
        case "generateAccessToken": answer = try accessToken(body)
        case "generateIdToken": answer = try idToken(body, of: account)
        default: throw RPCError(404, "NOT_FOUND", "no such method")
        }
        report(SandboxEvent(.google, account, .taken(subject: subject)))
        return answer
    }

    private func accessToken(_ body: JSONObject) throws(RPCError) -> JSONObject {
        guard let scopes = body["scope"]?.asArray, !scopes.isEmpty, scopes.allSatisfy({ $0.asString != nil }) else {
            throw RPCError(400, "INVALID_ARGUMENT", "scope: at least one scope is required")
        }
        let text = body["lifetime"]?.asString ?? "3600s"
        guard text.hasSuffix("s"), let seconds = Int64(text.dropLast()), (1...43_200).contains(seconds) else {
            throw RPCError(400, "INVALID_ARGUMENT", "lifetime: a duration such as 900s of at most 43200s")
        }
        // More than an hour only where an organisation policy lists the account, which none does here.
        guard seconds <= 3_600 else {
            throw RPCError(400, "INVALID_ARGUMENT", "The lifetime of more than 3600s needs an organization policy.")
        }
        return [
            "accessToken": .string("ya29.c.sandbox_" + FakeSecret.accessToken()),
            "expireTime": .string(RFC3339.format(UnixTime(seconds: clock().seconds) + .seconds(seconds))),
        ]
    }

    private func idToken(_ body: JSONObject, of account: String) throws(RPCError) -> JSONObject {
        guard let audience = body["audience"]?.asString, !audience.isEmpty else {
            throw RPCError(400, "INVALID_ARGUMENT", "audience is required")
        }
        let now = clock().seconds
        var claims: JSONObject = [
            "iss": "https://accounts.google.com", "aud": .string(audience), "sub": "100000000000000000000",
            "iat": .integer(now), "exp": .integer(now + 3_600),
        ]
        if body["includeEmail"]?.asBool == true { claims["email"] = .string(account) }
        return ["token": .string(FakeSecret.token(claims))]
    }
}
