internal import Claims
internal import Encoding
internal import Federation
internal import HTTP
internal import JSON
internal import Ledger
internal import Policy
internal import Runs
internal import Time
internal import Tokens

/// `POST /oauth/token` (RFC 8693): a CI system's own token becomes an ID token of ours, or a run with its request token.
extension Broker {
    private static let grant = "urn:ietf:params:oauth:grant-type:token-exchange"

    /// The types of tokens that are named here (RFC 8693, section 3).
    private enum TokenType: String {
        case idToken = "urn:ietf:params:oauth:token-type:id_token"
        case jwt = "urn:ietf:params:oauth:token-type:jwt"
        case accessToken = "urn:ietf:params:oauth:token-type:access_token"
    }

    /// What is asked for.
    private struct Trade {
        let subject: String
        let audience: String?
        let type: TokenType
    }

    /// Trades another issuer's token.
    func tradeForeignToken(_ call: Call) async throws(Problem) -> HTTPResponse {
        let trade = try trade(call)
        let caller = "federation from \(call.request.peer.address)"
        return try await admit(caller) { () async throws(Problem) in
            let proof = try proof(in: call, with: nil)
            let (identity, attestation) = try await identify(trade.subject, confirming: proof?.confirmation, call)
            // One project of another system is not to have the share of all that system's projects.
            try await charge(principal: "\(identity.issuer.name) \(attestation[.project] ?? "")", call)
            if let proof { try spend(proof) }
            guard trade.type != .accessToken, let audience = trade.audience else {
                return try await begin(attestation, identity, trade, call)
            }
            return try await issue(to: attestation, identity, audience, trade, call)
        }
    }

    /// A run of its own, whose request token gets ID tokens and credentials for as long as the run lives.
    private func begin(
        _ attestation: Attestation,
        _ identity: Upstream.Identity,
        _ trade: Trade,
        _ call: Call
    ) async throws(Problem) -> HTTPResponse {
        let (run, token) = try await begin(attestation) { run in
            accepted(identity, as: run, of: trade.subject, call)
        }
        metrics.count(.federationAccepted)
        return answer(token, .accessToken, until: run.expires, run, identity)
    }

    /// One ID token, for one audience.
    private func issue(
        to attestation: Attestation,
        _ identity: Upstream.Identity,
        _ audience: String,
        _ trade: Trade,
        _ call: Call
    ) async throws(Problem) -> HTTPResponse {
        let run = runs.passing(attestation)
        try await record(accepted(identity, as: run, of: trade.subject, call))
        metrics.count(.federationAccepted)
        switch now.policy.audienceGrant(for: ClaimSet(of: run), audience: audience, lifetime: nil) {
        case .refused(let refusal):
            var problem = Problem(.invalidTarget, try await refuse(refusal, to: run, trace: call.trace).reason)
            if let doubt = identity.doubt {
                problem = Problem(.invalidTarget, "\(problem.reason) The run is untrusted: \(doubt).")
            }
            throw problem
        case .allowed(let grant):
            let token = try await issue(
                grant,
                to: run,
                trace: call.trace,
                confirming: attestation.confirmation,
                isPassing: true
            ).take()
            return answer(token.text, trade.type, until: token.facts.expires, run, identity)
        }
    }

    private func answer(
        _ token: String,
        _ type: TokenType,
        until expiry: UnixTime,
        _ run: Run,
        _ identity: Upstream.Identity
    ) -> HTTPResponse {
        let isProved = run.attestation.confirmation != nil
        var members: JSONObject = [
            "access_token": .string(token),
            "issued_token_type": .string(type.rawValue),
            // RFC 8693, section 2.2.1: N_A where the token is no access token.
            "token_type": .string(type != .accessToken ? "N_A" : isProved ? "DPoP" : "Bearer"),
            "expires_in": .integer(max(0, expiry.seconds - clock().seconds)),
            "run": .string(run.id),
            "trust": .string(run.attestation.trust.rawValue),
        ]
        if let doubt = identity.doubt { members["trust_reason"] = .string(doubt) }
        return .secretJSON(200, .object(members))
    }

