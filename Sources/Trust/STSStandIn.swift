internal import Encoding
internal import HTTP
internal import JSON
internal import Time
internal import Tokens

/// AWS STS as far as AssumeRoleWithWebIdentity goes: any role of any account trusts the sandbox's issuers.
///
/// Where the real service is known to be stricter than its documents it is so here; where a check of it is not known, this
/// one leaves it out rather than invent it.
struct STSStandIn: Sendable {
    private let party: RelyingParty
    private let clock: WallClock
    private let report: @Sendable (SandboxEvent) -> Void
    private let audiences: [String]

    init(
        _ settings: Sandbox.Settings,
        _ party: RelyingParty,
        _ clock: @escaping WallClock,
        _ report: @escaping @Sendable (SandboxEvent) -> Void
    ) {
        self.party = party
        self.clock = clock
        self.report = report
        audiences = settings.awsAudiences
    }

    /// Answers a request to `/`.
    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        do throws(STSError) {
            return STSDocument.response(try await assumeRole(request))
        } catch {
            return STSDocument.response(error)
        }
    }

    private func assumeRole(_ request: HTTPRequest) async throws(STSError) -> STSResult {
        let call = try STSCall(request)
        do throws(STSError) {
            let claims = try await verify(call)
            let subject = claims["sub"]?.asString ?? ""
            report(SandboxEvent(.aws, call.role, .taken(subject: subject)))
            return STSResult(
                call: call,
                subject: subject,
                issuer: claims["iss"]?.asString ?? "",
                audience: claims["azp"]?.asString ?? claims["aud"]?.asString ?? audiences[0],
                sourceIdentity: claims["https://aws.amazon.com/source_identity"]?.asString,
                expires: clock() + .seconds(call.seconds)
            )
        } catch {
            report(SandboxEvent(.aws, call.role, .refused(reason: "\(error.code): \(error.message)")))
            throw error
        }
    }

    private func verify(_ call: STSCall) async throws(STSError) -> JSONObject {
        let claims: JSONObject
        do throws(RelyingParty.Rejection) {
            claims = try await party.verify(call.token)
        } catch {
            throw STSError(error, now: clock())
        }
        // Integers alone: the real service takes no fraction of a second.
        for name in ["exp", "iat", "nbf"] where claims[name] != nil && claims[name]?.asInteger == nil {
            throw STSError("InvalidIdentityToken", "The claim \(name) is no integer")
        }
        try checkParties(claims)
        try checkRoles(claims, call.role)
        return claims
    }

    /// Of several audiences none counts, but the authorised party does.
    private func checkParties(_ claims: JSONObject) throws(STSError) {
        guard let several = claims["aud"]?.asArray, several.count > 1 else { return }
        guard let party = claims["azp"]?.asString, audiences.contains(party) else {
            throw STSError("InvalidIdentityToken", "Incorrect token audience")
        }
    }

    /// A token that names roles is good for those alone.
    private func checkRoles(_ claims: JSONObject, _ role: String) throws(STSError) {
        guard let pinned = claims["https://aws.amazon.com/roles"] else { return }
        let roles =
            pinned.asArray?.compactMap(\.asString)
            ?? pinned.asString?.split(separator: ";").map(String.init) ?? []
        guard roles.contains(role) else {
            throw STSError("InvalidIdentityToken", "The role \(role) is not among the roles of the token")
        }
    }
}

/// An answer of STS that is an error.
struct STSError: Error, Equatable {
    let code: String
    let message: String
    let status: Int

    init(_ code: String, _ message: String, status: Int = 400) {
        self.code = code
        self.message = message
        self.status = status
    }

    /// What STS says of a token that it does not take; behind its own words stands what a person needs to mend it.
    init(_ rejection: RelyingParty.Rejection, now: UnixTime) {
        switch rejection {
        case .stranger(let issuer):
            self.init("InvalidIdentityToken", "No OpenIDConnect provider found in your account for \(issuer)")
        case .token(let error):
            switch error.code {
            case .expired:
                let now = RFC3339.format(now)
                self.init("ExpiredTokenException", "Token expired: current date/time \(now); \(error)")
            case .unreachable:
                self.init("IDPCommunicationError", "The identity provider could not be reached: \(error)")
            case .discovery:
                let words = "Couldn't retrieve verification key from your identity provider"
                self.init("InvalidIdentityToken", "\(words): \(error)")
            case .claim where error.subject == "aud":
                self.init("InvalidIdentityToken", "Incorrect token audience: \(error)")
            default: self.init("InvalidIdentityToken", "The web identity token is not valid: \(error)")
            }
        }
    }
}
