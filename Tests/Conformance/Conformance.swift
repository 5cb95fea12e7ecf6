import Ledger
import Runs
import Secrets
import Stores
import Support
import Testing
import Time

/// Every store that the suite runs against; what one promises, all do.
enum StoreKind: String, CaseIterable, CustomTestStringConvertible {
    case memory
    case sqlite
    case postgres

    var testDescription: String { rawValue }
}

/// A store of some kind behind the protocols of those who use it, and all that must live as long.
struct StoreUnderTest {
    let runs: any RunStorage
    let ledger: any LedgerStorage
    let secrets: any SecretStorage
    let revocations: any RevocationStorage
    private let scratch: ScratchDirectory

    init(_ kind: StoreKind) throws {
        scratch = try ScratchDirectory()
        switch kind {
        case .memory:
            runs = MemoryRunStorage()
            ledger = MemoryLedgerStorage()
            secrets = MemorySecretStorage()
            revocations = MemoryRevocationStorage()
        case .sqlite:
            try SQLiteStore.create(path: scratch.file("store.db"), identity: Array(1...16), at: UnixTime(seconds: 1))
            let store = try SQLiteStore(opening: scratch.file("store.db"))
            runs = store
            ledger = store
            secrets = store
            revocations = store
        case .postgres:
            let store = try Self.postgres()
            runs = store
            ledger = store
            secrets = store
            revocations = store
        }
    }

    /// A new store in a database of its own.
    static func postgres() throws -> PostgresStore {
        let address = try PostgresCluster.shared.get().database()
        try PostgresStore.create(at: address, identity: Array(1...16), at: UnixTime(seconds: 1))
        return try PostgresStore(opening: address)
    }
}
