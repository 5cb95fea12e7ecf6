internal import Configuration
internal import POSIX

/// The broker's configuration: which file it is, and what it says.
struct ConfigurationFile: Sendable {
    static let option = Option.value(
        "config",
        "FILE",
        "the broker's configuration; else JOBPASS_CONFIG, ./jobpass.yaml or /etc/jobpass/jobpass.yaml",
        letter: "c",
        kind: .file
    )
    static let variable = Command.Note("JOBPASS_CONFIG", "the broker's configuration, where --config is not given")

    static let localPath = "jobpass.yaml"
    static let systemPath = "/etc/jobpass/jobpass.yaml"

    let path: String
    let settings: Settings

    /// Finds and reads the configuration that a call means.
    ///
    /// - Throws: `CommandError` with exit code 78 where there is none, or with every mistake in it.
    init(_ invocation: Invocation) throws(CommandError) {
        try self.init(path: try Self.path(invocation))
    }

    /// Reads a configuration.
    ///
    /// - Throws: `CommandError` with exit code 78 and every mistake in it.
    init(path: String) throws(CommandError) {
        do throws(InvalidConfiguration) { settings = try Self.load(path) } catch {
            throw CommandError(.configuration, "\(path) cannot be used:\n\(error)")
        }
        self.path = path
    }

    /// Reads settings; `credential:NAME` in them is in the directory that systemd names to whom it hands credentials.
    ///
    /// - Throws: `InvalidConfiguration` with every mistake that was found.
    static func load(_ path: String) throws(InvalidConfiguration) -> Settings {
        let named = Environment.current.nonEmpty("CREDENTIALS_DIRECTORY")
        return try Configuration.load(path, credentials: named ?? Configuration.credentials)
    }

    /// The path of the configuration that a call means; the first place that is named or there wins.
    ///
    /// - Throws: `CommandError` with exit code 78 where none is named and none is in the usual places.
    static func path(_ invocation: Invocation) throws(CommandError) -> String {
        if let path = invocation[option] ?? invocation.environment.nonEmpty(variable.name) { return path }
        for path in [localPath, systemPath] where (try? Files.status(path)) != nil { return path }
        throw CommandError(
            .configuration,
            "there is no configuration: no --config, no JOBPASS_CONFIG, no ./\(localPath) and no \(systemPath)",
            advice: "make one: jobpass init DIR"
        )
    }
}
