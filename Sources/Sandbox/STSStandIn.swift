internal import Encoding
internal import HTTP
internal import JSON
internal import Time
internal import Tokens
internal import Trust

/// AWS STS as far as AssumeRoleWithWebIdentity and AssumeRole go: any role of any account trusts the sandbox's issuers, and
/// any session that it gave.
///
/// Where the real service is known to be stricter than its documents it is so here; where a check of it is not known, this
/// one leaves it out rather than invent it.
struct STSStandIn: Sendable {
    private let party: RelyingParty
    private let clock: WallClock
    private let report: @Sendable (SandboxEvent) -> Void
    private let audiences: [String]
    private let policy: (any TrustPolicy)?
    private let sessions: STSSessions
    private let registry: ECRStandIn

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
        policy = settings.awsPolicy
        sessions = STSSessions(clock: clock)
        registry = ECRStandIn(sessions, clock, report)
    }

    /// Answers a request to `/`.
    func answer(_ request: HTTPRequest) async -> HTTPResponse {
        guard !ECRStandIn.isMeant(by: request) else { return registry.answer(request) }
        do throws(STSError) {
            let call = try STSCall(request)
            do throws(STSError) {
                return STSDocument.response(try await assume(call, request))
            } catch {
                report(SandboxEvent(.aws, call.role, .refused(reason: "\(error.code): \(error.message)")))
                throw error
            }
        } catch {
            return STSDocument.response(error)
        }
    }

    private func assume(_ call: STSCall, _ request: HTTPRequest) async throws(STSError) -> STSResult {
        switch call.action {
        case .webIdentity(let token):
            let (claims, own) = try await verify(token, call.role)
            if let policy {
                let now = clock().seconds
                let presented = Presented(claims, role: call.role, session: call.session, now: now)
                try STSError.refuse(by: policy.explain(presented))
            }
            let subject = claims["sub"]?.asString ?? ""
            report(SandboxEvent(.aws, call.role, .taken(subject: subject)))
            let identity = STSResult.WebIdentity(
                subject: subject,
                issuer: claims["iss"]?.asString ?? "",
                audience: claims["azp"]?.asString ?? claims["aud"]?.asString ?? audiences[0]
            )
            return begin(call, identity, own.sourceIdentity)
        case .session:
            let signer = try sessions.signer(of: request, for: "sts").session
            // What signs is a session itself: a role that follows a role gets an hour at most.
            guard call.seconds <= 3_600 else {
                let limit = "the 1 hour session limit for roles assumed by role chaining"
                throw STSError("ValidationError", "The requested DurationSeconds exceeds \(limit).")
            }
            report(SandboxEvent(.aws, call.role, .taken(subject: signer.accessKeyID)))
            return begin(call, nil, signer.sourceIdentity)
        }
    }

    private func begin(_ call: STSCall, _ identity: STSResult.WebIdentity?, _ source: String?) -> STSResult {
        let session = sessions.begin(account: call.account, seconds: call.seconds, sourceIdentity: source)
        return STSResult(call: call, identity: identity, session: session)
    }

    private func verify(_ token: String, _ role: String) async throws(STSError) -> (JSONObject, STSClaims) {
        let claims: JSONObject
        do throws(RelyingParty.Rejection) {
            claims = try await party.verify(token)
        } catch {
            throw STSError(error, now: clock())
        }
        // Integers alone: the real service takes no fraction of a second.
        for name in ["exp", "iat", "nbf"] where claims[name] != nil && claims[name]?.asInteger == nil {
            throw STSError("InvalidIdentityToken", "The claim \(name) is no integer")
        }
        try checkParties(claims)
        return (claims, try STSClaims(claims, role: role))
    }

    /// Of several audiences none counts, but the authorised party does.
    private func checkParties(_ claims: JSONObject) throws(STSError) {
        guard let several = claims["aud"]?.asArray, several.count > 1 else { return }
        guard let party = claims["azp"]?.asString, audiences.contains(party) else {
            throw STSError("InvalidIdentityToken", "Incorrect token audience")
        }
    }
}

extension STSError {
    /// Throws what STS says of a token that a role's trust policy does not admit; behind its own words stands the condition.
    static func refuse(by explanation: Explanation) throws(STSError) {
        guard explanation.verdict != .pass else { return }
        throw STSError(
            "AccessDenied",
            "Not authorized to perform sts:AssumeRoleWithWebIdentity (\(explanation.cause))",
            status: 403
        )
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
