internal import Crypto
internal import Encoding
internal import JSON

/// What a child is given of one credential: variables, and files that are written anew whenever it is renewed.
package struct Handover: Sendable {
    /// How the child's SDK gets the next credential.
    package enum Renewal: Equatable, Sendable {
        /// It cannot: what is in the variables is all.
        case none
        /// From this program's own server on loopback.
        case server
        /// From a file.
        case file
    }

    /// Where a child finds what is not in its variables.
    package struct Place: Sendable {
        /// Where this program's server listens, without a slash at the end.
        package let server: String
        /// What the server wants to see.
        package let token: String
        /// The path of the directory of files.
        package let directory: String

        /// Makes a place.
        package init(server: String, token: String, directory: String) {
            self.server = server
            self.token = token
            self.directory = directory
        }
    }

    package private(set) var variables: [(name: String, value: String)] = []
    /// Variables of the credential that the child must not have, since its SDK would not look further.
    package private(set) var withheld: Set<String> = []
    /// Files by name, below the directory.
    package private(set) var files: [(name: String, text: String)] = []
    package private(set) var renewal = Renewal.none

    /// What a child is given of a credential; with `keys` it has a cloud's keys in its variables, which no SDK renews.
    package init(_ credential: borrowing CredentialAnswer, at place: Place, keys: Bool) {
        let name = credential.target
        switch credential.type {
        case _ where credential.idToken != nil: idToken(credential, place)
        case "aws" where !keys:
            renewal = .server
            withheld = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]
            variables = [
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "\(place.server)/aws/\(name)"),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN", place.token),
            ]
        case "gcp" where credential.environment.text(of: "CLOUDSDK_AUTH_ACCESS_TOKEN") != nil:
            renewal = .server
            let file = "\(name).google.json"
            files = [(file, Self.google(at: place, name).text)]
            variables = [("GOOGLE_APPLICATION_CREDENTIALS", "\(place.directory)/\(file)")]
        default: break
        }
    }

    /// An ID token, for an SDK that trades it: in a file, and in the variables by which the SDK finds it and where to trade.
    private mutating func idToken(_ credential: borrowing CredentialAnswer, _ place: Place) {
        renewal = .file
        let name = credential.target
        let settings = credential.details
        let path = "\(place.directory)/\(name).token"
        files = [("\(name).token", credential.idToken ?? "")]
        func text(_ key: String) -> String? { settings[key]?.asString }
        switch credential.type {
        case "aws":
            withheld = ["JOBPASS_ID_TOKEN"]
            variables = [("AWS_WEB_IDENTITY_TOKEN_FILE", path), ("AWS_ROLE_ARN", text("role") ?? "")]
            if let region = text("region") {
                variables += [("AWS_REGION", region), ("AWS_DEFAULT_REGION", region)]
            }
            // The SDK's own default otherwise, which knows the partition.
            if let endpoint = text("endpoint"), !endpoint.contains("//sts.") {
                variables.append(("AWS_ENDPOINT_URL_STS", endpoint))
            }
        case "azure":
            withheld = ["JOBPASS_ID_TOKEN"]
            variables = [
                ("AZURE_FEDERATED_TOKEN_FILE", path), ("AZURE_TENANT_ID", text("tenant") ?? ""),
                ("AZURE_CLIENT_ID", text("client_id") ?? ""), ("AZURE_AUTHORITY_HOST", text("authority") ?? ""),
            ]
        case "gcp":
            withheld = ["JOBPASS_ID_TOKEN"]
            let file = "\(name).google.json"
            files.append((file, Self.google(settings, tokenFile: path).text))
            variables = [("GOOGLE_APPLICATION_CREDENTIALS", "\(place.directory)/\(file)")]
        case "none": variables = [("\(credential.onlySecret?.name ?? "JOBPASS_ID_TOKEN")_FILE", path)]
        default: variables = [("JOBPASS_ID_TOKEN_FILE", path)]
        }
    }

    /// An external_account file whose token, and whose trade, are this program's server's: the broker has traded already.
    private static func google(at place: Place, _ name: String) -> JSON {
        [
            "type": "external_account", "audience": .string("//jobpass/\(name)"),
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": .string("\(place.server)/gcp/\(name)"),
            "credential_source": [
                "url": .string("\(place.server)/subject/\(name)"), "headers": ["Authorization": .string(place.token)],
                "format": ["type": "json", "subject_token_field_name": "value"],
            ],
        ]
    }

    /// An external_account file for Google's own token service.
    private static func google(_ settings: JSONObject, tokenFile path: String) -> JSON {
        let endpoint = settings["endpoint"]?.asString
        var file: JSONObject = [
            "type": "external_account", "audience": .string(settings["provider"]?.asString ?? ""),
            "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
            "token_url": .string("\(endpoint ?? "https://sts.googleapis.com")/v1/token"),
            "credential_source": ["file": .string(path)],
        ]
        if let account = settings["service_account"]?.asString {
            let base = endpoint ?? "https://iamcredentials.googleapis.com"
            file["service_account_impersonation_url"] = .string(
                "\(base)/v1/projects/-/serviceAccounts/\(account):generateAccessToken"
            )
        }
        return .object(file)
    }
}
