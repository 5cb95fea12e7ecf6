import Crypto
import Ledger
import POSIX
import Runs
import SQLite
import Secrets
import Stores
import Support
import Testing
import Time

@Suite("The SQLite store")
struct SQLiteStoreTests {
    private let scratch: ScratchDirectory
    private var path: String { scratch.file("store.db") }

    init() throws { scratch = try ScratchDirectory() }

    @Test("is made once, for this user alone")
    func creation() throws {
        try create()
        for name in try Files.list(scratch.path) {
            #expect(try #require(try Files.status(scratch.file(name))).mode == 0o600, "\(name)")
        }
        let store = try SQLiteStore(opening: path)
        try LedgerHarness(storage: store).create()
        #expect(try Files.list(scratch.path) == ["store.db", "store.db-shm", "store.db-wal"])
        for name in try Files.list(scratch.path) {
            #expect(try #require(try Files.status(scratch.file(name))).mode == 0o600, "\(name)")
        }
        let error = #expect(throws: StoreError.self) { try create() }
        #expect(error?.code == .exists)
    }

    @Test("that cannot be made leaves nothing behind")
    func failedCreation() throws {
        let error = #expect(throws: StoreError.self) {
            try SQLiteStore.create(path: scratch.file("none/store.db"), identity: [1], at: UnixTime(seconds: 1))
        }
        #expect(error?.code == .unavailable)
        #expect(try Files.list(scratch.path).isEmpty)
    }

    @Test("is never made by opening it")
    func missing() throws {
        let error = #expect(throws: StoreError.self) { try SQLiteStore(opening: path) }
        #expect(error?.code == .missing)
        #expect(error?.description.contains("jobpass init") == true)
        #expect(try Files.list(scratch.path).isEmpty)
    }

    @Test("refuses a file that others may write or read", arguments: [0o620, 0o602, 0o604, 0o666] as [UInt32])
    func looseMode(_ mode: UInt32) throws {
        try create()
        try setMode(mode)
        let error = #expect(throws: StoreError.self) { try SQLiteStore(opening: path) }
        #expect(error?.code == .looseMode)
        #expect(error?.description.contains("chmod 600 '\(path)'") == true)
        try setMode(0o640)
        _ = try SQLiteStore(opening: path)
    }

    @Test("refuses a directory, a text file and another program's database, and leaves it as it was")
    func foreign() throws {
        #expect(throws: StoreError.self) { try SQLiteStore(opening: scratch.path) }
        let text = [UInt8](repeating: 0x20, count: 5_000)
        try Files.writeNew(path, text)
        #expect(refusal()?.code == .foreign)
        #expect(try Files.read(path) == text)
        try Files.remove(path)
        try Files.writeNew(path, [])
        try SQLiteConnection(path: path, mode: .readWrite).execute("CREATE TABLE theirs (x)")
        let theirs = try Files.read(path)
        #expect(refusal()?.code == .foreign)
        #expect(try Files.read(path) == theirs)
        #expect(try Files.list(scratch.path) == ["store.db"])
    }

    @Test("of another version is refused", arguments: [0, 4, 99] as [Int64])
    func version(_ version: Int64) throws {
        try create()
        try SQLiteConnection(path: path, mode: .readWrite).execute("PRAGMA user_version = \(version)")
        #expect(refusal()?.code == .version(version))
    }

    @Test("survives a crash: what was committed is in the file and its log, though neither was closed")
    func crash() async throws {
        try create()
        let store = try SQLiteStore(opening: path)
        let harness = try LedgerHarness(storage: store)
        try harness.create()
        let ledger = try harness.open()
        for step in 1...4 {
            try await ledger.record(tokens: 50)
            // What a machine has on its disk when it loses power right after a commit.
            let crashed = scratch.file("crashed-\(step).db")
            for suffix in ["", "-wal"] { try Files.writeNew(crashed + suffix, Files.read(path + suffix)) }
            #expect(try #require(try Files.status(crashed + "-wal")).size > 0, "the log has not been written back")
            let survivor = try LedgerHarness(storage: SQLiteStore(opening: crashed))
            #expect(try survivor.check() == UInt64(step * 50))
            #expect(try survivor.open().checkpoint == ledger.checkpoint)
            #expect(try await survivor.open().record(.token(0)).index == UInt64(step * 50))
        }
    }

    @Test("loses only the last commit when its log is torn in the middle of it")
    func tornLog() async throws {
        try create()
        let store = try SQLiteStore(opening: path)
        let harness = try LedgerHarness(storage: store)
        try harness.create()
        let ledger = try harness.open()
        try await ledger.record(tokens: 10)
        let before = try #require(try Files.status(path + "-wal")).size
        _ = try await ledger.record(.token(10))
        let log = try Files.read(path + "-wal")
        for cut in [Int(before) + 1, log.count - 1] {
            let torn = scratch.file("torn-\(cut).db")
            try Files.writeNew(torn, Files.read(path))
            try Files.writeNew(torn + "-wal", Array(log.prefix(cut)))
            #expect(try LedgerHarness(storage: SQLiteStore(opening: torn)).check() == 10)
        }
    }

    @Test("moves its log into the file behind the commits, so that it begins anew and does not grow for ever")
    func movedLog() async throws {
        try create()
        let harness = try LedgerHarness(storage: SQLiteStore(opening: path))
        try harness.create()
        let ledger = try harness.open()
        // How often the log has begun anew stands in its header (sqlite.org/fileformat2.html, section 4.1).
        func beginnings() throws -> [UInt8] { Array(try Files.read(path + "-wal", limit: 1 << 28)[12..<16]) }
        let first = try beginnings()
        var entry = Entry.token(0)
        entry.claims = .init(repeating: 0x20, count: 60_000)
        var recorded: UInt64 = 0
        while try beginnings() == first, recorded < 5_000 {
            _ = try await ledger.record(entry)
            recorded += 1
        }
        #expect(recorded > 150, "4,000 pages are not so soon written")
        #expect(recorded < 1_500, "a commit would have moved it by itself at 125 MiB")
        #expect(try Files.status(path).map { $0.size > 1 << 20 } == true)
        #expect(try LedgerVerifier(storage: harness.storage, key: ledger.verifier).verify().size == recorded)
    }

    @Test("is shared by several brokers and commands, which append to one ledger")
    func sharing() async throws {
        try create()
        let harnesses = try (0..<3).map { _ in try LedgerHarness(storage: SQLiteStore(opening: path)) }
        try harnesses[0].create()
        let ledgers = try harnesses.map { try $0.open() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for ledger in ledgers {
                group.addTask { for number in 0..<40 { _ = try await ledger.record(.token(number)) } }
            }
            try await group.waitForAll()
        }
        for harness in harnesses { #expect(try harness.check() == 120) }
    }

    @Test(
        "shows who changed it behind the broker's back",
        arguments: [
            ("UPDATE ledger_entries SET bytes = x'00' WHERE position = 7", 7, LedgerError.Code.altered),
            ("DELETE FROM ledger_entries WHERE position = 7", 7, .shorter),
            ("DELETE FROM ledger_entries WHERE position = 19", 19, .shorter),
            ("INSERT INTO ledger_entries (position, bytes) VALUES (20, x'00')", 20, .longer),
            (
                "UPDATE ledger_entries SET position = CASE position WHEN 3 THEN -5 ELSE 3 END WHERE position IN (3, 5)",
                3, .altered
            ),
            ("UPDATE ledger_tiles SET hashes = zeroblob(640)", nil, .altered),
            ("DELETE FROM ledger_tiles", 0, .shorter),
            ("DELETE FROM ledger_head", nil, .uninitialised),
            ("UPDATE ledger_head SET size = 19", 19, .shorter),
        ] as [(String, UInt64?, LedgerError.Code)]
    )
    func tampering(_ sql: String, _ index: UInt64?, _ code: LedgerError.Code) async throws {
        try create()
        let harness = try LedgerHarness(storage: SQLiteStore(opening: path))
        try harness.create()
        try await harness.open().record(tokens: 20)
        try SQLiteConnection(path: path, mode: .readWrite).execute(sql)
        let error = #expect(throws: LedgerError.self) { try harness.open() }
        #expect(error?.code == code, "\(String(describing: error))")
        #expect(error?.index == index, "\(String(describing: error))")
    }

    @Test("an entry that somebody puts in the next one's place stops the running ledger")
    func strayEntry() async throws {
        try create()
        let harness = try LedgerHarness(storage: SQLiteStore(opening: path))
        try harness.create()
        let ledger = try harness.open()
        try await ledger.record(tokens: 5)
        try SQLiteConnection(path: path, mode: .readWrite)
            .execute("INSERT INTO ledger_entries (position, bytes) VALUES (5, x'00')")
        let error = await #expect(throws: LedgerError.self) { try await ledger.record(.token(5)) }
        #expect(error?.code == .longer)
        #expect(ledger.fault?.code == .longer)
    }

    @Test("says what is damaged in the row of a run or a secret")
    func damagedRows() throws {
        try create()
        let store = try SQLiteStore(opening: path)
        let connection = try SQLiteConnection(path: path, mode: .readWrite)
        try connection.execute("INSERT INTO runs VALUES ('r', 'p', x'7b7d', x'00', 1, 2, NULL)")
        let run = #expect(throws: RunError.self) { try store.find("r") }
        #expect(run?.code == .damaged)
        try connection.execute("INSERT INTO secrets VALUES ('ci', 'not a name', 1, 1, NULL, x'00', NULL, NULL)")
        let secret = #expect(throws: SecretsError.self) { try store.current(in: SecretStorageTests.context("ci")) }
        #expect(secret?.code == .damaged)
    }

    private func create() throws {
        try SQLiteStore.create(path: path, identity: Array(1...16), at: UnixTime(seconds: 1))
    }

    private func refusal() -> StoreError? {
        do {
            _ = try SQLiteStore(opening: path)
            return nil
        } catch {
            return error
        }
    }

    private func setMode(_ mode: UInt32) throws {
        let bytes = try Files.read(path)
        try Files.remove(path)
        try Files.writeNew(path, bytes, mode: mode)
    }
}
