internal import Configuration
internal import Crypto
internal import Encoding
internal import POSIX

/// `jobpass init`: everything that a broker has to have before its first start.
enum InitCommand {
    static let issuer = Option.value(
        "issuer",
        "URL",
        "the issuer, exactly as tokens will carry it: https, or http on loopback; \(DefaultConfiguration.loopbackIssuer) by default"
    )
    static let configuration = Option.value(
        "config",
        "FILE",
        "make what this configuration names, instead of a configuration of its own",
        letter: "c",
        kind: .file
    )

    static let definition = Command(
        name: "init",
        summary: "make a configuration, keys and a store for a new broker",
        details: [
            "In DIR, the working directory by default: jobpass.yaml, with comments; keys/ with the issuers' keys, the ledger's "
                + "key and the master key; jobpass.db; and tokens/ with one token for each role. Directories get mode 0700, files "
                + "0600. Run it as the user that the broker will run as.",
            "With --config, only the keys and the store that the configuration names are made. Where anything is there "
                + "already, nothing is made or changed.",
        ],
        operands: [Command.Operand("DIR", "where to make it", count: .atMostOne, kind: .directory)],
        options: [issuer, configuration],
        examples: [
            Command.Example("jobpass init ~/jobpass", "try it on this machine"),
            Command.Example(
                "jobpass init /etc/jobpass --issuer https://ci.example.com",
                "a broker that clouds can reach, behind a proxy that ends TLS"
            ),
        ],
        exits: [
            Command.Note("64", "the issuer is none that tokens can have"),
            Command.Note("74", "a file could not be made"),
            Command.Note("78", "something is there already, or the configuration is wrong"),
        ],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        Files.setCreationMask(0o077)
        var installation = Installation()
        do {
            if let path = invocation[configuration] {
                try make(from: path, invocation, in: &installation)
            } else {
                try make(new: invocation.operands.first ?? ".", invocation, in: &installation)
            }
        } catch {
            installation.undo()
            throw error
        }
        return .success
    }

    private static func make(
        from path: String,
        _ invocation: Invocation,
        in installation: inout Installation
    ) throws {
        guard invocation.operands.isEmpty, invocation[issuer] == nil else {
            throw CommandError.usage("\(invocation.label)--config names everything: leave DIR and --issuer out")
        }
        let broker = NewBroker(try ConfigurationFile(path: path).settings)
        try broker.refuseExisting()
        try broker.make(in: &installation)
        try Console(invocation.environment).result(
            """
            Made the keys and the store of \(path).
            Before you set a secret, copy the master key to a safe place away from here: if it is lost, every static secret is
            gone, in the store and in its backups.
            Next: jobpass serve --config \(path)

            """
        )
    }

    private static func make(
        new directory: String,
        _ invocation: Invocation,
        in installation: inout Installation
    ) throws {
        let place = StarterPlace(directory)
        try place.refuseExisting()
        let issuer = try checkedIssuer(invocation)
        try installation.directory(directory)
        try installation.directory(place.tokens)
        let text = DefaultConfiguration.text(issuer: issuer, tokens: try place.makeTokens(in: &installation))
        try installation.file(place.configuration, Array(text.utf8))
        let broker = NewBroker(try ConfigurationFile(path: place.configuration).settings)
        try broker.refuseExisting()
        try broker.make(in: &installation)
        try Console(invocation.environment).result(place.summary(issuer: issuer))
    }

    /// The issuer that was asked for, judged by the rules of a configuration before anything is made.
    private static func checkedIssuer(_ invocation: Invocation) throws(CommandError) -> String {
        guard let issuer = invocation[issuer] else { return DefaultConfiguration.loopbackIssuer }
        // Any three that differ: a configuration takes no token for two principals.
        let text = DefaultConfiguration.text(
            issuer: issuer,
            tokens: DefaultConfiguration.TokenDigests(
                orchestrator: SHA256.hash("orchestrator"),
                administrator: SHA256.hash("administrator"),
                auditor: SHA256.hash("auditor")
            )
        )
        do throws(InvalidConfiguration) {
            _ = try Configuration.parse(Array(text.utf8), file: ConfigurationFile.localPath)
            return issuer
        } catch {
            let problem = error.problems.first { $0.key == "issuer" }
            throw .usage(
                "\(invocation.label)--issuer: '\(issuer)' is none: \(problem?.reason ?? "no configuration can hold it")",
                advice: problem?.fix
            )
        }
    }
}

/// Where a first broker's files are, and what its owner does with them.
private struct StarterPlace {
    let directory: String

    init(_ directory: String) { self.directory = directory }

    var configuration: String { Paths.join(directory, ConfigurationFile.localPath) }
    var tokens: String { Paths.join(directory, "tokens") }

    /// Refuses to go on where a configuration or tokens are there.
    func refuseExisting() throws {
        for path in [configuration, tokens] where try Files.status(path) != nil {
            throw CommandError(
                .configuration,
                "\(path) is there already; nothing was made or changed",
                advice: "to make the keys and the store that a configuration names: jobpass init --config FILE"
            )
        }
    }

    /// Makes one token for each role, each in a file of its own.
    func makeTokens(in installation: inout Installation) throws -> DefaultConfiguration.TokenDigests {
        DefaultConfiguration.TokenDigests(
            orchestrator: try makeToken("orchestrator", in: &installation),
            administrator: try makeToken("administrator", in: &installation),
            auditor: try makeToken("auditor", in: &installation)
        )
    }

    private func makeToken(_ role: String, in installation: inout Installation) throws -> SHA256Digest {
        let token = Array("jpp_\(Base64URL.encode(Entropy.bytes(32)))".utf8)
        try installation.file(Paths.join(tokens, "\(role).token"), token)
        return SHA256.hash(token)
    }

    func summary(issuer: String) -> String {
        """
        Made in \(directory):
          jobpass.yaml   the configuration; its comments are its manual
          keys/          the keys of the issuers and of the ledger, and the master key of static secrets
          jobpass.db     the store: runs, ledger, sealed secrets
          tokens/        one token for each role; move each to where it is used

        Before you set a secret, copy keys/master.key to a safe place away from here: if it is lost, every static secret
        is gone, in the store and in its backups, and nobody can bring them back. keys/README.md of the source says more.

        Next, start the broker:
          jobpass serve --config \(configuration)
        and, in another shell, give a command an identity:
          export JOBPASS_URL=\(issuer) JOBPASS_TOKEN_FILE=\(Paths.join(tokens, "orchestrator.token"))
          jobpass run --project example/web --workflow try --job first -- \\
            jobpass token --audience https://service.example.com --format claims

        """
    }
}
