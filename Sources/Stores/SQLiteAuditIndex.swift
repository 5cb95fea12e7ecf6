package import Auditing
package import Ledger
internal import Locks
internal import POSIX
internal import SQLite

/// An index of a ledger in a SQLite file of its own, beside the store.
///
/// All that is in it is made again where it is lost, so that nothing is flushed for its sake, it is made where it is missing,
/// and thrown away where another version has written it. It never shares a lock with the store, so that indexing holds up no
/// token.
package final class SQLiteAuditIndex: IndexStorage {
    private static let version: Int64 = 1
    /// What is read ahead: the index of some thirty million entries.
    private static let heldBytes: Int64 = 1 << 30
    private static let tables = """
        CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, last BLOB NOT NULL) STRICT;
        CREATE TABLE rows (key INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
        CREATE TABLE days (
            day INTEGER NOT NULL, kind TEXT NOT NULL, outcome TEXT NOT NULL, project TEXT NOT NULL, job TEXT NOT NULL,
            purpose TEXT NOT NULL, entries INTEGER NOT NULL,
            PRIMARY KEY (day, kind, outcome, project, job, purpose)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE hours (
            hour INTEGER NOT NULL, kind TEXT NOT NULL, entries INTEGER NOT NULL, PRIMARY KEY (hour, kind)
        ) STRICT, WITHOUT ROWID;
        PRAGMA user_version = \(version);
        """

    private let writer: Lock<SQLiteConnection>
    private let reader: Lock<IndexReader>

    /// Opens the index of a store, or makes one.
    ///
    /// - Throws: `StoreError` where the file can be neither read nor made.
    package init(besideStore store: String) throws(StoreError) {
        let path = Self.path(besideStore: store)
        do throws(SQLiteError) {
            let connection = try Self.open(path)
            writer = Lock(connection)
            reader = Lock(try IndexReader(try Self.connect(path)))
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Opens the index of a store as it is, for who looks whether it is right; nil where there is none.
    ///
    /// One that another version has written is none: it is made again by the next start.
    ///
    /// - Throws: `StoreError` where the file cannot be read.
    package init?(existingBesideStore store: String) throws(StoreError) {
        let path = Self.path(besideStore: store)
        do throws(SQLiteError) {
            guard (try? Files.status(path)) != nil else { return nil }
            let connection = try Self.connect(path)
            guard try connection.integer("PRAGMA user_version") == Self.version else { return nil }
            writer = Lock(connection)
            reader = Lock(try IndexReader(try Self.connect(path)))
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private static func path(besideStore store: String) -> String { "\(store).index" }

    /// Opens the file; one that cannot be read, or is another version's, is replaced.
    private static func open(_ path: String) throws(SQLiteError) -> SQLiteConnection {
        if (try? Files.status(path)) == nil { try? Files.writeNew(path, [], mode: 0o600) }
        do throws(SQLiteError) {
            let connection = try connect(path)
            let found = try connection.integer("PRAGMA user_version")
            if found == version { return connection }
            if found == 0 {
                try connection.execute("BEGIN IMMEDIATE; \(tables) COMMIT")
                return connection
            }
        } catch {
            guard error.code == .notADatabase || error.code == .corrupt else { throw error }
        }
        for suffix in ["", "-wal", "-shm"] { try? Files.remove(path + suffix) }
        try? Files.writeNew(path, [], mode: 0o600)
        let connection = try connect(path)
        try connection.execute("BEGIN IMMEDIATE; \(tables) COMMIT")
        return connection
    }

    private static func connect(_ path: String) throws(SQLiteError) -> SQLiteConnection {
        let connection = try SQLiteConnection(path: path, mode: .readWrite)
        connection.setBusyTimeout(milliseconds: 5_000)
        _ = try connection.keepWriteAheadLog(milliseconds: 5_000)
        try connection.execute("PRAGMA synchronous = NORMAL; PRAGMA cell_size_check = ON")
        return connection
    }

    /// As `IndexStorage` promises.
    package func state() throws(LedgerError) -> IndexState {
        try reader.withLock { reader throws(LedgerError) in
            try reporting { () throws(SQLiteError) in try reader.readState() }
        }
    }

    /// As `IndexStorage` promises.
    package func row(_ key: Int64) throws(LedgerError) -> IndexRow? { try rows(in: key..<key + 1).first }

    /// As `IndexStorage` promises.
    package func rows(in keys: Range<Int64>) throws(LedgerError) -> [IndexRow] {
        try reader.withLock { reader throws(LedgerError) in
            try reporting { () throws(SQLiteError) in try reader.readRows(keys) }
        }
    }

    /// As `IndexStorage` promises.
    package func tallies(days: Range<Int64>) throws(LedgerError) -> Tallies {
        try reader.withLock { reader throws(LedgerError) in
            try reporting { () throws(SQLiteError) in try reader.readTallies(days) }
        }
    }

    /// As `IndexStorage` promises; of what is larger than the limit the system decides.
    package func readAhead() { writer.withLock { $0.readAhead(atMost: Self.heldBytes) } }

    /// As `IndexStorage` promises.
    package func clear() throws(LedgerError) {
        try writer.withLock { connection throws(LedgerError) in
            try reporting { () throws(SQLiteError) in
                try connection.execute(
                    "BEGIN IMMEDIATE; DELETE FROM rows; DELETE FROM days; DELETE FROM hours; DELETE FROM state; COMMIT"
                )
            }
        }
    }

    /// As `IndexStorage` promises.
    package func apply(_ change: IndexChange) throws(LedgerError) -> Bool {
        try writer.withLock { connection throws(LedgerError) in
            try reporting { () throws(SQLiteError) in
                try connection.execute("BEGIN IMMEDIATE")
                do throws(SQLiteError) {
                    let isNext = try IndexReader.state(connection) == change.before
                    if isNext { try Self.write(change, to: connection) }
                    try connection.execute(isNext ? "COMMIT" : "ROLLBACK")
                    return isNext
                } catch {
                    if connection.isInTransaction { try? connection.execute("ROLLBACK") }
                    throw error
                }
            }
        }
    }

    private static func write(_ change: IndexChange, to connection: borrowing SQLiteConnection) throws(SQLiteError) {
        var delete = try connection.prepare("DELETE FROM rows WHERE key >= ?1 AND key < ?2")
        for range in change.outdated {
            try delete.bind(range.lowerBound, at: 1)
            try delete.bind(range.upperBound, at: 2)
            try delete.run()
        }
        var insert = try connection.prepare("INSERT OR REPLACE INTO rows (key, bytes) VALUES (?1, ?2)")
        for row in change.rows {
            try insert.bind(row.key, at: 1)
            try insert.bind(row.bytes, at: 2)
            try insert.run()
        }
        try write(change.tallies, to: connection)
        var state = try connection.prepare(
            """
            INSERT INTO state (id, size, last) VALUES (1, ?1, ?2)
            ON CONFLICT (id) DO UPDATE SET size = excluded.size, last = excluded.last
            """
        )
        try state.bind(Int64(bitPattern: change.after.size), at: 1)
        try state.bind(change.after.last, at: 2)
        try state.run()
    }

    private static func write(_ tallies: Tallies, to connection: borrowing SQLiteConnection) throws(SQLiteError) {
        var days = try connection.prepare(
            """
            INSERT INTO days (day, kind, outcome, project, job, purpose, entries) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT DO UPDATE SET entries = entries + excluded.entries
            """
        )
        for (tally, count) in tallies.days {
            try days.bind(tally.day, at: 1)
            let texts = [tally.kind, tally.outcome, tally.project, tally.job, tally.purpose]
            for (place, text) in texts.enumerated() { try days.bind(text, at: Int32(place + 2)) }
            try days.bind(count, at: 7)
            try days.run()
        }
        var hours = try connection.prepare(
            """
            INSERT INTO hours (hour, kind, entries) VALUES (?1, ?2, ?3)
            ON CONFLICT DO UPDATE SET entries = entries + excluded.entries
            """
        )
        for (tally, count) in tallies.hours {
            try hours.bind(tally.hour, at: 1)
            try hours.bind(tally.kind, at: 2)
            try hours.bind(count, at: 3)
            try hours.run()
        }
    }
}

/// The connection that reads an index, with its statements.
private struct IndexReader: ~Copyable {
    private let connection: SQLiteConnection
    private var selectRows: SQLiteStatement

    init(_ connection: consuming SQLiteConnection) throws(SQLiteError) {
        selectRows = try connection.prepare("SELECT key, bytes FROM rows WHERE key >= ?1 AND key < ?2 ORDER BY key")
        self.connection = connection
    }

    static func state(_ connection: borrowing SQLiteConnection) throws(SQLiteError) -> IndexState {
        var select = try connection.prepare("SELECT size, last FROM state WHERE id = 1")
        guard try select.step() else { return .empty }
        return IndexState(size: UInt64(bitPattern: try select.integer(at: 0)), last: try select.bytes(at: 1))
    }

    func readState() throws(SQLiteError) -> IndexState { try Self.state(connection) }

    mutating func readRows(_ keys: Range<Int64>) throws(SQLiteError) -> [IndexRow] {
        defer { selectRows.reset() }
        try selectRows.bind(keys.lowerBound, at: 1)
        try selectRows.bind(keys.upperBound, at: 2)
        var rows: [IndexRow] = []
        while try selectRows.step() {
            rows.append(IndexRow(key: try selectRows.integer(at: 0), bytes: try selectRows.bytes(at: 1)))
        }
        return rows
    }

    func readTallies(_ range: Range<Int64>) throws(SQLiteError) -> Tallies {
        var rows = try connection.prepare("SELECT count(*) FROM days WHERE day >= ?1 AND day < ?2")
        try rows.bind(range.lowerBound, at: 1)
        try rows.bind(range.upperBound, at: 2)
        var tallies = Tallies(days: try rows.step() ? Int(clamping: try rows.integer(at: 0)) : 0)
        var days = try connection.prepare(
            "SELECT day, kind, outcome, project, job, purpose, entries FROM days WHERE day >= ?1 AND day < ?2"
        )
        try days.bind(range.lowerBound, at: 1)
        try days.bind(range.upperBound, at: 2)
        while try days.step() {
            let tally = Tally(
                day: try days.integer(at: 0),
                kind: try days.text(at: 1),
                outcome: try days.text(at: 2),
                project: try days.text(at: 3),
                job: try days.text(at: 4),
                purpose: try days.text(at: 5)
            )
            tallies.add(tally, try days.integer(at: 6))
        }
        var hours = try connection.prepare("SELECT hour, kind, entries FROM hours WHERE hour >= ?1 AND hour < ?2")
        try hours.bind(range.lowerBound &* 24, at: 1)
        try hours.bind(range.upperBound &* 24, at: 2)
        while try hours.step() {
            let tally = HourTally(hour: try hours.integer(at: 0), kind: try hours.text(at: 1))
            tallies.add(tally, try hours.integer(at: 2))
        }
        return tallies
    }
}