    private func trade(_ call: Call) throws(Problem) -> Trade {
        let form = try Self.form(call)
        guard let grant = try Self.value("grant_type", in: form) else {
            throw Problem(.invalidRequest, "grant_type is missing, wanted '\(Self.grant)'.")
        }
        guard grant == Self.grant else {
            throw Problem(.unsupportedGrantType, "grant_type is '\(grant.prefix(128))', wanted '\(Self.grant)'.")
        }
        guard let subject = try Self.value("subject_token", in: form) else {
            throw Problem(.invalidRequest, "subject_token is missing: the CI system's own ID token.")
        }
        let subjectType = try Self.value("subject_token_type", in: form)
        guard subjectType == TokenType.idToken.rawValue || subjectType == TokenType.jwt.rawValue else {
            throw Problem(
                .invalidRequest,
                "subject_token_type is '\(subjectType?.prefix(128) ?? "missing")', wanted '\(TokenType.idToken.rawValue)' or '\(TokenType.jwt.rawValue)'."
            )
        }
        try Self.checkActor(form)
        if try Self.value("scope", in: form) != nil {
            throw Problem(.invalidScope, "Tokens have no scopes here: leave scope out.")
        }
        let audience = try audience(form)
        return Trade(subject: subject, audience: audience, type: try type(form, audience: audience))
    }

    private static func form(_ call: Call) throws(Problem) -> Form {
        let type = call.request.fields["Content-Type"] ?? ""
        let essence = String(type.prefix { $0 != ";" && $0 != " " })
        guard HTTPFields.equal(essence, "application/x-www-form-urlencoded") else {
            throw Problem(
                .invalidRequest,
                "The body has the content type '\(type.prefix(64))', wanted application/x-www-form-urlencoded."
            )
        }
        do throws(EncodingError) {
            return try Form(parsing: String(decoding: call.request.body, as: UTF8.self))
        } catch {
            throw Problem(.invalidRequest, "The body cannot be read as a form: \(error).")
        }
    }

    /// A parameter that may be there once; one without a value counts as left out (RFC 6749, section 3.2).
    private static func value(_ name: String, in form: Form) throws(Problem) -> String? {
        do throws(EncodingError) {
            return try form.value(name).flatMap { $0.isEmpty ? nil : $0 }
        } catch {
            throw Problem(.invalidRequest, "The parameter '\(name)' is there twice.")
        }
    }

    /// RFC 8693, section 2.1: each of the two parameters needs the other; nobody acts for a job here.
    private static func checkActor(_ form: Form) throws(Problem) {
        let (token, type) = (try value("actor_token", in: form), try value("actor_token_type", in: form))
        guard (token == nil) == (type == nil) else {
            throw Problem(.invalidRequest, "actor_token and actor_token_type go together.")
        }
        guard token == nil else {
            throw Problem(.invalidRequest, "Nobody acts for a job here: leave actor_token out.")
        }
    }

    /// The one audience that is asked for; a resource is an audience by its URL.
    private func audience(_ form: Form) throws(Problem) -> String? {
        let resources = form.fields.filter { $0.name == "resource" && !$0.value.isEmpty }.map(\.value)
        for resource in resources where WebAddress(resource) == nil {
            throw Problem(
                .invalidTarget,
                "resource is '\(resource.prefix(128))', wanted an absolute URL without a fragment."
            )
        }
        let names = Set(form.fields.filter { $0.name == "audience" && !$0.value.isEmpty }.map(\.value) + resources)
        guard names.count <= 1 else {
            throw Problem(.invalidTarget, "A token is for one audience, and \(names.count) are asked for.")
        }
        return names.first
    }

    /// What is issued: a token for another audience is an ID token, one for this broker a request token.
    private func type(_ form: Form, audience: String?) throws(Problem) -> TokenType {
        let isOurs = audience == nil || audience == now.trusted.url.text
        guard let text = try Self.value("requested_token_type", in: form) else {
            return isOurs ? .accessToken : .idToken
        }
        guard let type = TokenType(rawValue: text) else {
            throw Problem(
                .invalidRequest,
                "requested_token_type is '\(text.prefix(128))', wanted …:id_token, …:jwt or …:access_token."
            )
        }
        guard type == .accessToken || audience != nil else {
            throw Problem(.invalidRequest, "audience is missing: who is to trust the ID token.")
        }
        guard type != .accessToken || isOurs else {
            throw Problem(
                .invalidTarget,
                "A request token is for \(now.trusted.url) alone: ask for an id_token, or leave audience out."
            )
        }
        return type
    }
}
