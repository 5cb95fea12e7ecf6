import Ledger
import Locks
import POSIX
import Postgres
import Runs
import Secrets
import Stores
import Support
import Testing
import Time

@Suite("The PostgreSQL store")
struct PostgresStoreTests {
    private let address: PostgresAddress

    init() throws { address = try PostgresCluster.shared.get().database() }

    private func create() throws {
        try PostgresStore.create(at: address, identity: Array(1...16), at: UnixTime(seconds: 1))
    }

    private func run(_ queries: PostgresQuery...) throws {
        var connection = try PostgresConnection(to: address)
        for query in queries { _ = try connection.run(query) }
    }

    @Test("is made once, and never by opening it")
    func creation() throws {
        let missing = #expect(throws: StoreError.self) { try PostgresStore(opening: address) }
        #expect(missing?.code == .missing)
        #expect(missing?.description.contains("jobpass init") == true)
        try PostgresStore.checkAbsence(at: address)
        try create()
        try PostgresStore.checkAbsence(at: address)
        try create()
        try LedgerHarness(storage: PostgresStore(opening: address)).create()
        for attempt in [create, { try PostgresStore.checkAbsence(at: address) }] as [() throws -> Void] {
            let error = #expect(throws: StoreError.self) { try attempt() }
            #expect(error?.code == .exists)
        }
    }

    @Test("says what it cannot reach, and shows no password")
    func unreachable() throws {
        let nowhere = try PostgresAddress("postgresql://jobpass@127.0.0.1:1/jobpass?passfile=/nowhere")
        let error = #expect(throws: StoreError.self) { try PostgresStore(opening: nowhere) }
        #expect(error?.code == .unreachable)
        #expect(error?.path == "postgresql://jobpass@127.0.0.1:1/jobpass")
    }

    @Test("of a newer version is used where that version allows it, and else refused")
    func versions() throws {
        try create()
        try run(PostgresQuery("UPDATE jobpass_store SET version = 99, readable_from = 1"))
        #expect(try PostgresStore(opening: address).identity() == Array(1...16))
        try run(PostgresQuery("UPDATE jobpass_store SET readable_from = 99"))
        let error = #expect(throws: StoreError.self) { try PostgresStore(opening: address) }
        #expect(error?.code == .version(99))
    }

    @Test("that a newer release brings forward is used on, or left alone at once, as that release says")
    func overtaken() async throws {
        try create()
        let harness = try LedgerHarness(storage: PostgresStore(opening: address))
        try harness.create()
        let ledger = try harness.open()
        // What a newer release may add that this one need not know.
        try run(
            PostgresQuery("ALTER TABLE jobpass_runs ADD COLUMN newer TEXT"),
            PostgresQuery("CREATE TABLE jobpass_newer (id BIGINT PRIMARY KEY)"),
            PostgresQuery("UPDATE jobpass_store SET version = 99, readable_from = 2")
        )
        #expect(try await ledger.record(.token(0)).index == 0)
        try run(PostgresQuery("UPDATE jobpass_store SET readable_from = 99"))
        let error = await #expect(throws: LedgerError.self) { try await ledger.record(.token(1)) }
        #expect(error?.code == .storage)
        #expect(error?.seen == "a store that only programs from schema version 99 on can use")
        try run(PostgresQuery("UPDATE jobpass_store SET readable_from = 2"))
        #expect(try await ledger.record(.token(1)).index == 1)
        #expect(try harness.check() == 2)
    }

