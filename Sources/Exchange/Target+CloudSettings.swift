internal import Encoding
internal import JSON
internal import Time

/// The settings of further types by the keys of the configuration, for jobs that trade at them themselves.
extension GCPTarget {
    var settings: JSONObject {
        var settings: JSONObject = [
            "provider": .string(provider), "scopes": .array(scopes.map { .string($0) }),
            "credential": .string(credential.rawValue),
        ]
        settings["service_account"] = serviceAccount.map { .string($0) }
        settings["id_token_audience"] = idTokenAudience.map { .string($0) }
        if serviceAccount != nil, credential == .accessToken { settings["session"] = .string(session.text) }
        settings["endpoint"] = endpoint.map { .string($0.url) }
        return settings
    }

    init(_ settings: SettingReader) throws(TargetError) {
        let kind = try settings.text("credential")
        guard let credential = CredentialKind(rawValue: kind) else {
            throw TargetError("credential", seen: kind, wanted: "a kind that this version knows; is the broker newer?")
        }
        try self.init(
            provider: try settings.text("provider"),
            serviceAccount: try settings.text(ifThere: "service_account"),
            scopes: try settings.texts("scopes"),
            credential: credential,
            idTokenAudience: try settings.text(ifThere: "id_token_audience"),
            session: try settings.duration("session"),
            endpoint: try settings.text(ifThere: "endpoint")
        )
    }
}

extension AzureTarget {
    var settings: JSONObject {
        [
            "tenant": .string(tenant), "client_id": .string(clientID), "scope": .string(scope),
            "authority": .string(authority.url),
        ]
    }

    init(_ settings: SettingReader) throws(TargetError) {
        try self.init(
            tenant: try settings.text("tenant"),
            clientID: try settings.text("client_id"),
            scope: try settings.text("scope"),
            authority: try settings.text("authority")
        )
    }
}

extension TokenExchangeTarget {
    var settings: JSONObject {
        var settings: JSONObject = [
            "token_endpoint": .string(endpoint.url), "parameters": Self.json(parameters),
            "subject_token_type": .string(subjectTokenType), "body": .string(body.rawValue),
            "environment": .string(environment.text),
        ]
        settings["requested_token_type"] = requestedTokenType.map { .string($0) }
        settings["actor_token_file"] = actor.map { .string($0.tokenFile) }
        settings["actor_token_type"] = actor.map { .string($0.tokenType) }
        settings["revocation_endpoint"] = revocationEndpoint.map { .string($0.url) }
        return settings
    }

    init(_ settings: SettingReader) throws(TargetError) {
        let form = try settings.text("body")
        guard let body = Body(rawValue: form) else {
            throw TargetError("body", seen: form, wanted: "a form that this version knows; is the broker newer?")
        }
        try self.init(
            endpoint: try settings.text("token_endpoint"),
            parameters: try settings.parameters("parameters"),
            subjectTokenType: try settings.text("subject_token_type"),
            requestedTokenType: try settings.text(ifThere: "requested_token_type"),
            actorTokenFile: try settings.text(ifThere: "actor_token_file"),
            actorTokenType: try settings.text(ifThere: "actor_token_type"),
            body: body,
            revocationEndpoint: try settings.text(ifThere: "revocation_endpoint"),
            environment: try settings.text("environment")
        )
    }

    /// Parameters as pairs, since one may stand more than once.
    static func json(_ parameters: [Parameter]) -> JSON {
        .array(parameters.map { [.string($0.name), .string($0.value)] })
    }
}

extension VaultRead {
    var settings: JSON {
        var settings: JSONObject = [
            "path": .string(path),
            "fields": .array(fields.map { [.string($0.variable.text), .string($0.name)] }),
        ]
        settings["version"] = version.map { .string("\($0)") }
        settings["with"] = parameters.map { TokenExchangeTarget.json($0) }
        return .object(settings)
    }

    init(_ settings: SettingReader) throws(TargetError) {
        let version = try settings.text(ifThere: "version")
        try self.init(
            path: try settings.text("path"),
            fields: try settings.parameters("fields").map { (variable: $0.name, name: $0.value) },
            version: version.map { Int($0) ?? 0 },
            parameters: settings.has("with") ? try settings.parameters("with") : nil
        )
    }
}

extension SettingReader {
    /// Pairs of texts.
    func parameters(_ key: String) throws(TargetError) -> [TokenExchangeTarget.Parameter] {
        try list(key).map { pair throws(TargetError) in
            guard let texts = pair.asArray, texts.count == 2, let name = texts[0].asString,
                let value = texts[1].asString
            else { throw TargetError(key, seen: pair.text, wanted: "pairs of texts") }
            return TokenExchangeTarget.Parameter(name, value)
        }
    }

    /// The reads of a Vault target.
    func reads() throws(TargetError) -> [VaultRead] {
        try list("reads").map { read throws(TargetError) in
            guard let object = read.asObject else { throw TargetError("reads", seen: read.text, wanted: "objects") }
            return try VaultRead(SettingReader(object))
        }
    }
}
