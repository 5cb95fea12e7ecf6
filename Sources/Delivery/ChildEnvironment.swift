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
        environment.merge(Dictionary(uniqueKeysWithValues: delivered.map { ($0.name, $0.value) }))
        return environment
    }

    /// The variables that do not reach the child unless they are delivered, sorted.
    package var strays: [String] {
        let names = Set(delivered.map(\.name))
        return Self.rivals.filter { !names.isDisjoint(with: $0.of) }.flatMap(\.names).sorted()
    }

    private mutating func add(_ variables: borrowing NamedSecrets, from source: String) throws(DeliveryError) {
        // A copy that takes the place of all at the end: after an error nothing of this source is there.
        var all = delivered
        try variables.withTexts { name, value throws(DeliveryError) in
            guard let known = all.first(where: { $0.name == name.text }) else {
                return all.append((name.text, value, source))
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

    /// Whose delivery makes which others strays.
    ///
    /// AWS: with `AWS_PROFILE` the JavaScript SDK does not look at keys in the environment at all, and a session token of other
    /// keys makes ours invalid; the rest would lead a tool to another identity as soon as ours expires. Vault: `bao` prefers
    /// `BAO_…`, and an agent's address or a namespace sends our token elsewhere.
    private static let rivals: [(of: Set<String>, names: [String])] = [
        (
            ["AWS_ACCESS_KEY_ID"],
            [
                "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
                "AWS_CREDENTIAL_EXPIRATION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN",
                "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
            ]
        ),
        (["VAULT_TOKEN"], ["VAULT_TOKEN", "BAO_TOKEN"]),
        (
            ["VAULT_ADDR"],
            ["VAULT_ADDR", "BAO_ADDR", "VAULT_AGENT_ADDR", "BAO_AGENT_ADDR", "VAULT_NAMESPACE", "BAO_NAMESPACE"]
        ),
    ]
}
