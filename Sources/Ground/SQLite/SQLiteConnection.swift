internal import CSQLite

/// A connection to one database file.
///
/// It is opened in SQLite's serialized mode, so that no two threads are ever inside it at once. What belongs together, such as a
/// transaction or a row and its columns, is for the owner to keep together: in one `Lock` or actor.
@safe
package struct SQLiteConnection: ~Copyable, @unchecked Sendable {  // sqlite.org/threadsafe.html: serialized.
    /// How the file is opened.
    package enum Mode: Equatable, Sendable {
        /// The file must be there, and is written.
        case readWrite
        /// The file is made where it is missing; its mode is the process's umask's business.
        case create
        /// The file must be there, and is never written.
        case readOnly
    }

    private let pointer: OpaquePointer  // sqlite3 *

    /// Opens a file.
    ///
    /// A path is a path and never a URI, and functions in a hostile file's schema do not run (`trusted_schema` off, defensive
    /// mode on): a database is data, even when someone else wrote it.
    ///
    /// - Throws: `SQLiteError`; `cannotOpen` where the file or its directory is not there or not ours to open. What is
    ///   no database is found out at the first statement.
    package init(path: String, mode: Mode) throws(SQLiteError) {
        let access =
            switch mode {
            case .readWrite: SQLITE_OPEN_READWRITE
            case .create: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .readOnly: SQLITE_OPEN_READONLY
            }
        // Debian's SQLite is built to read what begins with `file:` as a URI, whatever the flags say.
        let name = path.hasPrefix("file:") ? "./\(path)" : path
        var opened: OpaquePointer?
        var code = unsafe sqlite3_open_v2(name, &opened, access | SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        if code == SQLITE_OK { code = unsafe csqlite_db_config_int(opened, SQLITE_DBCONFIG_DEFENSIVE, 1) }
        if code == SQLITE_OK { code = unsafe csqlite_db_config_int(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0) }
        guard code == SQLITE_OK, let connection = unsafe opened else {
            let failure = unsafe SQLiteError.last(of: opened, returned: code)
            unsafe sqlite3_close_v2(opened)
            throw failure
        }
        unsafe pointer = connection
    }

    // Version 2 of close waits for statements that are still alive, so the order in which owners die does not matter.
    deinit { unsafe sqlite3_close_v2(pointer) }

    /// How long a statement waits for another process's lock before it fails with `busy`.
    package func setBusyTimeout(milliseconds: Int32) { unsafe sqlite3_busy_timeout(pointer, milliseconds) }

    /// Has the file keep a write-ahead log from now on, and says whether it does: not every file system can.
    ///
    /// Who changes a file's mode must be alone with it, and SQLite asks no busy handler where two would wait for each other, so
    /// this tries again itself, for as long as the given time.
    ///
    /// - Throws: `SQLiteError`; `busy` where others were in the way all that time.
    package func keepWriteAheadLog(milliseconds: Int32) throws(SQLiteError) -> Bool {
        var left = milliseconds
        while true {
            do throws(SQLiteError) {
                return try text("PRAGMA journal_mode = WAL") == "wal"
            } catch {
                guard error.code == .busy, left > 0 else { throw error }
            }
            left -= max(1, sqlite3_sleep(Int32.random(in: 1...10)))
        }
    }

    /// Runs one or more statements that take no values, leaving any rows unread.
    ///
    /// - Throws: `SQLiteError` of the first statement that fails; those before it have taken effect.
    package func execute(_ sql: String) throws(SQLiteError) {
        let code = unsafe sqlite3_exec(pointer, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw unsafe SQLiteError.last(of: pointer, returned: code, sql: sql) }
    }

    /// Compiles one statement, to be used many times.
    ///
    /// - Throws: `SQLiteError`; `misuse` where the text holds more than one statement, or none.
    package func prepare(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
        try unsafe SQLiteStatement(compiling: sql, on: pointer)
    }

    /// The first column of a statement's first row, such as a PRAGMA's answer.
    ///
    /// - Throws: `SQLiteError`; `mismatch` where there is no row or no integer.
    package func integer(_ sql: String) throws(SQLiteError) -> Int64 {
        var statement = try prepare(sql)
        guard try statement.step() else { throw SQLiteError(SQLITE_MISMATCH, message: "no row", sql: sql) }
        return try statement.integer(at: 0)
    }

    /// The first column of a statement's first row, as text.
    ///
    /// - Throws: `SQLiteError`; `mismatch` where there is no row or no text.
    package func text(_ sql: String) throws(SQLiteError) -> String {
        var statement = try prepare(sql)
        guard try statement.step() else { throw SQLiteError(SQLITE_MISMATCH, message: "no row", sql: sql) }
        return try statement.text(at: 0)
    }

    /// Moves the write-ahead log into the database file as far as nobody's reading or writing is in the way, and says whether
    /// all of it was moved.
    ///
    /// Neither readers nor writers wait for it (sqlite.org/c3ref/wal_checkpoint_v2.html, passive mode).
    ///
    /// - Throws: `SQLiteError`; the log then still holds what was not moved, and nothing is lost.
    package func checkpoint() throws(SQLiteError) -> Bool {
        var (logged, moved): (Int32, Int32) = (0, 0)
        let code = unsafe sqlite3_wal_checkpoint_v2(pointer, nil, SQLITE_CHECKPOINT_PASSIVE, &logged, &moved)
        guard code == SQLITE_OK else { throw unsafe SQLiteError.last(of: pointer, returned: code) }
        return logged == moved
    }

    /// Copies the whole database, as it is at one moment, into another that nobody else uses; writers go on meanwhile.
    ///
    /// When this returns, the copy is on the disk (sqlite.org/backup.html).
    ///
    /// - Throws: `SQLiteError`; the other database is then as it was.
    package func copy(to other: borrowing SQLiteConnection) throws(SQLiteError) {
        guard let backup = unsafe sqlite3_backup_init(other.pointer, "main", pointer, "main") else {
            throw unsafe SQLiteError.last(of: other.pointer, returned: sqlite3_errcode(other.pointer))
        }
        var code = unsafe sqlite3_backup_step(backup, -1)
        // Whoever moves the log into the file is in the way for a moment.
        for _ in 0..<500 where code == SQLITE_BUSY || code == SQLITE_LOCKED {
            sqlite3_sleep(10)
            code = unsafe sqlite3_backup_step(backup, -1)
        }
        let end = unsafe sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE, end == SQLITE_OK else {
            throw unsafe SQLiteError.last(of: other.pointer, returned: code == SQLITE_DONE ? end : code)
        }
    }

    /// Has the system hold the file in memory, as far as it has room: reads its first bytes once, and keeps none of them.
    ///
    /// It reads by SQLite's own descriptor: to open the file besides and close it again would take SQLite's locks off
    /// (sqlite.org/howtocorrupt.html, section 2.2).
    package func readAhead(atMost limit: Int64) {
        var found: UnsafeMutablePointer<sqlite3_file>?
        guard unsafe sqlite3_file_control(pointer, "main", SQLITE_FCNTL_FILE_POINTER, &found) == SQLITE_OK,
            let file = unsafe found, let methods = unsafe file.pointee.pMethods
        else { return }
        var size: sqlite3_int64 = 0
        guard unsafe methods.pointee.xFileSize(file, &size) == SQLITE_OK else { return }
        let chunk = 1 << 18
        unsafe withUnsafeTemporaryAllocation(byteCount: chunk, alignment: 1) { buffer in
            var place: sqlite3_int64 = 0
            while place < min(size, limit) {
                let count = Int32(min(Int64(chunk), size - place))
                guard unsafe methods.pointee.xRead(file, buffer.baseAddress, count, place) == SQLITE_OK else { return }
                place += Int64(count)
            }
        }
    }

    /// How many pages this connection has written, to the log or the file, since it was opened.
    package var pagesWritten: Int {
        var (pages, highest): (Int32, Int32) = (0, 0)
        unsafe sqlite3_db_status(pointer, SQLITE_DBSTATUS_CACHE_WRITE, &pages, &highest, 0)
        return Int(pages)
    }

    /// Whether a transaction is open: false again where an error has rolled it back by itself.
    package var isInTransaction: Bool { unsafe sqlite3_get_autocommit(pointer) == 0 }

    /// How many rows the last INSERT, UPDATE or DELETE touched.
    package var changes: Int64 { unsafe sqlite3_changes64(pointer) }
}
