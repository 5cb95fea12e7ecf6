package import Encoding
package import Time

/// What configuration says of a context besides who may read it.
package struct ContextSettings: Equatable, Sendable {
    package let name: ContextName
    /// Who answers for its secrets, for the report; optional.
    package let owner: String?
    /// The age at which a value is overdue to be replaced; nil where none is set.
    package let maxAge: Duration?
    /// The target that makes its secrets unnecessary; nil where configuration names none.
    package let replacedBy: String?
    /// What is set for single secrets of it.
    package let secrets: [EnvironmentName: SecretRules]
    /// The values that are kept in a manager of secrets elsewhere, and fetched when a run reads the context.
    package let sources: [ContextSource]

    /// Makes the settings of one context.
    package init(
        name: ContextName,
        owner: String? = nil,
        maxAge: Duration? = nil,
        replacedBy: String? = nil,
        secrets: [EnvironmentName: SecretRules] = [:],
        sources: [ContextSource] = []
    ) {
        self.name = name
        self.owner = owner
        self.maxAge = maxAge
        self.replacedBy = replacedBy
        self.secrets = secrets
        self.sources = sources
    }

    /// What holds for one secret: its own settings, else the context's.
    package func rules(for secret: EnvironmentName) -> SecretRules {
        let own = secrets[secret]
        return SecretRules(
            owner: own?.owner ?? owner,
            maxAge: own?.maxAge ?? maxAge,
            replacedBy: own?.replacedBy ?? replacedBy
        )
    }

    /// Since when a secret is overdue to be replaced; nil where it is not, or has no `max_age`.
    package func overdueSince(_ summary: SecretSummary, at now: UnixTime) -> UnixTime? {
        guard summary.deleted == nil, let maxAge = rules(for: summary.name).maxAge else { return nil }
        let due = summary.changed + maxAge
        return due <= now ? due : nil
    }
}

/// What configuration says of one secret.
package struct SecretRules: Equatable, Sendable {
    package let owner: String?
    package let maxAge: Duration?
    package let replacedBy: String?

    /// Makes the rules of one secret.
    package init(owner: String? = nil, maxAge: Duration? = nil, replacedBy: String? = nil) {
        self.owner = owner
        self.maxAge = maxAge
        self.replacedBy = replacedBy
    }
}

/// Values that a `vault` target holds, fetched with the run's own identity each time that it reads the context.
package struct ContextSource: Equatable, Sendable {
    /// One value of a path.
    package struct Field: Equatable, Sendable {
        /// Under which name the job finds it.
        package let name: EnvironmentName
        /// What it is called at the manager.
        package let field: String

        /// Makes a field.
        package init(name: EnvironmentName, field: String) {
            self.name = name
            self.field = field
        }
    }

    package let target: String
    /// Below the server's `/v1/`, such as `secret/data/web` (KV version 2) or `database/creds/web`.
    package let path: String
    package let fields: [Field]

    /// Makes a source.
    package init(target: String, path: String, fields: [Field]) {
        self.target = target
        self.path = path
        self.fields = fields
    }
}
