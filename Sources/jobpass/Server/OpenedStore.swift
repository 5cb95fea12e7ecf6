internal import Configuration
internal import Crypto
internal import Ledger
internal import POSIX
internal import Runs
internal import Secrets
internal import Stores
internal import Time

/// A broker's store, opened with its keys: the ledger, checked against its last checkpoint, and the sealed secrets.
///
/// `serve` opens it for itself; an administrator on the broker's host opens it beside a running broker, as the store
/// lets several processes append.
struct OpenedStore: Sendable {
    let store: SQLiteStore
    let ledger: Ledger
    let vault: SecretVault

    /// Opens what a configuration names; blocks.
    ///
    /// - Throws: errors of the modules, which `CommandError(describing:)` knows.
    init(_ settings: Settings) throws {
        let files = KeyFiles(settings)
        store = try SQLiteStore(opening: Self.path(settings))
        ledger = try Ledger.open(
            in: Ledger.Surroundings(
                storage: store,
                signer: try CheckpointSigner(name: try KeyName(settings.ledger.origin), key: try files.checkpointKey()),
                clock: SystemClock.now,
                entropy: Entropy.bytes,
                mark: store
            )
        )
        vault = try SecretVault(
            storage: store,
            keys: files,
            clock: SystemClock.now,
            executor: try WorkerThread()
        )
    }

    /// The revocations of every broker of this store, once they are refreshed.
    ///
    /// - Throws: `POSIXError` where there is no thread.
    func revocations() throws -> Revocations {
        Revocations(
            storage: store,
            executor: try WorkerThread(),
            entropy: Entropy.bytes,
            clock: SystemClock.now
        )
    }

    /// Where the store's file is.
    static func path(_ settings: Settings) -> String {
        switch settings.store {
        case .sqlite(let path): path
        }
    }
}
