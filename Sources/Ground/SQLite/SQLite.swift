internal import CSQLite

/// SQLite owns connections to one database file and the prepared statements on it.
///
/// It never makes a file or a table that its caller did not ask for, never puts a bound value into an error, and never
/// decides what is retried: a busy or full database is an error with its code. No word of the domain is known here.
///
/// The file format and the promises about durability are SQLite's own (sqlite.org/atomiccommit.html, wal.html).
package struct SQLiteError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A result code without its extension (sqlite.org/rescode.html).
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: Int32

        /// Takes the primary code out of a plain or extended one.
        package init(rawValue: Int32) { self.rawValue = rawValue & 0xFF }

        package static let busy = Code(rawValue: SQLITE_BUSY)
        package static let readOnly = Code(rawValue: SQLITE_READONLY)
        package static let inputOutput = Code(rawValue: SQLITE_IOERR)
        package static let corrupt = Code(rawValue: SQLITE_CORRUPT)
        package static let full = Code(rawValue: SQLITE_FULL)
        package static let cannotOpen = Code(rawValue: SQLITE_CANTOPEN)
        package static let constraint = Code(rawValue: SQLITE_CONSTRAINT)
        package static let mismatch = Code(rawValue: SQLITE_MISMATCH)
        package static let notADatabase = Code(rawValue: SQLITE_NOTADB)
        package static let misuse = Code(rawValue: SQLITE_MISUSE)
    }

    package let code: Code
    /// The extended result code, which says which kind of I/O error or constraint it was.
    package let extendedCode: Int32
    /// SQLite's own words.
    package let message: String
    /// The statement, with its placeholders and without what was bound to them; nil where none was involved.
    package let sql: String?

    /// Makes an error of a plain or extended result code.
    package init(_ resultCode: Int32, message: String, sql: String? = nil) {
        code = Code(rawValue: resultCode)
        extendedCode = resultCode
        self.message = message
        self.sql = sql
    }

    /// Whether a trigger in the database has refused the statement, with its words as the message.
    package var isRefusedByTrigger: Bool {
        // SQLITE_CONSTRAINT_TRIGGER, a macro that Swift does not import.
        extendedCode == SQLITE_CONSTRAINT | 7 << 8
    }

    package var description: String {
        let statement = sql.map { " in '\($0)'" } ?? ""
        return "SQLite: \(message) (code \(extendedCode))\(statement)"
    }

    /// Reads the connection's last error before another call replaces it.
    static func last(of connection: OpaquePointer?, returned resultCode: Int32, sql: String? = nil) -> SQLiteError {
        guard let connection = unsafe connection else {
            return unsafe SQLiteError(resultCode, message: String(cString: sqlite3_errstr(resultCode)), sql: sql)
        }
        let extended = unsafe sqlite3_extended_errcode(connection)
        // An API misuse leaves no trace on the connection: its last code then belongs to an earlier call.
        guard Code(rawValue: extended) == Code(rawValue: resultCode) else {
            return unsafe SQLiteError(resultCode, message: String(cString: sqlite3_errstr(resultCode)), sql: sql)
        }
        return unsafe SQLiteError(extended, message: String(cString: sqlite3_errmsg(connection)), sql: sql)
    }
}
