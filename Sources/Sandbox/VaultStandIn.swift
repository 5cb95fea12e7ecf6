internal import HTTP
internal import JSON
internal import Time
internal import Trust

/// OpenBao or Vault as far as its JWT login goes, with what a client does with the token that it got: read secrets, look at it,
/// and revoke it with all that it leased.
///
/// It is stricter in one point: a token without `kid` is taken only where the issuer has a single key.
final class VaultStandIn: Sendable {
    private let party: RelyingParty
    /// Verifies tokens for roles whose policy says itself what audience it takes.
    private let bound: RelyingParty
    private let policies: [String: any TrustPolicy]
    private let clock: WallClock
    private let report: @Sendable (SandboxEvent) -> Void
    private let mount: String
    private let roles: Set<String>?
    private let tokens: VaultTokens
    private let shelf: VaultShelf
    private let namespaces: Set<String>

    init(
        _ settings: Sandbox.Settings,
        _ party: RelyingParty,
        bound: RelyingParty,
        _ clock: @escaping WallClock,
        _ report: @escaping @Sendable (SandboxEvent) -> Void
    ) {
        self.party = party
        self.bound = bound
        policies = settings.vaultPolicies
        self.clock = clock
        self.report = report
        mount = settings.vaultMount
        roles = settings.vaultRoles
        tokens = VaultTokens(clock: clock)
        shelf = VaultShelf(settings.vaultSecrets, clock: clock)
        namespaces = settings.vaultNamespaces.union(["", "root"])
    }

    /// Answers a request to `/v1/`, of the path behind it.
    func answer(_ request: HTTPRequest, path: String) async -> HTTPResponse {
        do throws(VaultError) {
            let namespace = request.fields["X-Vault-Namespace"] ?? ""
            guard namespaces.contains(namespace.hasSuffix("/") ? String(namespace.dropLast()) : namespace) else {
                throw VaultError(404, "namespace not found")
            }
            switch (path, request.method) {
            case ("auth/\(mount)/login", .post), ("auth/\(mount)/login", .put):
                return wrapped(try await login(request), request, path: path)
            case ("sys/wrapping/unwrap", .post), ("sys/wrapping/unwrap", .put): return try unwrap(request)
            case ("sys/health", .get):
                return Self.response(["initialized": true, "sealed": false, "standby": false, "version": "sandbox"])
            case ("auth/\(mount)/login", _), ("auth/token/lookup-self", .delete), ("auth/token/revoke-self", .get):
                throw VaultError(405, "unsupported operation")
            default: return wrapped(try withToken(request, path: path), request, path: path)
            }
        } catch {
            return Self.response(["errors": .array(error.messages.map(JSON.string))], status: error.status)
        }
    }

    private func login(_ request: HTTPRequest) async throws(VaultError) -> HTTPResponse {
        let body: JSON
        do throws(JSONError) { body = try JSON.parse(request.body) } catch {
            throw VaultError(400, "failed to parse JSON input: line \(error.line), column \(error.column)")
        }
        guard let token = body["jwt"]?.asString, !token.isEmpty else { throw VaultError(400, "missing token") }
        guard let role = body["role"]?.asString?.lowercased(), !role.isEmpty else {
            throw VaultError(400, "missing role")
        }
        do throws(VaultError) {
            let claims = try await verify(token, role)
            guard let subject = claims["sub"]?.asString else {
                throw VaultError(400, "claim \"sub\" not found in token")
            }
            report(SandboxEvent(.vault, role, .taken(subject: subject)))
            let lease = tokens.issue(role: role, subject: subject)
            return Self.response(["auth": .object(lease.auth)])
        } catch {
            report(SandboxEvent(.vault, role, .refused(reason: error.reason)))
            throw error
        }
    }

    private func verify(_ token: String, _ role: String) async throws(VaultError) -> JSONObject {
        let policy = policies[role]
        if let roles, policy == nil, !roles.contains(role) {
            throw VaultError(400, "role \"\(role)\" could not be found")
        }
        let claims: JSONObject
        do throws(RelyingParty.Rejection) {
            claims = try await (policy == nil ? party : bound).verify(token)
        } catch {
            throw VaultError(error)
        }
        try checkTimes(claims)
        if let policy { try VaultError.refuse(by: policy.explain(Presented(claims, now: clock().seconds))) }
        return claims
    }