    @Test("of an older version is brought forward once, whoever comes first")
    func migration() async throws {
        try create()
        try run(PostgresQuery("UPDATE jobpass_store SET version = 0"), PostgresQuery("DROP TABLE jobpass_notes"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 { group.addTask { _ = try PostgresStore(opening: address) } }
            try await group.waitForAll()
        }
        let store = try PostgresStore(opening: address)
        #expect(try store.identity() == Array(1...16))
        #expect(try store.witnessedCheckpoint().isEmpty)
        try store.keepWitnessed([1, 2])
        try store.keepWitnessed([3])
        #expect(try store.witnessedCheckpoint() == [3])
    }

    @Test("is shared by brokers that append to one ledger in one order, and each sees what the others did")
    func sharing() async throws {
        try create()
        let harnesses = try (0..<3).map { _ in try LedgerHarness(storage: PostgresStore(opening: address)) }
        try harnesses[0].create()
        let ledgers = try harnesses.map { try $0.open() }
        let indexes = Lock<[UInt64]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for ledger in ledgers {
                for _ in 0..<4 {
                    group.addTask {
                        for number in 0..<100 {
                            let index = try await ledger.record(.token(number)).index
                            indexes.withLock { $0.append(index) }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(indexes.withLock { $0.sorted() } == Array(0..<1_200))
        for harness in harnesses { #expect(try harness.check() == 1_200) }
        for ledger in ledgers {
            try await ledger.refresh()
            #expect(ledger.checkpoint == (try harnesses[0].storage.head()?.checkpoint))
        }
    }

    @Test("is not held up by a broker that died in the middle of a batch, nor one that went without a word")
    func deadBroker() async throws {
        try create()
        let harness = try LedgerHarness(storage: PostgresStore(opening: address))
        try harness.create()
        let ledger = try harness.open()
        try await ledger.record(tokens: 10)
        var limits = PostgresLimits()
        limits.idleTransaction = .seconds(1)
        // Its connection stays open and says nothing, as that of a machine without power.
        var silent = try PostgresConnection(to: address, limits)
        _ = try silent.run([
            PostgresQuery("BEGIN"), PostgresQuery("SELECT size FROM jobpass_ledger_head WHERE id = 1 FOR UPDATE"),
            PostgresQuery("INSERT INTO jobpass_ledger_entries (position, bytes) VALUES (10, 'half a batch')"),
        ])
        #expect(try await ledger.record(.token(10)).index == 10)
        // The server lets others go on before it hangs up.
        WorkerThread.pause(for: .milliseconds(300))
        silent.listen()
        let isBroken = silent.isBroken
        #expect(isBroken)
        do {
            // This one's process has ended, and its connection with it.
            var dead = try PostgresConnection(to: address)
            _ = try dead.run([
                PostgresQuery("BEGIN"), PostgresQuery("SELECT size FROM jobpass_ledger_head WHERE id = 1 FOR UPDATE"),
            ])
        }
        #expect(try await ledger.record(.token(11)).index == 11)
        #expect(try harness.check() == 12)
    }

    @Test("makes a batch again that the server could not put in order, as servers do that only serialize")
    func retries() async throws {
        try create()
        // Every session of this database now conflicts where others have been faster.
        try run(
            PostgresQuery(
                "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = serializable', current_database()); END $$"
            )
        )
        let harnesses = try (0..<2).map { _ in try LedgerHarness(storage: PostgresStore(opening: address)) }
        try harnesses[0].create()
        let ledgers = try harnesses.map { try $0.open() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for ledger in ledgers {
                group.addTask { for number in 0..<60 { _ = try await ledger.record(.token(number)) } }
            }
            try await group.waitForAll()
        }
        #expect(try harnesses[0].check() == 120)
        // The server counts what it could not put in order, and tells of it with some delay.
        var undone: Int64 = 0
        for _ in 0..<200 where undone == 0 {
            var connection = try PostgresConnection(to: address)
            let rows = try connection.run(
                PostgresQuery("SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()")
            )
            undone = try rows[0].integer(at: 0)
            if undone == 0 { WorkerThread.pause(for: .milliseconds(50)) }
        }
        #expect(undone > 0, "nothing was in the other's way")
    }

    @Test("refuses entries at once while the server is away, and takes them again when it is back")
    func outage() async throws {
        let cluster = try PostgresCluster()
        let address = try cluster.database()
        try PostgresStore.create(at: address, identity: [1], at: UnixTime(seconds: 1))
        let store = try PostgresStore(opening: address)
        let harness = try LedgerHarness(storage: store)
        try harness.create()
        let ledger = try harness.open()
        try await ledger.record(tokens: 20)
        for round in 0..<3 {
            try cluster.kill()
            for _ in 0..<50 {
                let error = await #expect(throws: LedgerError.self) { try await ledger.record(.token(0)) }
                #expect(error?.code == .storage)
            }
            try cluster.start()
            for _ in 0..<200 where store.outage != nil { WorkerThread.pause(for: .milliseconds(50)) }
            #expect(try await ledger.record(.token(round)).index == UInt64(20 + round))
        }
        #expect(ledger.fault == nil)
        #expect(try harness.check() == 23)
    }

    @Test("shows who changed it behind the brokers' backs")
    func tampering() async throws {
        try create()
        let harness = try LedgerHarness(storage: PostgresStore(opening: address))
        try harness.create()
        let ledger = try harness.open()
        try await ledger.record(tokens: 20)
        try run(PostgresQuery("UPDATE jobpass_ledger_entries SET bytes = '\\x00' WHERE position = 7"))
        let altered = #expect(throws: LedgerError.self) { try harness.open() }
        #expect(altered?.code == .altered)
        #expect(altered?.index == 7)
        try run(PostgresQuery("INSERT INTO jobpass_ledger_entries (position, bytes) VALUES (20, '\\x00')"))
        let error = await #expect(throws: LedgerError.self) { try await ledger.record(.token(20)) }
        #expect(error?.code == .longer)
        #expect(ledger.fault?.code == .longer)
    }

    @Test("says what is damaged in the row of a run or a secret")
    func damagedRows() throws {
        try create()
        let store = try PostgresStore(opening: address)
        try run(
            PostgresQuery("INSERT INTO jobpass_runs VALUES ('r', 'p', '{}', '\\x00', 1, 2, NULL)"),
            PostgresQuery(
                "INSERT INTO jobpass_secrets (context, name, version, created, sealed) VALUES ('ci', 'not a name', 1, 1, '')"
            )
        )
        let damaged = #expect(throws: RunError.self) { try store.find("r") }
        #expect(damaged?.code == .damaged)
        let secret = #expect(throws: SecretsError.self) { try store.current(in: SecretStorageTests.context("ci")) }
        #expect(secret?.code == .damaged)
    }

    @Test("removes the contents of entries and keeps their hashes")
    func pruning() async throws {
        try create()
        let store = try PostgresStore(opening: address)
        let harness = try LedgerHarness(storage: store)
        try harness.create()
        let ledger = try harness.open()
        try await ledger.record(tokens: 600)
        let pruner = LedgerPruner(storage: store)
        var entry = Entry(.ledgerPruned, .succeeded, trace: "t")
        entry.covered = 256
        let receipt = try await ledger.record(entry)
        #expect(try pruner.prune(below: 256, recordedAs: receipt) == 256)
        #expect(try LedgerVerifier(storage: store, key: ledger.verifier).verify().size == 601)
        #expect(try PrunedLeaf(#require(store.entries(in: 5..<6).first).bytes) != nil)
    }
}
