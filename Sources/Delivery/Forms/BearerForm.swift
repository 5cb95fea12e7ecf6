internal import Crypto
internal import Encoding
internal import JSON
internal import Time

/// The one token of a credential, for tools that send it as it is or trade it themselves.
enum BearerForm {
    /// What the executable of a Google external_account file prints: the ID token, which Google's library trades.
    static func googleExecutable(_ credential: borrowing CredentialAnswer) throws(DeliveryError) -> JSON {
        guard let token = credential.idToken else {
            throw DeliveryError(
                .form,
                "the credential of \(credential.target) (\(credential.type)) is no ID token, which Google's libraries trade: "
                    + "set 'exchange: job' at a target of type gcp, or use one of type none with the provider as its audience"
            )
        }
        var answer: JSONObject = [
            "version": 1, "success": true, "token_type": "urn:ietf:params:oauth:token-type:jwt",
            "id_token": .string(token),
        ]
        answer["expiration_time"] = credential.expires.map { .integer($0.seconds) }
        return .object(answer)
    }

    /// An ExecCredential of Kubernetes (client-go, client.authentication.k8s.io).
    static func execCredential(
        _ credential: borrowing CredentialAnswer,
        _ version: String,
        now: UnixTime
    ) throws(DeliveryError) -> JSON {
        guard let token = credential.bearer else {
            throw DeliveryError(
                .form,
                "the credential of \(credential.target) (\(credential.type)) is no single token that a cluster takes; "
                    + "use a target of type none, gcp or azure"
            )
        }
        var status: JSONObject = ["token": .string(token)]
        if let expires = credential.expires {
            // kubectl uses a token to its last moment; the request that it sends then must arrive in time.
            let margin = min(Duration.seconds(10), (expires - now) / 5)
            status["expirationTimestamp"] = .string(RFC3339.format(UnixTime(seconds: (expires - margin).seconds)))
        }
        return ["apiVersion": .string(version), "kind": "ExecCredential", "status": .object(status)]
    }
}

extension CredentialAnswer {
    /// The ID token itself, where that is what the answer carries.
    package var idToken: String? {
        if let token = environment.text(of: "JOBPASS_ID_TOKEN") { return token }
        guard type == "none", source == .exchange else { return nil }
        return onlySecret?.value
    }

    /// The one token that opens what the target is for; nil where it takes more than one value, or a request of its own.
    var bearer: String? {
        switch type {
        case "aws": return nil
        case "gcp":
            return environment.text(of: "CLOUDSDK_AUTH_ACCESS_TOKEN") ?? environment.text(of: "GOOGLE_ID_TOKEN")
                ?? idToken
        case "azure": return environment.text(of: "AZURE_ACCESS_TOKEN") ?? idToken
        case "vault": return environment.text(of: "VAULT_TOKEN")
        default: return idToken ?? onlySecret?.value
        }
    }

    /// The one variable whose value is a secret; nil where there are several.
    var onlySecret: (name: String, value: String)? {
        var found: [(String, String)] = []
        let plain = plainVariables
        environment.withTexts { name, value in
            if !plain.contains(name.text) { found.append((name.text, value)) }
        }
        return found.count == 1 ? found[0] : nil
    }

    /// Variables that say where to use the credential: their values are no secrets.
    ///
    /// They have names that are known for it, or values that stand in `details` too, none of which is secret.
    package var plainVariables: Set<String> {
        var plain: Set<String> = [
            "AWS_REGION", "AWS_DEFAULT_REGION", "VAULT_ADDR", "VAULT_NAMESPACE", "AZURE_TENANT_ID", "AZURE_CLIENT_ID",
            "AZURE_AUTHORITY_HOST", "GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT", "ECR_REGISTRY", "ECR_USERNAME",
        ]
        let known = Self.texts(in: .object(details))
        environment.withTexts { name, value in if known.contains(value) { plain.insert(name.text) } }
        return plain
    }

    private static func texts(in json: JSON) -> Set<String> {
        switch json {
        case .string(let text): [text]
        case .array(let values): values.reduce(into: []) { $0.formUnion(texts(in: $1)) }
        case .object(let object): object.members.reduce(into: []) { $0.formUnion(texts(in: $1.value)) }
        default: []
        }
    }
}
