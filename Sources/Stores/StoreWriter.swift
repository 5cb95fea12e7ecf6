internal import SQLite

/// The connection that writes, with the statements of the ledger's commits.
struct StoreWriter: ~Copyable {
    let connection: SQLiteConnection
    private var begin: SQLiteStatement
    private var commit: SQLiteStatement
    private var selectEpoch: SQLiteStatement
    var ledger: LedgerStatements

    init(path: String) throws(SQLiteError) {
        let connection = try SQLiteConnection.open(store: path)
        let selectEpoch = try connection.prepare("SELECT ifnull(max(changed), 0) FROM revocations")
        let begin = try connection.prepare("BEGIN IMMEDIATE")
        let commit = try connection.prepare("COMMIT")
        ledger = try LedgerStatements(connection)
        self.selectEpoch = selectEpoch
        self.begin = begin
        self.commit = commit
        self.connection = connection
    }

    /// How often revocations were changed, as it is committed now.
    mutating func revocationEpoch() throws(SQLiteError) -> Int64 {
        defer { selectEpoch.reset() }
        return try selectEpoch.step() ? try selectEpoch.integer(at: 0) : 0
    }

    /// Runs writes that take effect together or not at all, and are durable when this returns.
    ///
    /// `BEGIN IMMEDIATE` takes the one write lock first, so that nothing read inside can be outdated by another process.
    mutating func atomically<Answer, Failure: Error>(
        _ failed: (SQLiteError) -> Failure,
        _ writes: (inout StoreWriter) throws(Failure) -> Answer
    ) throws(Failure) -> Answer {
        do throws(SQLiteError) { try begin.run() } catch { throw failed(error) }
        do throws(Failure) {
            let answer = try writes(&self)
            do throws(SQLiteError) { try commit.run() } catch { throw failed(error) }
            return answer
        } catch {
            // Some failures, such as a full disk, have rolled back already.
            if connection.isInTransaction { try? connection.execute("ROLLBACK") }
            throw error
        }
    }
}

/// The connection that reads, each call one committed state.
struct StoreReader: ~Copyable {
    let connection: SQLiteConnection
    var ledger: LedgerStatements

    init(path: String) throws(SQLiteError) {
        let connection = try SQLiteConnection.open(store: path)
        try connection.execute("PRAGMA query_only = ON")
        ledger = try LedgerStatements(connection)
        self.connection = connection
    }
}
