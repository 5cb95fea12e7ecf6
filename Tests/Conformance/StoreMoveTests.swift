import Crypto
import Ledger
import Locks
import POSIX
import Runs
import SQLite
import Secrets
import Stores
import Support
import Testing
import Time

/// What a store has is the same wherever it has gone.
@Suite("A store that is moved, or copied and brought back")
struct StoreMoveTests {
    private let scratch: ScratchDirectory
    private var path: String { scratch.file("store.db") }

    init() throws { scratch = try ScratchDirectory() }

    /// A store with something of everything.
    private func fill(_ store: any BrokerStore) async throws -> (LedgerHarness, Ledger) {
        for (id, ended) in [("run_a", nil), ("run_b", UnixTime(seconds: 70))] as [(String, UnixTime?)] {
            try store.insert(
                RunRecord(
                    id: id,
                    principal: "fleet",
                    claims: Array(#"{"project":"acme/ü"}"#.utf8),
                    tokenDigest: SHA256.hash(id),
                    registered: UnixTime(seconds: 1),
                    expires: UnixTime(seconds: 100),
                    ended: ended
                )
            )
        }
        for version in [1, 2, 3] as [UInt64] { try store.insert(SecretStorageTests.secret("A", version)) }
        try store.purge(
            SecretAddress(SecretStorageTests.context("ci"), SecretStorageTests.name("A"), 1)
        )
        try store.insert(SecretStorageTests.secret("GONE", 1))
        try store.delete(
            SecretStorageTests.name("GONE"),
            in: SecretStorageTests.context("ci"),
            upTo: 1,
            at: UnixTime(seconds: 9)
        )
        let item = try InventoryItem(
            source: "github",
            place: "acme/web",
            name: "AWS_KEY",
            created: nil,
            updated: UnixTime(seconds: 5),
            listed: UnixTime(seconds: 6)
        )
        try store.list([item], of: "github", replacing: true)
        for (id, scope) in [("a", .key("kid-1")), ("b", .run("run_a"))] as [(String, Revocation.Scope)] {
            try store.add(
                Revocation(
                    id: id,
                    scope: scope,
                    made: UnixTime(seconds: 5),
                    until: id == "a" ? UnixTime(seconds: 50) : nil,
                    principal: id == "a" ? nil : "admin",
                    reason: "found in a log",
                    lifted: nil
                )
            )
        }
        try store.lift("a", at: UnixTime(seconds: 8))
        try store.keepWitnessed([1, 2, 3])
        let harness = try LedgerHarness(storage: store)
        try harness.create()
        let ledger = try harness.open()
        try await ledger.record(tokens: 700)
        return (harness, ledger)
    }

    /// Holds two stores against each other.
    private func compare(_ old: any BrokerStore, _ new: any BrokerStore, key: VerifierKey) throws {
        let head = try #require(try old.head())
        #expect(try new.head() == head)
        #expect(try new.entries(in: 0..<head.size + 9) == (try old.entries(in: 0..<head.size + 9)))
        #expect(try LedgerVerifier(storage: new, key: key).verify().size == head.size)
        for id in ["run_a", "run_b"] { #expect(try new.find(id) == (try old.find(id))) }
        #expect(try new.active(at: UnixTime(seconds: 2)).map(\.id) == ["run_a"])
        let context = try SecretStorageTests.context("ci")
        for name in try [SecretStorageTests.name("A"), SecretStorageTests.name("GONE")] {
            #expect(try new.versions(of: name, in: context) == (try old.versions(of: name, in: context)))
            #expect(try !new.versions(of: name, in: context).isEmpty)
        }
        #expect(try new.current(in: context) == (try old.current(in: context)))
        #expect(try new.inventory() == (try old.inventory()))
        #expect(try new.inventory().count == 1)
        let revocations = try new.revocations(at: UnixTime(seconds: 9))
        #expect(revocations.inForce == (try old.revocations(at: UnixTime(seconds: 9)).inForce))
        #expect(revocations.inForce.map(\.id) == ["b"])
        #expect(revocations.epoch == 3)
        #expect(try old.revocationEpoch() == 3)
        #expect(try new.identity() == (try old.identity()))
        #expect(try new.witnessedCheckpoint() == [1, 2, 3])
    }

    /// Appends until it is told to stop or may not any more; answers what it got receipts for.
    private func append(_ ledger: Ledger, until isDone: Lock<Bool>) -> Task<UInt64, Never> {
        Task {
            var last: UInt64 = 0
            while !isDone.withLock({ $0 }) {
                do throws(LedgerError) {
                    last = try await ledger.record(.token(7)).index
                } catch {
                    #expect(error.code == .storage, "\(error)")
                    #expect(error.description.contains("was moved by jobpass store migrate"), "\(error)")
                    return last
                }
            }
            return last
        }
    }

    @Test("goes to a database while a broker writes it: all that it recorded is there, and it can record nothing more")
    func migration() async throws {
        try SQLiteStore.create(path: path, identity: Array(1...16), at: UnixTime(seconds: 1))
        let store = try SQLiteStore(opening: path)
        let (harness, ledger) = try await fill(store)
        let isDone = Lock(false)
        let writer = append(ledger, until: isDone)
        let address = try PostgresCluster.shared.get().database()
        let path = path
        let key = ledger.verifier
        let migration = try await WorkerThread().run { () throws(StoreError) in
            try StoreMove.migrate(from: path, to: address, verifiedBy: key)
        }
        #expect(migration == .done)
        let last = await writer.value
        isDone.withLock { $0 = true }
        let moved = try PostgresStore(opening: address)
        try compare(store, moved, key: ledger.verifier)
        #expect(try moved.head()?.size == last + 1, "a receipt was given for what is not there")
        #expect(ledger.fault == nil)
        #expect(throws: RunError.self) { try store.end("run_a", at: UnixTime(seconds: 3)) }
        let next = try LedgerHarness(storage: moved)
        next.clock.advance(by: .seconds(60))
        #expect(try await next.open().record(.token(8)).index == last + 1)
        #expect(try harness.check() == last + 1)
        // A store that went to two places would be two ledgers.
        #expect(try StoreMove.migrate(from: path, to: address, verifiedBy: key) == .doneBefore)
        let elsewhere = try PostgresCluster.shared.get().database()
        let refusals = [
            #expect(throws: StoreError.self) { try StoreMove.migrate(from: path, to: elsewhere, verifiedBy: key) },
            #expect(throws: StoreError.self) { try StoreMove.restore(path, to: elsewhere, verifiedBy: key) },
            #expect(throws: StoreError.self) {
                try StoreMove.restore(path, to: scratch.file("again.db"), verifiedBy: key)
            },
        ]
        for refusal in refusals {
            #expect(refusal?.code == .moved)
            #expect(refusal?.reason.contains("\(address)") == true, "\(refusal.debugDescription)")
        }
        try PostgresStore.checkAbsence(at: elsewhere)
        #expect(try Files.list(scratch.path).allSatisfy { !$0.hasPrefix("again") && !$0.hasSuffix(".new") })
    }

    @Test("whose ledger was changed goes nowhere, and no file that is not its own is touched")
    func unproved() async throws {
        try SQLiteStore.create(path: path, identity: Array(1...16), at: UnixTime(seconds: 1))
        let (_, ledger) = try await fill(SQLiteStore(opening: path))
        do {
            let connection = try SQLiteConnection(path: path, mode: .readWrite)
            try connection.execute("UPDATE ledger_entries SET bytes = x'00' WHERE position = 300")
        }
        let address = try PostgresCluster.shared.get().database()
        let before = Set(try Files.list(scratch.path))
        let key = ledger.verifier
        let refusals = [
            #expect(throws: StoreError.self) { try StoreMove.migrate(from: path, to: address, verifiedBy: key) },
            #expect(throws: StoreError.self) { try StoreMove.restore(path, to: address, verifiedBy: key) },
            #expect(throws: StoreError.self) {
                try StoreMove.restore(path, to: scratch.file("copy.db"), verifiedBy: key)
            },
            #expect(throws: StoreError.self) {
                try StoreMove.backUp(SQLiteStore(opening: path), to: scratch.file("copy.db"), verifiedBy: key)
            },
        ]
        for refusal in refusals {
            #expect(refusal?.code == .unproved)
            #expect(refusal?.reason.contains("300") == true, "\(refusal.debugDescription)")
        }
        try PostgresStore.checkAbsence(at: address)
        #expect(
            Set(try Files.list(scratch.path)).subtracting(["store.db-wal", "store.db-shm"])
                == before.subtracting(["store.db-wal", "store.db-shm"])
        )
        // It is not closed for good: its evidence can still be added to.
        #expect(try await ledger.record(.token(9)).index == 700)
    }

    @Test("is not put where anything of another store is", arguments: ["", "-wal", "-journal", ".witnessed"])
    func inTheWay(suffix: String) async throws {
        try SQLiteStore.create(path: path, identity: Array(1...16), at: UnixTime(seconds: 1))
        let (_, ledger) = try await fill(SQLiteStore(opening: path))
        let other = scratch.file("other.db")
        try Files.writeNew(other + suffix, [1, 2, 3])
        let refusal = #expect(throws: StoreError.self) {
            try StoreMove.restore(path, to: other, verifiedBy: ledger.verifier)
        }
        #expect(refusal?.code == .exists)
        #expect(refusal?.path == other + suffix)
        #expect(try Files.read(other + suffix) == [1, 2, 3])
    }

    @Test("that could not be finished is finished by a second call")
    func secondCall() async throws {
        try SQLiteStore.create(path: path, identity: Array(1...16), at: UnixTime(seconds: 1))
        let store = try SQLiteStore(opening: path)
        let (_, ledger) = try await fill(store)
        let cluster = try PostgresCluster()
        let address = try cluster.database()
        #expect(throws: StoreError.self) {
            try StoreMove.migrate(from: path, to: address, verifiedBy: ledger.verifier) { try? cluster.kill() }
        }
        try cluster.start()
        try PostgresStore.checkAbsence(at: address)
        let elsewhere = try cluster.database()
        let other = #expect(throws: StoreError.self) {
            try StoreMove.migrate(from: path, to: elsewhere, verifiedBy: ledger.verifier)
        }
        #expect(other?.code == .moved)
        #expect(try StoreMove.migrate(from: path, to: address, verifiedBy: ledger.verifier) == .done)
        try compare(store, PostgresStore(opening: address), key: ledger.verifier)
    }

    @Test(
        "is copied while a broker writes it, and brought back to either kind",
        arguments: [StoreKind.sqlite, .postgres],
        [StoreKind.sqlite, .postgres]
    )
    func backup(_ from: StoreKind, _ to: StoreKind) async throws {
        let store: any BrokerStore
        if from == .postgres {
            store = try StoreUnderTest.postgres()
        } else {
            try SQLiteStore.create(path: path, identity: Array(1...16), at: UnixTime(seconds: 1))
            store = try SQLiteStore(opening: path)
        }
        let (_, ledger) = try await fill(store)
        let isDone = Lock(false)
        let writer = append(ledger, until: isDone)
        let before = try store.head()?.size ?? 0
        let copy = scratch.file("copy.db")
        let key = ledger.verifier
        let told = try await WorkerThread().run { () throws(StoreError) in
            try StoreMove.backUp(store, to: copy, verifiedBy: key)
        }
        isDone.withLock { $0 = true }
        _ = await writer.value
        #expect(try Files.status(copy)?.mode == 0o600)
        let copied = try SQLiteStore(opening: copy)
        let size = try LedgerVerifier(storage: copied, key: ledger.verifier).verify().size
        #expect(size == told.size)
        #expect(size >= before, "what was committed before is not in the copy")
        let again = #expect(throws: StoreError.self) { try StoreMove.backUp(store, to: copy, verifiedBy: key) }
        #expect(again?.code == .exists)
        let restored: any BrokerStore
        if to == .postgres {
            let address = try PostgresCluster.shared.get().database()
            try StoreMove.restore(copy, to: address, verifiedBy: key)
            restored = try PostgresStore(opening: address)
            #expect(throws: StoreError.self) { try StoreMove.restore(copy, to: address, verifiedBy: key) }
        } else {
            try StoreMove.restore(copy, to: scratch.file("restored.db"), verifiedBy: key)
            restored = try SQLiteStore(opening: scratch.file("restored.db"))
        }
        try compare(copied, restored, key: ledger.verifier)
    }
}
