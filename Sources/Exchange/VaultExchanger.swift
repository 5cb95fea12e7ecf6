internal import Crypto
internal import Encoding
internal import HTTP
internal import JSON
internal import Time

/// The login of the JWT auth method, as OpenBao and HashiCorp Vault share it.
struct VaultExchanger: Exchanger, RefusalReader {
    let target: Target
    let vault: VaultTarget

    func credential(for token: String, over line: CloudLine) async throws(ExchangeFailure) -> Credential {
        try credential(in: await line.ask(login(with: token), refusals: self))
    }

    private func login(with token: String) -> OutgoingRequest {
        let body: JSON = ["role": .string(vault.role), "jwt": .string(token)]
        return OutgoingRequest(
            .post,
            url: "\(vault.address.url)/v1/auth/\(vault.mount)/login",
            fields: fields(["Content-Type": "application/json"]),
            body: body.serialized()
        )
    }

    /// What ends a token, and with it all its leases; a batch token cannot be ended.
    private func revocation(of token: String, _ auth: JSONObject) -> Revocation? {
        guard auth["token_type"]?.asString != "batch" else { return nil }
        return Revocation(
            OutgoingRequest(
                .post,
                url: "\(vault.address.url)/v1/auth/token/revoke-self",
                fields: fields(["X-Vault-Token": token])
            )
        )
    }

    private func fields(_ own: HTTPFields) -> HTTPFields {
        var fields = own
        // Servers may be told to answer no request without it: a browser or a confused proxy does not send it.
        fields.append("X-Vault-Request", "true")
        if let namespace = vault.namespace { fields.append("X-Vault-Namespace", namespace) }
        return fields
    }

    private func credential(in came: CloudAnswer) throws(ExchangeFailure) -> Credential {
        let answer: JSON
        do throws(JSONError) { answer = try JSON.parse(came.response.body) } catch {
            // Not the parser's own reason: it may quote the answer.
            throw Self.broken("the answer is no JSON (line \(error.line), column \(error.column))")
        }
        guard let auth = answer["auth"]?.asObject else { throw Self.broken("no auth in the answer to a login") }
        if auth["mfa_requirement"]?.asObject != nil {
            throw ExchangeFailure(
                .misconfigured,
                code: "mfa",
                message: "the login wants a second factor, which no job has"
            )
        }
        guard let token = auth["client_token"]?.asString, SettingCheck.isVisible(token, limit: 65_536) else {
            throw Self.broken("auth.client_token is missing or not visible ASCII")
        }
        guard let seconds = auth["lease_duration"]?.asInteger, (0...Self.longestLease).contains(seconds) else {
            throw Self.broken("auth.lease_duration is missing or no number of seconds")
        }
        var environment = NamedSecrets()
        environment.append(EnvironmentName(constant: "VAULT_TOKEN"), text: token)
        for (name, value) in target.whereabouts { environment.append(name, text: value) }
        return Credential(
            target: target.name,
            type: .vault,
            // Vault's audit log has it beside everything that the login was; the accessor stands there as a hash alone.
            name: answer["request_id"]?.asString.map(CloudText.code),
            session: nil,
            // Counted from before the request: the lease had begun by the time that the answer came. Zero means no end.
            expires: seconds == 0 ? nil : came.asked + .seconds(seconds),
            details: Self.details(of: auth),
            environment: environment,
            revocation: revocation(of: token, auth),
            // A token of so many uses is one job's alone: whoever shared it would take them away.
            isShareable: (auth["num_uses"]?.asInteger ?? 0) == 0
        )
    }

    func refusal(in response: HTTPResponse) -> ExchangeFailure {
        let code = "http-\(response.status)"
        guard let answer = try? JSON.parse(response.body), let errors = answer["errors"]?.asArray else {
            return ExchangeFailure(
                .refused,
                code: code,
                message: "the answer is no error of Vault; something before it may have refused"
            )
        }
        let texts = errors.compactMap(\.asString).joined(separator: "; ")
        // 404 and 405 speak of the address (a namespace, a path), never of the token.
        let kind: ExchangeFailure.Kind = [404, 405].contains(response.status) ? .misconfigured : .refused
        return ExchangeFailure(kind, code: code, message: texts.isEmpty ? "no reason given" : texts)
    }

    /// What of the login may be seen by anyone who sees the ledger.
    private static func details(of auth: JSONObject) -> JSONObject {
        var details = JSONObject()
        if case .array(let policies)? = auth["policies"] {
            details["policies"] = .array(policies.compactMap(\.asString).prefix(64).map { .string(CloudText.line($0)) })
        }
        details["token_type"] = (auth["token_type"]?.asString).map { .string(CloudText.code($0)) }
        details["renewable"] = (auth["renewable"]?.asBool).map { .bool($0) }
        details["lease_duration"] = auth["lease_duration"]
        return details
    }

    private static func broken(_ message: String) -> ExchangeFailure {
        ExchangeFailure(.brokenAnswer, code: "no-vault-answer", message: message)
    }

    /// A hundred years: more seconds than that are no lease, and would overflow a moment in the end.
    private static let longestLease: Int64 = 36_500 * 86_400
}
