internal import Crypto
internal import Encoding
internal import HTTP
internal import JSON
internal import Time

/// The login of the JWT auth method, as OpenBao and HashiCorp Vault share it, and what its token reads.
struct VaultExchanger: Exchanger, RefusalReader {
    let target: Target
    let vault: VaultTarget

    func credential(for token: String, over line: CloudLine) async throws(ExchangeFailure) -> Credential {
        let answer = try await line.ask(login(with: token), refusals: self)
        if vault.wrap != nil { return try wrapped(in: answer) }
        let login = try VaultLogin(answer)
        let ending = login.isBatch ? nil : revocation(of: login.token)
        var secrets = VaultSecrets()
        do throws(ExchangeFailure) {
            for read in vault.reads {
                try secrets.add(try await line.ask(request(read, by: login.token), refusals: self), of: read)
            }
        } catch {
            // Nobody will use the token, nor the leases that it has got so far.
            if let ending {
                _ = try? await line.ask(ending.request, wanting: ending.statuses, refusals: self)
            }
            throw error
        }
        var details = login.details
        if !vault.reads.isEmpty { details["reads"] = .array(secrets.details) }
        let expires = [login.expires, secrets.expires].compactMap(\.self).min()
        var environment = secrets.takeVariables()
        environment.append(EnvironmentName(constant: "VAULT_TOKEN"), text: login.token)
        for (name, value) in target.whereabouts { environment.append(name, text: value) }
        return Credential(
            target: target.name,
            type: .vault,
            name: login.request,
            session: nil,
            expires: expires,
            details: details,
            environment: environment,
            revocation: ending,
            isShareable: login.isShareable
        )
    }

    private func login(with token: String) -> OutgoingRequest {
        let body: JSON = ["role": .string(vault.role), "jwt": .string(token)]
        var own: HTTPFields = ["Content-Type": "application/json"]
        if let wrap = vault.wrap { own.append("X-Vault-Wrap-TTL", "\(wrap.wholeSeconds)") }
        return OutgoingRequest(
            .post,
            url: "\(vault.address.url)/v1/auth/\(vault.mount)/login",
            fields: fields(own),
            body: body.serialized()
        )
    }

    private func request(_ read: VaultRead, by token: String) -> OutgoingRequest {
        let url = "\(vault.address.url)/v1/\(read.path)"
        guard let parameters = read.parameters else {
            let query = read.version.map { "?version=\($0)" } ?? ""
            return OutgoingRequest(.get, url: url + query, fields: fields(["X-Vault-Token": token]))
        }
        var body = JSONObject()
        for parameter in parameters { body[parameter.name] = .string(parameter.value) }
        return OutgoingRequest(
            .post,
            url: url,
            fields: fields(["Content-Type": "application/json", "X-Vault-Token": token]),
            body: JSON.object(body).serialized()
        )
    }

    /// What ends a token, and with it all its leases.
    private func revocation(of token: String) -> CredentialRevocation {
        CredentialRevocation(
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

    /// A login that the job alone can open, once: the token in it is nobody's before, the broker's neither.
    private func wrapped(in answer: CloudAnswer) throws(ExchangeFailure) -> Credential {
        let members = try CloudJSON.object(in: answer.response, of: "vault")
        guard let wrap = members["wrap_info"]?.asObject else { throw .broken("vault", "no wrap_info in the answer") }
        let token = try CloudJSON.visible("token", in: wrap, of: "vault", limit: 65_536)
        guard let seconds = wrap["ttl"]?.asInteger, (1...CloudJSON.longestLife).contains(seconds) else {
            throw .broken("vault", "wrap_info.ttl is missing or no number of seconds")
        }
        var environment = NamedSecrets()
        environment.append(EnvironmentName(constant: "VAULT_WRAPPING_TOKEN"), text: token)
        for (name, value) in target.whereabouts { environment.append(name, text: value) }
        return Credential(
            target: target.name,
            type: .vault,
            name: nil,
            session: nil,
            expires: answer.asked + .seconds(seconds),
            details: ["wrapped": true, "wrap_ttl": .integer(seconds)],
            environment: environment,
            // Ends the wrapping while nobody has opened it; OpenBao 2.7.2 lets a wrapping token do this.
            revocation: revocation(of: token),
            // Two jobs cannot open one wrapping.
            isShareable: false
        )
    }

    func refusal(in response: HTTPResponse) -> ExchangeFailure {
        guard let members = (try? JSON.parse(response.body))?.asObject,
            members["errors"]?.asArray != nil || members["request_id"]?.asString != nil
        else { return .foreign(response.status, insteadOf: "Vault") }
        // A deleted version of a KV secret is told with a whole answer, and no errors.
        if response.status == 404, let data = members["data"]?.asObject { return Self.deleted(data) }
        let errors = members["errors"]?.asArray ?? []
        let warnings = members["warnings"]?.asArray ?? []
        let texts = (errors + warnings).compactMap(\.asString).joined(separator: "; ")
        // 404 and 405 speak of the address (a namespace, a path), never of the token.
        let isOfAddress = [404, 405].contains(response.status)
        let silence =
            isOfAddress
            ? "there is nothing at the path (of KV version 2, data/ stands behind the mount)" : "no reason given"
        return ExchangeFailure(
            isOfAddress ? .misconfigured : .refused,
            code: "http-\(response.status)",
            message: texts.isEmpty ? silence : texts
        )
    }

    private static func deleted(_ data: JSONObject) -> ExchangeFailure {
        let version = data["metadata"]?["version"]?.asInteger.map { "version \($0)" } ?? "this version"
        return ExchangeFailure(.misconfigured, code: "http-404", message: "\(version) of the secret is deleted")
    }
}
