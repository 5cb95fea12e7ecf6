internal import Crypto
internal import Encoding
internal import HTTP
internal import JSON
internal import Time

/// Google's Security Token Service (v1), and the IAM Credentials API (v1) where the job acts as a service account.
struct GCPExchanger: Exchanger, RefusalReader {
    let target: Target
    let gcp: GCPTarget

    func credential(for token: String, over line: CloudLine) async throws(ExchangeFailure) -> Credential {
        let answer = try await line.ask(federation(of: token), refusals: self)
        let federated = try OAuthAnswer(answer, of: "gcp", tokenLimit: 12_288)
        guard let account = gcp.serviceAccount else {
            guard let expires = federated.expires else { throw .broken("gcp", "expires_in is missing") }
            return credential(Obtained(token: federated.token, expires: expires, name: nil))
        }
        switch gcp.credential {
        case .accessToken:
            let answer = try await line.ask(accessToken(of: account, by: federated.token), refusals: self)
            return credential(try Self.accessToken(in: answer, of: account))
        case .idToken:
            let answer = try await line.ask(idToken(of: account, by: federated.token), refusals: self)
            return credential(try Self.idToken(in: answer, of: account))
        }
    }

    private struct Obtained {
        let token: String
        let expires: UnixTime
        /// Whose it is, where it is no principal's of the pool.
        let name: String?
    }

    /// The form as google-auth 2.62 sends it.
    private func federation(of token: String) -> OutgoingRequest {
        // Acting as another needs this scope alone; what the job may do is asked of the account.
        let scope =
            gcp.serviceAccount == nil ? gcp.scopes.joined(separator: " ") : "https://www.googleapis.com/auth/iam"
        let form = Form([
            Form.Field("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            Form.Field("audience", gcp.provider),
            Form.Field("scope", scope),
            Form.Field("requested_token_type", "urn:ietf:params:oauth:token-type:access_token"),
            Form.Field("subject_token", token),
            Form.Field("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
        ])
        return OutgoingRequest(
            .post,
            url: (gcp.endpoint?.url ?? "https://sts.googleapis.com") + "/v1/token",
            fields: ["Content-Type": "application/x-www-form-urlencoded"],
            body: Array(form.encoded.utf8)
        )
    }

    private func accessToken(of account: String, by token: String) -> OutgoingRequest {
        let body: JSON = [
            "scope": .array(gcp.scopes.map(JSON.string)), "lifetime": .string("\(gcp.session.wholeSeconds)s"),
        ]
        return call("generateAccessToken", of: account, by: token, body)
    }

    private func idToken(of account: String, by token: String) -> OutgoingRequest {
        let body: JSON = ["audience": .string(gcp.idTokenAudience ?? ""), "includeEmail": true]
        return call("generateIdToken", of: account, by: token, body)
    }

    private func call(_ method: String, of account: String, by token: String, _ body: JSON) -> OutgoingRequest {
        let base = gcp.endpoint?.url ?? "https://iamcredentials.googleapis.com"
        return OutgoingRequest(
            .post,
            // The dash is literal: the account alone names the project.
            url: "\(base)/v1/projects/-/serviceAccounts/\(account):\(method)",
            fields: ["Content-Type": "application/json", "Authorization": "Bearer \(token)"],
            body: body.serialized()
        )
    }

    private static func accessToken(in answer: CloudAnswer, of account: String) throws(ExchangeFailure) -> Obtained {
        let members = try CloudJSON.object(in: answer.response, of: "gcp")
        let token = try CloudJSON.visible("accessToken", in: members, of: "gcp", limit: 65_536)
        guard let expires = members["expireTime"]?.asString.flatMap({ try? RFC3339.parse($0) }) else {
            throw .broken("gcp", "expireTime is missing or no time")
        }
        return try checked(Obtained(token: token, expires: expires, name: account), answer)
    }

    private static func idToken(in answer: CloudAnswer, of account: String) throws(ExchangeFailure) -> Obtained {
        let members = try CloudJSON.object(in: answer.response, of: "gcp")
        let token = try CloudJSON.visible("token", in: members, of: "gcp", limit: 65_536)
        guard let expires = CloudJSON.end(ofToken: token) else { throw .broken("gcp", "token is no JWT with an exp") }
        return try checked(Obtained(token: token, expires: expires, name: account), answer)
    }

    private static func checked(_ obtained: Obtained, _ answer: CloudAnswer) throws(ExchangeFailure) -> Obtained {
        guard obtained.expires > answer.came else { throw .broken("gcp", "the token had expired when it came") }
        return obtained
    }

    private func credential(_ obtained: Obtained) -> Credential {
        var environment = NamedSecrets()
        for name in Self.variables(gcp.credential) { environment.append(name, text: obtained.token) }
        for (name, value) in target.whereabouts { environment.append(name, text: value) }
        var details: JSONObject = ["provider": .string(gcp.provider), "credential": .string(gcp.credential.rawValue)]
        details["service_account"] = gcp.serviceAccount.map { .string($0) }
        switch gcp.credential {
        case .accessToken: details["scopes"] = .array(gcp.scopes.map(JSON.string))
        case .idToken: details["id_token_audience"] = gcp.idTokenAudience.map { .string($0) }
        }
        return Credential(
            target: target.name,
            type: .gcp,
            name: obtained.name,
            session: nil,
            expires: obtained.expires,
            details: details,
            environment: environment
        )
    }

    /// What tools read: gcloud the first, Terraform's provider the second; nothing reads ID tokens by one common name.
    private static func variables(_ kind: GCPTarget.CredentialKind) -> [EnvironmentName] {
        switch kind {
        case .accessToken:
            [
                EnvironmentName(constant: "CLOUDSDK_AUTH_ACCESS_TOKEN"),
                EnvironmentName(constant: "GOOGLE_OAUTH_ACCESS_TOKEN"),
            ]
        case .idToken: [EnvironmentName(constant: "GOOGLE_ID_TOKEN")]
        }
    }
}
