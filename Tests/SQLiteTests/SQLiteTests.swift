import POSIX
import SQLite
import Support
import Testing

@Suite("A connection")
struct ConnectionTests {
    @Test("makes a file only when it is told to")
    func modes() throws {
        let scratch = try ScratchDirectory()
        for mode in [SQLiteConnection.Mode.readWrite, .readOnly] {
            let error = #expect(throws: SQLiteError.self) { try open(scratch.file("none.db"), mode) }
            #expect(error?.code == .cannotOpen)
        }
        try open(scratch.file("made.db"), .create)
        try open(scratch.file("made.db"), .readWrite)
    }

    @Test("that only reads refuses to write")
    func readOnly() throws {
        let scratch = try ScratchDirectory()
        let path = scratch.file("a.db")
        try SQLiteConnection(path: path, mode: .create).execute("CREATE TABLE t (x)")
        let connection = try SQLiteConnection(path: path, mode: .readOnly)
        let error = failure { () throws(SQLiteError) in try connection.execute("INSERT INTO t VALUES (1)") }
        #expect(error?.code == .readOnly)
    }

    @Test("does not take a path for a URI")
    func noURI() throws {
        let scratch = try ScratchDirectory()
        let error = #expect(throws: SQLiteError.self) {
            try open("file:\(scratch.file("a.db"))?mode=memory", .create)
        }
        #expect(error?.code == .cannotOpen, "there is no directory 'file:'")
    }

    @Test("says what a file is that is no database, at the first statement")
    func notADatabase() throws {
        let scratch = try ScratchDirectory()
        let path = scratch.file("text.db")
        try scratch.write("this is a text file, long enough to have a header that is not SQLite's", to: "text.db")
        let connection = try SQLiteConnection(path: path, mode: .readWrite)
        let error = failure { () throws(SQLiteError) in _ = try connection.integer("PRAGMA user_version") }
        #expect(error?.code == .notADatabase)
    }

    @Test("does not run the functions of a hostile schema")
    func trustedSchema() throws {
        let scratch = try ScratchDirectory()
        let connection = try SQLiteConnection(path: scratch.file("a.db"), mode: .create)
        #expect(try connection.integer("PRAGMA trusted_schema") == 0)
        try connection.execute(
            "CREATE TABLE t (x); CREATE VIEW v AS SELECT load_extension('evil') FROM t; INSERT INTO t VALUES (1)"
        )
        let error = failure { () throws(SQLiteError) in _ = try connection.text("SELECT * FROM v") }
        #expect(error?.message.contains("unsafe use of load_extension") == true)
    }

    @Test("waits for another's lock as long as it was told, then says that it is busy")
    func busy() throws {
        let scratch = try ScratchDirectory()
        let path = scratch.file("a.db")
        let one = try SQLiteConnection(path: path, mode: .create)
        let other = try SQLiteConnection(path: path, mode: .readWrite)
        other.setBusyTimeout(milliseconds: 1)
        try one.execute("CREATE TABLE t (x); BEGIN IMMEDIATE")
        let error = failure { () throws(SQLiteError) in try other.execute("BEGIN IMMEDIATE") }
        #expect(error?.code == .busy)
        try one.execute("COMMIT")
        try other.execute("BEGIN IMMEDIATE")
        let (isOthers, isOnes) = (other.isInTransaction, one.isInTransaction)
        #expect(isOthers)
        #expect(!isOnes)
    }

    @Test("names the statement and SQLite's reason in an error, and nothing that was bound")
    func errors() throws {
        let scratch = try ScratchDirectory()
        let connection = try SQLiteConnection(path: scratch.file("a.db"), mode: .create)
        try connection.execute("CREATE TABLE t (x TEXT PRIMARY KEY)")
        var insert = try connection.prepare("INSERT INTO t VALUES (?1)")
        try insert.bind("marker-value", at: 1)
        try insert.run()
        try insert.bind("marker-value", at: 1)
        var seen: SQLiteError?
        do throws(SQLiteError) { try insert.run() } catch { seen = error }
        #expect(seen?.code == .constraint)
        #expect(seen?.extendedCode == 1_555, "SQLITE_CONSTRAINT_PRIMARYKEY")
        #expect(seen?.sql == "INSERT INTO t VALUES (?1)")
        #expect(seen?.description.contains("UNIQUE constraint failed: t.x") == true)
        #expect(seen?.description.contains("marker-value") == false)
        try insert.bind("another", at: 1)
        try insert.run()
        #expect(try connection.integer("SELECT count(*) FROM t") == 2, "the statement can be used again")
    }

    @Test(
        "refuses a text that is not exactly one statement",
        arguments: ["", "   ", "-- nothing", "SELECT 1; SELECT 2", "SELECT 1;\n", "SELECT 1; "]
    )
    func oneStatement(_ sql: String) throws {
        let scratch = try ScratchDirectory()
        let connection = try SQLiteConnection(path: scratch.file("a.db"), mode: .create)
        let error = failure { () throws(SQLiteError) in _ = try connection.prepare(sql) }
        #expect(error?.code == .misuse)
    }

    /// The bytes that the calling thread has asked the system for, as the system counts them (proc_pid_io(5)).
    private func bytesRead() throws -> Int {
        let line = try #require(try Files.readText("/proc/thread-self/io").split(separator: "\n").first)
        return try #require(line.split(separator: " ").last.flatMap { Int($0) })
    }

    @Test("reads its file ahead, as far as the limit, and is of use afterwards")
    func readAhead() throws {
        let scratch = try ScratchDirectory()
        let connection = try SQLiteConnection(path: scratch.file("a.db"), mode: .create)
        _ = try connection.keepWriteAheadLog(milliseconds: 100)
        try connection.execute("CREATE TABLE t (bytes BLOB); INSERT INTO t VALUES (zeroblob(3000000))")
        _ = try connection.checkpoint()
        var before = try bytesRead()
        connection.readAhead(atMost: 1 << 30)
        #expect(try bytesRead() - before > 3_000_000)
        before = try bytesRead()
        connection.readAhead(atMost: 1 << 20)
        #expect((1 << 20..<3_000_000).contains(try bytesRead() - before))
        try connection.execute("INSERT INTO t VALUES (1)")
    }

    @Test("may go before its statements")
    func lifetimes() throws {
        let scratch = try ScratchDirectory()
        var statement = try SQLiteConnection(path: scratch.file("a.db"), mode: .create).prepare("SELECT 7")
        let isRow = try statement.step()
        #expect(isRow)
        #expect(try statement.integer(at: 0) == 7)
    }
}

