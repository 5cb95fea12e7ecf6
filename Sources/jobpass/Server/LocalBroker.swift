internal import Auditing
internal import Broker
internal import Configuration
internal import Crypto
internal import Ledger
internal import Logs
internal import POSIX
internal import Runs
internal import Stores
internal import Time

/// A broker that answers nobody, for whoever administers one on its own host: the same steps and the same ledger as the
/// running broker's, beside it or without it.
struct LocalBroker: Sendable {
    let broker: Broker
    let standing: Standing
    let opened: OpenedStore
    let settings: Settings

    /// Opens what a configuration names; blocks.
    ///
    /// - Throws: errors of the modules, which `CommandError(describing:)` knows.
    init(_ settings: Settings, log: Log) throws {
        Files.setCreationMask(0o077)
        opened = try OpenedStore(settings)
        standing = try Standing(opening: settings, opened.keys)
        let index = AuditIndex(storage: try opened.store.auditIndex(), of: opened.store)
        var parts = Broker.Parts(
            runs: RunRegistry(
                storage: opened.store,
                executor: try WorkerThread(),
                entropy: Entropy.bytes,
                clock: SystemClock.now
            ),
            revocations: try opened.revocations(),
            ledger: opened.ledger,
            secrets: opened.vault,
            audit: AuditLog(storage: opened.store, index: index),
            auditExecutor: try WorkerThread(),
            clock: SystemClock.now,
            log: log
        )
        parts.keys = try KeyKeeper(settings, opened, log).office
        broker = Broker(parts, standing: standing)
        self.settings = settings
    }

    /// A log on standard error of what a person must see.
    static let log = Log(level: .error, format: .text, clock: SystemClock.now, sink: StandardError.write)
}
