internal import CSQLite

/// A compiled statement: values are bound to it by place, it is stepped, its columns are read, and it is reset.
///
/// Every value that comes out is a copy, and has exactly the type that was asked for: SQLite's silent conversions would
/// turn a damaged row into a plausible one.
@safe
package struct SQLiteStatement: ~Copyable, @unchecked Sendable {  // As its connection: serialized by SQLite.
    private let pointer: OpaquePointer  // sqlite3_stmt *

    init(compiling sql: String, on connection: OpaquePointer) throws(SQLiteError) {
        var compiled: OpaquePointer?
        var hasMore = false
        let code = unsafe sql.withCString { text in
            var rest: UnsafePointer<CChar>?
            let code = unsafe sqlite3_prepare_v3(
                connection,
                text,
                -1,
                UInt32(SQLITE_PREPARE_PERSISTENT),
                &compiled,
                &rest
            )
            hasMore = unsafe rest.map { unsafe $0.pointee != 0 } ?? false
            return code
        }
        guard code == SQLITE_OK else { throw unsafe SQLiteError.last(of: connection, returned: code, sql: sql) }
        guard let statement = unsafe compiled, !hasMore else {
            unsafe sqlite3_finalize(compiled)
            throw SQLiteError(SQLITE_MISUSE, message: "the text must hold one statement and nothing after it", sql: sql)
        }
        unsafe pointer = statement
    }

    deinit { unsafe sqlite3_finalize(pointer) }

    // MARK: Binding, by place from 1

    /// Binds an integer.
    package mutating func bind(_ value: Int64, at place: Int32) throws(SQLiteError) {
        try check(unsafe sqlite3_bind_int64(pointer, place, value))
    }

    /// Binds a copy of a text.
    package mutating func bind(_ value: String, at place: Int32) throws(SQLiteError) {
        let length = UInt64(value.utf8.count)
        try check(unsafe sqlite3_bind_text64(pointer, place, value, length, csqlite_transient(), UInt8(SQLITE_UTF8)))
    }

    /// Binds a copy of some bytes.
    package mutating func bind(_ value: [UInt8], at place: Int32) throws(SQLiteError) {
        // An empty array may have no address, and without one SQLite would bind NULL.
        guard !value.isEmpty else { return try check(unsafe sqlite3_bind_zeroblob(pointer, place, 0)) }
        try check(unsafe sqlite3_bind_blob64(pointer, place, value, UInt64(value.count), csqlite_transient()))
    }

    /// Binds NULL.
    package mutating func bindNull(at place: Int32) throws(SQLiteError) {
        try check(unsafe sqlite3_bind_null(pointer, place))
    }

    /// Binds a text, or NULL for nil.
    package mutating func bind(_ value: String?, at place: Int32) throws(SQLiteError) {
        guard let value else { return try bindNull(at: place) }
        try bind(value, at: place)
    }

    /// Binds an integer, or NULL for nil.
    package mutating func bind(_ value: Int64?, at place: Int32) throws(SQLiteError) {
        guard let value else { return try bindNull(at: place) }
        try bind(value, at: place)
    }

    // MARK: Stepping

    /// Goes on to the next row, and says whether there is one.
    ///
    /// - Throws: `SQLiteError`; the statement is then reset and can be used again.
    package mutating func step() throws(SQLiteError) -> Bool {
        let code = unsafe sqlite3_step(pointer)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            let failure = unsafe SQLiteError.last(of: sqlite3_db_handle(pointer), returned: code, sql: sql)
            reset()
            throw failure
        }
    }

    /// Runs a statement that gives no rows, and makes it ready for the next use.
    ///
    /// - Throws: `SQLiteError`, with the statement reset.
    package mutating func run() throws(SQLiteError) {
        defer { reset() }
        while try step() {}
    }

    /// Makes the statement ready to be stepped again, and forgets what was bound.
    ///
    /// A statement that gave a row holds its read transaction open until then.
    package mutating func reset() {
        // The code that reset returns is that of the last step, which has already been thrown.
        unsafe sqlite3_reset(pointer)
        unsafe sqlite3_clear_bindings(pointer)
    }

    // MARK: Columns of the current row, by place from 0

    /// Whether the column holds NULL.
    package func isNull(at place: Int32) -> Bool { unsafe sqlite3_column_type(pointer, place) == SQLITE_NULL }

    /// The integer in a column.
    ///
    /// - Throws: `SQLiteError` with `mismatch` where it holds anything else.
    package func integer(at place: Int32) throws(SQLiteError) -> Int64 {
        try expect(SQLITE_INTEGER, at: place)
        return unsafe sqlite3_column_int64(pointer, place)
    }

    /// A copy of the text in a column.
    ///
    /// - Throws: `SQLiteError` with `mismatch` where it holds anything else, or bytes that are no UTF-8.
    package func text(at place: Int32) throws(SQLiteError) -> String {
        try expect(SQLITE_TEXT, at: place)
        let characters = unsafe UnsafeBufferPointer(
            start: sqlite3_column_text(pointer, place),
            count: Int(sqlite3_column_bytes(pointer, place))
        )
        guard let text = unsafe String(validating: characters, as: UTF8.self) else {
            throw SQLiteError(SQLITE_MISMATCH, message: "column \(place) holds bytes that are no UTF-8", sql: sql)
        }
        return text
    }

    /// A copy of the bytes in a column.
    ///
    /// - Throws: `SQLiteError` with `mismatch` where it holds anything else.
    package func bytes(at place: Int32) throws(SQLiteError) -> [UInt8] {
        try expect(SQLITE_BLOB, at: place)
        // The pointer first: asking for the length could otherwise convert the value (sqlite.org/c3ref/column_blob.html).
        let start = unsafe sqlite3_column_blob(pointer, place)
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(pointer, place))))
    }

    private var sql: String { unsafe sqlite3_sql(pointer).map { unsafe String(cString: $0) } ?? "" }

    private func check(_ code: Int32) throws(SQLiteError) {
        guard code == SQLITE_OK else {
            throw unsafe SQLiteError.last(of: sqlite3_db_handle(pointer), returned: code, sql: sql)
        }
    }

    private func expect(_ type: Int32, at place: Int32) throws(SQLiteError) {
        let seen = unsafe sqlite3_column_type(pointer, place)
        guard seen == type else {
            let message = "column \(place) holds \(Self.name(of: seen)), not \(Self.name(of: type))"
            throw SQLiteError(SQLITE_MISMATCH, message: message, sql: sql)
        }
    }

    private static func name(of type: Int32) -> String {
        switch type {
        case SQLITE_INTEGER: "an integer"
        case SQLITE_FLOAT: "a floating-point number"
        case SQLITE_TEXT: "text"
        case SQLITE_BLOB: "bytes"
        default: "NULL"
        }
    }
}
