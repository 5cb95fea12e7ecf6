internal import Crypto
internal import Encoding
internal import HTTP
internal import JSON
internal import POSIX
internal import Time

/// The trade of RFC 8693 (OAuth 2.0 Token Exchange), and the giving back of RFC 7009.
struct TokenExchanger: Exchanger, RefusalReader {
    let target: Target
    let exchange: TokenExchangeTarget

    func credential(for token: String, over line: CloudLine) async throws(ExchangeFailure) -> Credential {
        // 201 is what a server may say that makes a token as a resource.
        let answer = try await line.ask(try request(token), wanting: [200, 201], refusals: self)
        let obtained = try OAuthAnswer(answer, of: "token")
        var environment = NamedSecrets()
        environment.append(exchange.environment, text: obtained.token)
        return Credential(
            target: target.name,
            type: .tokenExchange,
            name: CloudJSON.claim("jti", ofToken: obtained.token).map(CloudText.code),
            session: nil,
            expires: obtained.expires,
            details: obtained.details,
            environment: environment,
            revocation: revocation(of: obtained.token)
        )
    }

    private func request(_ token: String) throws(ExchangeFailure) -> OutgoingRequest {
        var fields = [
            Form.Field("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            Form.Field("subject_token", token),
            Form.Field("subject_token_type", exchange.subjectTokenType),
        ]
        if let type = exchange.requestedTokenType { fields.append(Form.Field("requested_token_type", type)) }
        if let actor = exchange.actor {
            fields.append(Form.Field("actor_token", try Self.token(of: actor)))
            fields.append(Form.Field("actor_token_type", actor.tokenType))
        }
        fields += exchange.parameters.map { Form.Field($0.name, $0.value) }
        return OutgoingRequest(
            .post,
            url: exchange.endpoint.url,
            fields: ["Content-Type": contentType, "Accept": "application/json"],
            body: body(fields)
        )
    }

    /// The actor's token, as it stands in its file now: whoever wrote it keeps it fresh.
    private static func token(of actor: TokenExchangeTarget.Actor) throws(ExchangeFailure) -> String {
        let text: String
        do throws(POSIXError) { text = try Files.readText(actor.tokenFile, limit: 65_536) } catch {
            throw ExchangeFailure(.misconfigured, code: "actor-token", message: "\(error)")
        }
        let token = text.hasSuffix("\n") ? String(text.dropLast()) : text
        guard SettingCheck.isVisible(token, limit: 65_536) else {
            throw ExchangeFailure(
                .misconfigured,
                code: "actor-token",
                message: "\(actor.tokenFile) holds no token: visible ASCII alone is one"
            )
        }
        return token
    }

    private var contentType: String {
        switch exchange.body {
        case .form: "application/x-www-form-urlencoded"
        case .json: "application/json"
        }
    }

    private func body(_ fields: [Form.Field]) -> [UInt8] {
        switch exchange.body {
        case .form: return Array(Form(fields).encoded.utf8)
        case .json:
            var members = JSONObject()
            for field in fields { members[field.name] = .string(field.value) }
            return JSON.object(members).serialized()
        }
    }

    private func revocation(of token: String) -> CredentialRevocation? {
        guard let endpoint = exchange.revocationEndpoint else { return nil }
        var fields = [Form.Field("token", token), Form.Field("token_type_hint", "access_token")]
        // A public client says who it is by its id alone (RFC 7009, section 2.1).
        fields += exchange.parameters.filter { $0.name == "client_id" }.map { Form.Field($0.name, $0.value) }
        return CredentialRevocation(
            OutgoingRequest(
                .post,
                url: endpoint.url,
                fields: ["Content-Type": "application/x-www-form-urlencoded"],
                body: Array(Form(fields).encoded.utf8)
            )
        )
    }

    func refusal(in response: HTTPResponse) -> ExchangeFailure {
        if let error = OAuthError(response) {
            return ExchangeFailure(
                error.isMisconfiguration ? .misconfigured : .refused,
                code: error.code,
                message: error.description
            )
        }
        guard let (code, text) = Self.otherError(response) else {
            return .foreign(response.status, insteadOf: "RFC 8693")
        }
        return ExchangeFailure(.refused, code: code ?? "http-\(response.status)", message: text)
    }

    /// The forms in which servers say no that do not keep to OAuth's: `{"errors": [{"status", "message"}]}` of JFrog's, and
    /// `{"code", "message"}`.
    private static func otherError(_ response: HTTPResponse) -> (code: String?, text: String)? {
        guard let members = (try? JSON.parse(response.body))?.asObject else { return nil }
        let error = members["errors"]?.asArray?.first?.asObject ?? members
        guard let text = error["message"]?.asString else { return nil }
        return (error["code"]?.asString, text)
    }
}
