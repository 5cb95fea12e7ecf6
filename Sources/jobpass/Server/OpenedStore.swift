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
    let store: any BrokerStore
    let ledger: Ledger
    let vault: SecretVault
    /// Where the issuers' keys are.
    let keys: KeyPlace

    /// Opens what a configuration names; blocks.
    ///
    /// - Throws: errors of the modules, which `CommandError(describing:)` knows.
    init(_ settings: Settings) throws {
        let files = KeyFiles(settings)
        store = try Self.open(settings)
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
        keys = try KeyPlace(settings, in: store)
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

    /// Opens the store that a configuration names, without its ledger.
    static func open(_ settings: Settings) throws(StoreError) -> any BrokerStore {
        switch settings.store {
        case .sqlite(let path): try SQLiteStore(opening: path)
        case .postgresql(let address): try PostgresStore(opening: address)
        }
    }

    /// Makes the store that a configuration names.
    static func create(_ settings: Settings, at moment: UnixTime) throws(StoreError) {
        let identity = Entropy.bytes(32)
        switch settings.store {
        case .sqlite(let path): try SQLiteStore.create(path: path, identity: identity, at: moment)
        case .postgresql(let address): try PostgresStore.create(at: address, identity: identity, at: moment)
        }
    }
}
