internal import Crypto
internal import Encoding
package import POSIX

/// The environment of a child process that gets credentials and secrets: what this process has, without what would win over
/// them or mix with them, and then they.
///
/// The run's own `JOBPASS_URL` and `JOBPASS_REQUEST_TOKEN` stay: a job may call `jobpass` itself, and could read them from its
/// parent anyway.
package struct ChildEnvironment: Sendable {
    private var delivered: [(name: String, value: String, source: String)] = []

    /// Makes an environment to which nothing has been delivered.
    package init() {}

    /// Adds a credential's variables.
    ///
    /// - Throws: `DeliveryError` with code `conflict` where another source gives one of them another value.
    package mutating func add(_ credential: borrowing CredentialAnswer) throws(DeliveryError) {
        try add(credential.environment, from: "target \(credential.target)")
    }

    /// Adds a credential's variables but those that are withheld, and what leads its SDK to the next credential.
    ///
    /// - Throws: `DeliveryError` with code `conflict` where another source gives one of them another value.
    package mutating func add(
        _ credential: borrowing CredentialAnswer,
        _ handover: Handover
    ) throws(DeliveryError) {
        var texts: [(String, String)] = []
        credential.environment.withTexts { name, value in
            guard !handover.withheld.contains(name.text) else { return }
            guard !handover.variables.contains(where: { $0.name == name.text }) else { return }
            texts.append((name.text, value))
        }
        try add(texts + handover.variables.map { ($0.name, $0.value) }, from: "target \(credential.target)")
    }

    /// Adds variables that are no secrets.
    ///
    /// - Throws: `DeliveryError` with code `conflict` where another source gives one of them another value.
    package mutating func add(
        _ variables: [(String, String)],
        from source: String
    ) throws(DeliveryError) {
        // A copy that takes the place of all at the end: after an error nothing of this source is there.
        var all = delivered
        for (name, value) in variables {
            guard let known = all.first(where: { $0.name == name }) else {
                all.append((name, value, source))
                continue
            }
            guard known.value.utf8.elementsEqual(value.utf8) else {
                throw DeliveryError(
                    .conflict,
                    "\(source) and \(known.source) both give \(name), with different values; run them in two commands"
                )
            }
        }
        delivered = all
    }

    /// Adds a context's secrets.
    ///
    /// - Throws: `DeliveryError` with code `conflict` where another source gives one of them another value.
    package mutating func add(_ context: borrowing ContextAnswer) throws(DeliveryError) {
        try add(context.values, from: "context \(context.context)")
    }

    /// The child's environment, put together over its parent's.
    package func environment(over parent: Environment) -> Environment {
        var environment = parent
        for stray in strays { environment[stray] = nil }
        if delivered.contains(where: { Self.latePlaces.contains($0.name) }) {
            // SDKs look into these files before they look where we lead them; a configuration that the job names stays.
            environment["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null"
            if environment.nonEmpty("AWS_CONFIG_FILE") == nil { environment["AWS_CONFIG_FILE"] = "/dev/null" }
        }
        environment.merge(Dictionary(uniqueKeysWithValues: delivered.map { ($0.name, $0.value) }))
        return environment
    }

    /// The variables that do not reach the child unless they are delivered, sorted.
    package var strays: [String] {
        let names = Set(delivered.map(\.name))
        return Self.rivals.filter { !names.isDisjoint(with: $0.of) }.flatMap(\.names).sorted()
    }

    /// AWS's places that come after its files.
    private static let latePlaces: Set<String> = ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_WEB_IDENTITY_TOKEN_FILE"]

    private mutating func add(_ variables: borrowing NamedSecrets, from source: String) throws(DeliveryError) {
        var texts: [(String, String)] = []
        variables.withTexts { name, value in texts.append((name.text, value)) }
        try add(texts, from: source)
    }

    /// Whose delivery makes which others strays.
    ///
    /// AWS: with `AWS_PROFILE` the JavaScript SDK does not look at keys in the environment at all, and a session token of other
    /// keys makes ours invalid; the rest would lead a tool to another identity as soon as ours expires. Vault: `bao` prefers
    /// `BAO_…`, and an agent's address or a namespace sends our token elsewhere.
    private static let rivals: [(of: Set<String>, names: [String])] = [
        (
            ["AWS_ACCESS_KEY_ID", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_WEB_IDENTITY_TOKEN_FILE"],
            [
                "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
                "AWS_CREDENTIAL_EXPIRATION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN",
                "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            ]
        ),
        (
            ["GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_AUTH_ACCESS_TOKEN"],
            [
                "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN",
                "GOOGLE_GHA_CREDS_PATH", "CLOUDSDK_AUTH_ACCESS_TOKEN", "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE",
                "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE",
            ]
        ),
        (
            ["AZURE_FEDERATED_TOKEN_FILE", "AZURE_ACCESS_TOKEN"],
            [
                "AZURE_FEDERATED_TOKEN_FILE", "AZURE_ACCESS_TOKEN", "AZURE_TENANT_ID", "AZURE_CLIENT_ID",
                "AZURE_AUTHORITY_HOST", "AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_USERNAME",
                "AZURE_PASSWORD",
            ]
        ),
        (["VAULT_TOKEN"], ["VAULT_TOKEN", "BAO_TOKEN"]),
        (
            ["VAULT_ADDR"],
            ["VAULT_ADDR", "BAO_ADDR", "VAULT_AGENT_ADDR", "BAO_AGENT_ADDR", "VAULT_NAMESPACE", "BAO_NAMESPACE"]
        ),
    ]
}