    /// A token may leave out when it ends, if it says when it began: then it lasts 150 seconds, and the minute of skew.
    private func checkTimes(_ claims: JSONObject) throws(VaultError) {
        guard claims["exp"] == nil else { return }
        let beginnings = ["iat", "nbf"].compactMap { claims[$0]?.asInteger }
        guard let latest = beginnings.max() else {
            let words = "no issued at (iat), not before (nbf), or expiration time (exp) claims in token"
            throw VaultError(400, "error validating token: \(words)")
        }
        guard clock() < UnixTime(seconds: latest) + .seconds(150 + 60) else {
            throw VaultError(400, "error validating token: invalid expiration time (exp) claim: token is expired")
        }
    }

    /// What the holder of a token asks for.
    private func withToken(_ request: HTTPRequest, path: String) throws(VaultError) -> HTTPResponse {
        let lease: VaultTokens.Lease
        do throws(VaultError) { lease = try self.lease(request) } catch {
            // A wrapping that nobody has opened may be ended by itself, and by nothing else.
            if path == "auth/token/revoke-self", let token = request.fields["X-Vault-Token"], shelf.unwrap(token) != nil
            {
                return Self.nothing
            }
            throw error
        }
        switch (path, request.method) {
        case ("auth/token/lookup-self", .get), ("auth/token/lookup-self", .post):
            return Self.response(["data": .object(lease.description)])
        case ("auth/token/revoke-self", .post), ("auth/token/revoke-self", .put):
            tokens.revoke(lease.token)
            shelf.revoke(token: lease.token)
            return Self.nothing
        case ("auth/token/renew-self", .post), ("auth/token/renew-self", .put):
            return Self.response(["auth": .object(lease.auth)])
        default:
            let body = (try? JSON.parse(request.body))?.asObject ?? [:]
            guard let answer = try shelf.answer(request.method, path, request.query, body, for: lease.token) else {
                throw VaultError(403, "permission denied")
            }
            return answer.members.isEmpty ? Self.nothing : Self.response(answer, status: shelf.status(of: answer))
        }
    }

    /// The answer itself, or a token that opens it once, where the client asks for that.
    private func wrapped(_ response: HTTPResponse, _ request: HTTPRequest, path: String) -> HTTPResponse {
        guard let text = request.fields["X-Vault-Wrap-TTL"], response.status == 200 else { return response }
        guard let seconds = Int64(text.hasSuffix("s") ? String(text.dropLast()) : text), (1...86_400).contains(seconds)
        else {
            return Self.response(["errors": ["invalid wrap TTL"]], status: 400)
        }
        let token = shelf.wrap(response, seconds: seconds)
        return Self.response([
            "wrap_info": [
                "token": .string(token), "accessor": .string(FakeSecret.vaultToken()), "ttl": .integer(seconds),
                "creation_time": .string(RFC3339.format(clock())), "creation_path": .string(path),
            ]
        ])
    }

    private func unwrap(_ request: HTTPRequest) throws(VaultError) -> HTTPResponse {
        let named = (try? JSON.parse(request.body))?["token"]?.asString
        guard let token = named ?? request.fields["X-Vault-Token"], let response = shelf.unwrap(token) else {
            throw VaultError(400, "wrapping token is not valid or does not exist")
        }
        return response
    }

    private static let nothing = HTTPResponse(status: 204, fields: ["Cache-Control": "no-store"])

    private func lease(_ request: HTTPRequest) throws(VaultError) -> VaultTokens.Lease {
        let bearer = request.fields["Authorization"].flatMap { value in
            value.hasPrefix("Bearer ") ? String(value.dropFirst(7)) : nil
        }
        guard let token = request.fields["X-Vault-Token"] ?? bearer, let lease = tokens.find(token) else {
            throw VaultError(403, "permission denied")
        }
        return lease
    }

    /// The frame that every answer of Vault's has.
    private static func response(_ members: JSONObject, status: Int = 200) -> HTTPResponse {
        var body = members
        if members["errors"] == nil {
            let frame: JSONObject = [
                "request_id": .string(FakeSecret.requestID()), "lease_id": "", "renewable": false, "lease_duration": 0,
                "data": .null, "wrap_info": .null, "warnings": .null, "auth": .null,
            ]
            for member in frame.members where body[member.name] == nil { body[member.name] = member.value }
        }
        let fields: HTTPFields = ["Content-Type": "application/json", "Cache-Control": "no-store"]
        return HTTPResponse(status: status, fields: fields, body: JSON.object(body).serialized())
    }
}
