internal import Auditing
internal import Broker
internal import Configuration
internal import Crypto
internal import Encoding
internal import Ledger
internal import Logs
internal import POSIX

/// Takes another configuration while the broker is at work: all of it that is good, or none.
struct Reloading: Sendable {
    let path: String
    let broker: Broker
    let keeper: KeyKeeper
    let service: BrokerService
    let ledger: Ledger
    let audit: AuditLog
    let log: Log
    /// What the listeners, the store and the log were opened with.
    let started: Settings

    /// Reloads at each SIGHUP, until another signal comes.
    func untilStopped(by arrivals: AsyncStream<Signal>) async {
        for await signal in arrivals {
            guard signal == .hangUp else { return log.info("stopping", ["signal": "\(signal)"]) }
            await reload()
        }
    }

    /// Reads the configuration again; where it is bad, the old one goes on, and the log says why.
    func reload() async {
        do {
            let file = try ConfigurationFile(path: path)
            try ServeCommand.refuseProblems(of: file)
            let standing = try Standing(opening: file.settings, keeper.place)
            let renewal = try BrokerService.renewal(file.settings)
            try await KeyArchive.record(standing, in: ledger, audit)
            try await Self.record(file, in: ledger)
            // Read anew: keys may have been revoked while the ledger took this down.
            try keeper.adopt(file.settings, in: broker)
            await service.adopt(renewal)
            log.info("reloaded", ["file": path])
            let waiting = started.namesThatTakeARestart(in: file.settings)
            if !waiting.isEmpty {
                log.warning("some changes wait for a restart", ["keys": waiting.joined(separator: ", ")])
            }
        } catch {
            log.error(
                "not reloaded, the old configuration goes on",
                ["reason": CommandError(describing: error).message]
            )
        }
    }

    /// The ledger shows which configuration was in force when: by its digest, since the text is the operator's.
    static func record(_ file: ConfigurationFile, in ledger: Ledger) async throws {
        var entry = Entry(.configLoaded, .succeeded, trace: Hex.encode(Entropy.identifier()))
        entry.reason = "\(file.path), SHA-256 \(file.settings.digest.hex)"
        _ = try await ledger.record(entry)
    }
}

extension Settings {
    /// The keys whose values were taken at the start for good, and are others in `new`.
    fileprivate func namesThatTakeARestart(in new: Settings) -> [String] {
        var names: [String] = []
        if listen != new.listen { names.append("listen") }
        if (tls == nil) != (new.tls == nil) { names.append("tls") }
        if store != new.store { names.append("store") }
        if keys.place != new.keys.place || keys.token != new.keys.token { names.append("keys.place") }
        if secrets != new.secrets { names.append("secrets") }
        if ledger != new.ledger { names.append("ledger") }
        if log != new.log { names.append("log") }
        return names
    }
}
