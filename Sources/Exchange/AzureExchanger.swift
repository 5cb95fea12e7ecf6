internal import Crypto
internal import Encoding
internal import HTTP
internal import JSON
internal import Time

/// The token endpoint of Microsoft Entra ID (v2.0), with the ID token as client assertion (RFC 7523, section 2.2).
struct AzureExchanger: Exchanger, RefusalReader {
    let target: Target
    let azure: AzureTarget

    func credential(for token: String, over line: CloudLine) async throws(ExchangeFailure) -> Credential {
        let answer = try await line.ask(request(token), refusals: self)
        let obtained = try OAuthAnswer(answer, of: "entra")
        guard let expires = obtained.expires else { throw .broken("entra", "expires_in is missing") }
        var environment = NamedSecrets()
        environment.append(EnvironmentName(constant: "AZURE_ACCESS_TOKEN"), text: obtained.token)
        for (name, value) in target.whereabouts { environment.append(name, text: value) }
        return Credential(
            target: target.name,
            type: .azure,
            name: Self.identifier(ofToken: obtained.token),
            session: nil,
            expires: expires,
            details: [
                "tenant": .string(azure.tenant), "client_id": .string(azure.clientID), "scope": .string(azure.scope),
                "authority": .string(azure.authority.url),
            ],
            environment: environment
        )
    }

    private func request(_ token: String) -> OutgoingRequest {
        let form = Form([
            Form.Field("grant_type", "client_credentials"),
            Form.Field("client_id", azure.clientID),
            Form.Field("scope", azure.scope),
            Form.Field("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            Form.Field("client_assertion", token),
        ])
        return OutgoingRequest(
            .post,
            url: "\(azure.authority.url)/\(azure.tenant)/oauth2/v2.0/token",
            fields: ["Content-Type": "application/x-www-form-urlencoded"],
            body: Array(form.encoded.utf8)
        )
    }

    /// What Entra's own sign-in log calls the token: its `uti`, which its holder can read as well.
    private static func identifier(ofToken token: String) -> String? {
        CloudJSON.claim("uti", ofToken: token).map(CloudText.code)
    }

    /// Entra's codes decide, and never `error`: the same code was seen under more than one (protocols.md, section 3).
    func refusal(in response: HTTPResponse) -> ExchangeFailure {
        guard let error = OAuthError(response) else {
            return .foreign(response.status, insteadOf: "Microsoft Entra ID")
        }
        let number = error.members["error_codes"]?.asArray?.compactMap(\.asInteger).first
        let known = number.flatMap { EntraCode(rawValue: $0) }
        var text = Self.firstSentence(error.description)
        if let trace = error.members["trace_id"]?.asString { text += " (Entra trace \(trace))" }
        return ExchangeFailure(
            known?.kind ?? (error.isMisconfiguration ? .misconfigured : .refused),
            code: number.map { "AADSTS\($0)" } ?? error.code,
            message: text,
            advice: known?.advice,
            isWorthAnotherTry: known?.isWorthAnotherTry ?? false
        )
    }

    /// What stands before the ids and the time, which Entra puts behind every text.
    private static func firstSentence(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? text
        guard let ids = line.firstRange(of: " Trace ID:") else { return line }
        return String(line[..<ids.lowerBound])
    }
}
