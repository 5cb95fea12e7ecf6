internal import HTTP
internal import JSON
internal import Time

/// OpenBao or Vault as far as its JWT login goes, with what a client does to the token that it got: look at it and revoke it.
///
/// It is stricter in one point: a token without `kid` is taken only where the issuer has a single key.
final class VaultStandIn: Sendable {
    private let party: RelyingParty
    private let clock: WallClock
    private let report: @Sendable (SandboxEvent) -> Void
    private let mount: String
    private let roles: Set<String>?
    private let tokens: VaultTokens

    init(
        _ settings: Sandbox.Settings,
        _ party: RelyingParty,
        _ clock: @escaping WallClock,
        _ report: @escaping @Sendable (SandboxEvent) -> Void
    ) {
        self.party = party
        self.clock = clock
        self.report = report
        mount = settings.vaultMount
        roles = settings.vaultRoles
        tokens = VaultTokens(clock: clock)
    }

    /// Answers a request to `/v1/`, of the path behind it.
    func answer(_ request: HTTPRequest, path: String) async -> HTTPResponse {
        do throws(VaultError) {
            if let namespace = request.fields["X-Vault-Namespace"], !["", "root", "root/"].contains(namespace) {
                throw VaultError(404, "namespace not found")
            }
            switch (path, request.method) {
            case ("auth/\(mount)/login", .post), ("auth/\(mount)/login", .put): return try await login(request)
            case ("auth/token/lookup-self", .get), ("auth/token/lookup-self", .post):
                return Self.response(["data": .object(try lease(request).description)])
            case ("auth/token/revoke-self", .post), ("auth/token/revoke-self", .put):
                tokens.revoke(try lease(request).token)
                return HTTPResponse(status: 204, fields: ["Cache-Control": "no-store"])
            case ("sys/health", .get):
                return Self.response(["initialized": true, "sealed": false, "standby": false, "version": "sandbox"])
            case ("auth/\(mount)/login", _), ("auth/token/lookup-self", _), ("auth/token/revoke-self", _):
                throw VaultError(405, "unsupported operation")
            default: throw VaultError(403, "permission denied")
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
        if let roles, !roles.contains(role) { throw VaultError(400, "role \"\(role)\" could not be found") }
        let claims: JSONObject
        do throws(RelyingParty.Rejection) {
            claims = try await party.verify(token)
        } catch {
            throw VaultError(error)
        }
        try checkTimes(claims)
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
            body["request_id"] = .string(FakeSecret.requestID())
            body["lease_id"] = ""
            body["renewable"] = false
            body["lease_duration"] = 0
            for name in ["data", "wrap_info", "warnings", "auth"] where body[name] == nil { body[name] = .null }
        }
        let fields: HTTPFields = ["Content-Type": "application/json", "Cache-Control": "no-store"]
        return HTTPResponse(status: status, fields: fields, body: JSON.object(body).serialized())
    }
}
