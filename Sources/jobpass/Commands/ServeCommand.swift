internal import Broker
internal import Configuration
internal import Crypto
internal import EventLoop
internal import Exchange
internal import Ledger
internal import Logs
internal import POSIX
internal import Runs
internal import Stores
internal import Time

/// `jobpass serve`: the broker.
enum ServeCommand {
    static let definition = Command(
        name: "serve",
        summary: "run the broker",
        details: [
            "Opens what the configuration names and listens; it makes no key and no store (init does). SIGTERM and SIGINT stop "
                + "it when what is under way has finished; SIGHUP reads the configuration, its keys and certificates "
                + "again, keeps all of the old where any of the new is bad, and says in the log what waits for a restart.",
            "Sockets that systemd hands over (LISTEN_FDS, as of deploy/systemd/jobpass.socket) take the place of listen, so that "
                + "no connection is refused while the broker is restarted.",
            "A start is refused, with the reason, where the ledger is not what its last checkpoint says.",
        ],
        options: [ConfigurationFile.option],
        examples: [Command.Example("jobpass serve --config /etc/jobpass/jobpass.yaml", "run the system's broker")],
        variables: [
            ConfigurationFile.variable,
            Command.Note(
                "LISTEN_FDS",
                "how many sockets it inherits, from descriptor 3 on; with LISTEN_PID, its own number"
            ),
            Command.Note(
                "CREDENTIALS_DIRECTORY",
                "where the files are that the configuration names as credential:NAME"
            ),
        ],
        exits: [
            Command.Note("0", "it was stopped by a signal, and everything under way was finished"),
            Command.Note("78", "the configuration, a key or the store cannot be used as it is"),
        ],
        body: .action(run)
    )

    static func run(_ invocation: Invocation) throws -> ExitCode {
        let signals = try SignalWatch([.terminate, .interrupt, .hangUp])
        ThisProcess.forbidCoreDumps()
        let file = try ConfigurationFile(invocation)
        try refuseProblems(of: file)
        let log = Log(
            level: file.settings.log.level,
            format: file.settings.log.format,
            clock: SystemClock.now,
            sink: StandardError.write
        )
        return try EventLoop.runToCompletion { loop in
            try await serve(file, signals: signals, log: log, on: loop)
        }
    }

    /// What `config check` would call an error stops a start; its warnings are only said.
    static func refuseProblems(of file: ConfigurationFile) throws(CommandError) {
        let problems = Configuration.check(file.settings, at: SystemClock.now()).filter { $0.severity == .error }
        guard problems.isEmpty else {
            throw CommandError(
                .configuration,
                "\(file.path) cannot be used:\n" + problems.map(\.description).joined(separator: "\n")
            )
        }
    }
}