@Suite("A statement")
struct StatementTests {
    @Test("gives back what was bound, whatever its value")
    func values() throws {
        let scratch = try ScratchDirectory()
        let connection = try SQLiteConnection(path: scratch.file("a.db"), mode: .create)
        try connection.execute("CREATE TABLE t (i INTEGER, s TEXT, b BLOB, n INTEGER, m TEXT) STRICT")
        var insert = try connection.prepare("INSERT INTO t VALUES (?1, ?2, ?3, ?4, ?5)")
        let rows: [(Int64, String, [UInt8])] = [
            (0, "", []), (.min, "a\0b", [0]), (.max, "é€🔑", Array(0...255)),
            (-1, String(repeating: "x", count: 70_000), .init(repeating: 7, count: 70_000)),
        ]
        for row in rows {
            try insert.bind(row.0, at: 1)
            try insert.bind(row.1, at: 2)
            try insert.bind(row.2, at: 3)
            try insert.bind(Int64?.none, at: 4)
            try insert.bind(String?.none, at: 5)
            try insert.run()
            #expect(connection.changes == 1)
        }
        var select = try connection.prepare("SELECT i, s, b, n, m FROM t ORDER BY rowid")
        for row in rows {
            let isRow = try select.step()
            #expect(isRow)
            #expect(try select.integer(at: 0) == row.0)
            #expect(try select.text(at: 1) == row.1)
            #expect(try select.bytes(at: 2) == row.2)
            let nulls = (0..<5).map { select.isNull(at: Int32($0)) }
            #expect(nulls == [false, false, false, true, true], "no bytes are not NULL")
        }
        let isMore = try select.step()
        #expect(!isMore)
    }

    @Test("forgets what was bound when it is reset")
    func reset() throws {
        let scratch = try ScratchDirectory()
        let connection = try SQLiteConnection(path: scratch.file("a.db"), mode: .create)
        var select = try connection.prepare("SELECT ?1")
        try select.bind("one", at: 1)
        try select.run()
        _ = try select.step()
        let isNull = select.isNull(at: 0)
        #expect(isNull)
    }

    @Test("converts nothing: a column of another type is an error", arguments: ["'7'", "7", "7.5", "x'07'", "NULL"])
    func types(_ value: String) throws {
        let scratch = try ScratchDirectory()
        let connection = try SQLiteConnection(path: scratch.file("a.db"), mode: .create)
        var select = try connection.prepare("SELECT \(value)")
        _ = try select.step()
        var wrong = 0
        do throws(SQLiteError) { _ = try select.integer(at: 0) } catch { wrong += error.code == .mismatch ? 1 : 0 }
        do throws(SQLiteError) { _ = try select.text(at: 0) } catch { wrong += error.code == .mismatch ? 1 : 0 }
        do throws(SQLiteError) { _ = try select.bytes(at: 0) } catch { wrong += error.code == .mismatch ? 1 : 0 }
        #expect(wrong == (value == "NULL" || value == "7.5" ? 3 : 2))
    }

    @Test("refuses text that is no UTF-8, and a place that it does not have")
    func badText() throws {
        let scratch = try ScratchDirectory()
        let connection = try SQLiteConnection(path: scratch.file("a.db"), mode: .create)
        let error = failure { () throws(SQLiteError) in _ = try connection.text("SELECT CAST(x'ff' AS TEXT)") }
        #expect(error?.code == .mismatch)
        var select = try connection.prepare("SELECT ?1")
        var seen: SQLiteError?
        do throws(SQLiteError) { try select.bind("x", at: 2) } catch { seen = error }
        #expect(seen?.extendedCode == 25, "SQLITE_RANGE")
    }
}

@discardableResult
private func open(_ path: String, _ mode: SQLiteConnection.Mode) throws(SQLiteError) -> Bool {
    let connection = try SQLiteConnection(path: path, mode: mode)
    return connection.isInTransaction
}

/// The error that some calls end with; `#expect(throws:)` cannot look into a closure that borrows a connection.
private func failure(_ calls: () throws(SQLiteError) -> Void) -> SQLiteError? {
    do throws(SQLiteError) {
        try calls()
        return nil
    } catch {
        return error
    }
}
