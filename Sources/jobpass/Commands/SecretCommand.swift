internal import Configuration
internal import POSIX

/// `jobpass secret`: static secrets in their contexts.
enum SecretCommand {
    static let context = Command.Operand("CONTEXT", "the group of secrets that it belongs to")

    static let definition = Command(
        name: "secret",
        summary: "keep static secrets in contexts",
        details: [
            "A context is a group of static secrets with a rule about which runs may read it; a target may name one as its "
                + "fallback. Values are sealed at rest and shown to no administrator again.",
            access,
        ],
        examples: [
            Command.Example("pass npm/token | jobpass secret set npm NPM_TOKEN", "set one from a password store")
        ],
        body: .group([SecretSetCommand.definition, SecretListCommand.definition])
    )

    /// How an administrator gets at the secrets.
    static let access =
        "With --url or JOBPASS_URL the broker is asked, as the administrator whose token JOBPASS_TOKEN_FILE holds. On the "
        + "broker's own host, --config goes to its store directly, whether the broker runs or not; so does a call that names "
        + "neither, where JOBPASS_CONFIG, ./jobpass.yaml or /etc/jobpass/jobpass.yaml is there."

    static let options = [ConfigurationFile.option] + BrokerOptions.all
    static let variables = BrokerOptions.principalVariables + [ConfigurationFile.variable]

    static let exits =
        BrokerRefusal.exits + [Command.Note("78", "the configuration, a key file or the store is wrong")]

    /// The store to go to directly; nil where the broker is to be asked.
    ///
    /// - Throws: `CommandError` where both are named.
    static func local(_ invocation: Invocation) throws -> LocalSecrets? {
        let isConfigured = invocation[ConfigurationFile.option] != nil
        guard !isConfigured || invocation[BrokerOptions.url] == nil else {
            throw CommandError.usage("\(invocation.label)--url and --config: give one of them")
        }
        let namesBroker =
            invocation[BrokerOptions.url] != nil
            || invocation.environment.nonEmpty(BrokerOptions.urlVariable.name) != nil
        if !isConfigured && namesBroker { return nil }
        return try LocalSecrets(try ConfigurationFile(invocation))
    }
}
