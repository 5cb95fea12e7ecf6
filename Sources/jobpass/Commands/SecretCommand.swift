internal import Configuration
internal import POSIX

/// `jobpass secret`: static secrets in their contexts.
enum SecretCommand {
    static let context = Command.Operand("CONTEXT", "the group of secrets that it belongs to")

    static let name = Command.Operand("NAME", "the environment variable under which a job finds it, such as NPM_TOKEN")
    static let secretName = Command.Operand("NAME", "the secret's name")

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
        body: .group([
            SecretSetCommand.definition,
            SecretListCommand.definition,
            SecretVersionsCommand.definition,
            SecretRotateCommand.definition,
            SecretRollbackCommand.definition,
            SecretDeleteCommand.definition,
            SecretGetCommand.definition,
            SecretReportCommand.definition,
            SecretImportCommand.definition,
            SecretExportCommand.definition,
            SecretRewrapCommand.definition,
        ])
    )

    /// How an administrator gets at the secrets.
    static let access =
        "With --url or JOBPASS_URL the broker is asked, as the administrator whose token JOBPASS_TOKEN_FILE holds. On the "
        + "broker's own host, --config goes to its store directly, whether the broker runs or not; so does a call that names "
        + "neither, where JOBPASS_CONFIG, ./jobpass.yaml or /etc/jobpass/jobpass.yaml is there."

    static let options = [ConfigurationFile.option] + BrokerOptions.all
    static let variables = BrokerOptions.principalVariables + [ConfigurationFile.variable]

    static let exits = exits(Command.Note("78", "the configuration, a key file or the store is wrong"))

    /// The exit codes of these commands, one of them in words of a command's own.
    static func exits(_ own: Command.Note) -> [Command.Note] {
        (BrokerRefusal.exits.filter { $0.name != own.name } + [own]).sorted { $0.name < $1.name }
    }

    /// Where the work is done: the store where the call goes to it directly, else the broker.
    ///
    /// - Throws: `CommandError` where both are named.
    static func desk(_ invocation: Invocation) throws -> any SecretsDesk {
        try local(invocation) ?? RemoteSecrets(invocation: invocation)
    }

    /// The store, for what nobody may do from afar.
    ///
    /// - Throws: `CommandError` where the call leads to a broker.
    static func onlyLocal(_ invocation: Invocation, because reason: String) throws -> LocalSecrets {
        guard let local = try local(invocation) else {
            throw CommandError.usage(
                "\(invocation.label)\(reason); run it on the broker's own host with --config, without --url and JOBPASS_URL"
            )
        }
        return local
    }

    /// The store to go to directly; nil where the broker is to be asked.
    private static func local(_ invocation: Invocation) throws -> LocalSecrets? {
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
