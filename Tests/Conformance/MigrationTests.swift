import POSIX
import SQLite
import Secrets
import Stores
import Support
import Testing
import Time

@Suite("A store of an older version")
struct MigrationTests {
    private let scratch: ScratchDirectory
    private var path: String { scratch.file("store.db") }

    init() throws { scratch = try ScratchDirectory() }

    /// The tables as version 1 made them, with what its broker left: a secret in two versions, and a deleted one.
    private static let first = """
        CREATE TABLE store (id INTEGER PRIMARY KEY CHECK (id = 1), identity BLOB NOT NULL, created INTEGER NOT NULL) STRICT;
        CREATE TABLE ledger_head (
            id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, time INTEGER NOT NULL, checkpoint BLOB NOT NULL
        ) STRICT;
        CREATE TABLE ledger_entries (position INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
        CREATE TABLE ledger_tiles (
            level INTEGER NOT NULL, number INTEGER NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (level, number)
        ) STRICT;
        CREATE TABLE runs (
            id TEXT PRIMARY KEY, principal TEXT NOT NULL, claims BLOB NOT NULL, token_sha256 BLOB NOT NULL UNIQUE,
            registered INTEGER NOT NULL, expires INTEGER NOT NULL, ended INTEGER
        ) STRICT;
        CREATE INDEX runs_by_expiry ON runs (expires);
        CREATE TABLE secrets (
            context TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, created INTEGER NOT NULL,
            deleted INTEGER, sealed BLOB, PRIMARY KEY (context, name, version)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO store VALUES (1, x'0102', 1);
        INSERT INTO secrets VALUES ('ci', 'A', 1, 1000, NULL, x'01'), ('ci', 'A', 2, 2000, NULL, x'02'),
            ('ci', 'GONE', 1, 1000, 3000, x'03');
        PRAGMA application_id = \(0x4A50_5354);
        PRAGMA user_version = 1;
        """

    private func makeFirst() throws {
        try Files.writeNew(path, [])
        try SQLiteConnection(path: path, mode: .readWrite).execute(Self.first)
    }

    @Test("becomes one of this version when it is opened, and keeps what it has")
    func migrated() throws {
        try makeFirst()
        for _ in 0..<2 {
            let store = try SQLiteStore(opening: path)
            #expect(try store.identity() == [1, 2])
            let context = try SecretStorageTests.context("ci")
            let versions = try store.versions(of: SecretStorageTests.name("A"), in: context)
            #expect(versions.map(\.superseded) == [nil, UnixTime(milliseconds: 2_000)])
            #expect(try store.current(in: context).map(\.sealed) == [[2]])
            #expect(try store.summaries(of: context).map(\.deleted) == [nil, UnixTime(milliseconds: 3_000)])
            #expect(try store.inventory().isEmpty)
        }
        let version = try SQLiteConnection(path: path, mode: .readOnly).integer("PRAGMA user_version")
        #expect(version == 3)
    }

    @Test("is the same afterwards as one that was made anew")
    func sameTables() throws {
        try makeFirst()
        _ = try SQLiteStore(opening: path)
        try SQLiteStore.create(path: scratch.file("new.db"), identity: [1], at: UnixTime(seconds: 1))
        func columns(_ path: String) throws -> [String] {
            let connection = try SQLiteConnection(path: path, mode: .readOnly)
            var select = try connection.prepare(
                """
                SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || c.pk
                FROM sqlite_schema AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' ORDER BY 1
                """
            )
            var columns: [String] = []
            while try select.step() { columns.append(try select.text(at: 0)) }
            return columns
        }
        #expect(try columns(path) == (try columns(scratch.file("new.db"))))
        #expect(try columns(path).contains("inventory.listed INTEGER 1 0"))
        #expect(try columns(path).contains("revocations.changed INTEGER 1 0"))
    }

    @Test("that two programs open at once is brought over once")
    func together() async throws {
        try makeFirst()
        let path = path
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { _ = try SQLiteStore(opening: path) } }
            try await group.waitForAll()
        }
        #expect(try SQLiteStore(opening: path).identity() == [1, 2])
    }
}
