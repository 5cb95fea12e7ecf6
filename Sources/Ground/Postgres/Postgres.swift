/// Postgres owns connections to a server that speaks PostgreSQL's protocol: statements with their values apart, and a pool
/// that notices when the server is gone and connects again by itself.
///
/// It never builds a statement out of text that is not in the source (`StaticString`), never puts a bound value or a password
/// into an error, and waits for nothing longer than it was told: a server that does not answer is an error with its code.
/// No word of the domain is known here.
///
/// The protocol, and TLS by `sslmode`, are libpq's (postgresql.org/docs/current/libpq.html); pipelines are its section 34.5.
package struct PostgresError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What went wrong.
    package enum Code: Equatable, Sendable {
        /// The connection string is none, or holds what it must not.
        case address
        /// The server cannot be reached, or has closed the connection.
        case connection
        /// The server did not answer in the time given.
        case timeout
        /// The server refused a statement, with a SQLSTATE of five characters (PostgreSQL's appendix A).
        case server(String)
        /// A column does not hold what was asked for.
        case mismatch
    }

    package let code: Code
    /// The server's or libpq's own words.
    package let message: String
    /// The statement, with its placeholders and without what was bound to them; nil where none was involved.
    package let sql: String?

    /// Makes an error.
    package init(_ code: Code, _ message: String, sql: String? = nil) {
        self.code = code
        self.message = message
        self.sql = sql
    }

    package var description: String {
        let state = if case .server(let state) = code { " (SQLSTATE \(state))" } else { "" }
        let statement = sql.map { " in '\($0)'" } ?? ""
        return "PostgreSQL: \(message)\(state)\(statement)"
    }

    /// Whether the same transaction may succeed when it is made again: others were in its way.
    package var isRetryable: Bool { isState("40001", "40P01") }

    /// Whether a constraint forbids a row, such as a second one with the same key.
    package var isConstraint: Bool { if case .server(let state) = code { state.hasPrefix("23") } else { false } }

    /// Whether the server has no space for more.
    package var isFull: Bool { isState("53100") }

    /// Whether this connection is of no more use, though another may be: the server goes, or has become one that only reads.
    package var endsConnection: Bool {
        switch code {
        case .connection, .timeout: true
        // 25006: it only reads now. 25P03, 25P04: it hung up on a transaction that stood idle, or took too long.
        case .server(let state):
            state.hasPrefix("08") || state.hasPrefix("57P") || ["25006", "25P03", "25P04"].contains(state)
        case .address, .mismatch: false
        }
    }

    /// Whether the server's words have one of these codes.
    package func isState(_ states: String...) -> Bool {
        if case .server(let state) = code { states.contains(state) } else { false }
    }

    static func lost(_ words: String) -> PostgresError {
        let line = words.split { $0.isWhitespace }.joined(separator: " ")
        return PostgresError(.connection, line.isEmpty ? "the server has closed the connection" : line)
    }
}
