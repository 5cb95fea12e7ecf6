internal import Ledger
internal import POSIX
internal import SQLite
internal import Time

/// A SQLite store that is read or filled as a whole, by a connection of its own.
final class SQLiteTransfer: StoreSource, StoreSink {
    let location: String
    let connection: SQLiteConnection

    /// Reads a store as it is at this moment, while others go on writing it.
    init(reading path: String) throws(StoreError) {
        location = path
        connection = try Self.calling(path) { () throws(SQLiteError) in
            let connection = try SQLiteConnection.open(store: path)
            // The state is that of the first read behind this (sqlite.org/isolation.html).
            try connection.execute("BEGIN; SELECT count(*) FROM ledger_head")
            return connection
        }
    }

    /// Fills a store that was just made.
    init(filling path: String) throws(StoreError) {
        location = path
        connection = try Self.calling(path) { () throws(SQLiteError) in
            let connection = try SQLiteConnection.open(store: path)
            try connection.execute("BEGIN IMMEDIATE")
            return connection
        }
    }

    /// What refuses every write to a store that has gone elsewhere.
    ///
    /// Brokers that still run on it find out with their next entry, release nothing, and need no telling.
    private static let seals = ["ledger_entries", "ledger_head", "runs", "secrets", "inventory", "revocations"].map {
        table in
        ["INSERT", "UPDATE", "DELETE"].map { change in
            """
            CREATE TRIGGER IF NOT EXISTS moved_\(table)_\(change) BEFORE \(change) ON \(table) BEGIN
                SELECT RAISE(ABORT, '\(StoreError.moved)');
            END;
            """
        }.joined()
    }.joined()

    /// Holds up every other writer from now on; what is read from now on is the last that there will be.
    func holdWriters() throws(StoreError) {
        try call { () throws(SQLiteError) in try connection.execute("COMMIT; BEGIN IMMEDIATE") }
    }

    /// Lets nobody write to the store again, and keeps where it went: one that went to two places would be two ledgers.
    func seal(goingTo target: String) throws(StoreError) {
        try call { () throws(SQLiteError) in
            try connection.execute(Self.seals)
            try connection.execute(
                "CREATE TABLE IF NOT EXISTS moved_to (id INTEGER PRIMARY KEY CHECK (id = 1), target TEXT NOT NULL) STRICT"
            )
            var insert = try connection.prepare("INSERT OR IGNORE INTO moved_to (id, target) VALUES (1, ?1)")
            try insert.bind(target, at: 1)
            try insert.run()
            try connection.execute("COMMIT")
        }
    }

    /// Where the store was moved to; nil where it was not.
    func target() throws(StoreError) -> String? {
        try call { () throws(SQLiteError) in
            guard try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'moved_to'") > 0 else {
                return nil
            }
            var select = try connection.prepare("SELECT target FROM moved_to WHERE id = 1")
            return try select.step() ? try select.text(at: 0) : nil
        }
    }

    func commit() throws(StoreError) { try call { () throws(SQLiteError) in try connection.execute("COMMIT") } }

    func call<Answer>(_ work: () throws(SQLiteError) -> Answer) throws(StoreError) -> Answer {
        do throws(SQLiteError) { return try work() } catch { throw StoreError(error, path: location) }
    }

    private static func calling(
        _ path: String,
        _ work: () throws(SQLiteError) -> SQLiteConnection
    ) throws(StoreError) -> SQLiteConnection {
        do throws(SQLiteError) { return try work() } catch { throw StoreError(error, path: path) }
    }

    // MARK: Reading

    func origin() throws(StoreError) -> (identity: [UInt8], created: Int64) {
        try call { () throws(SQLiteError) in
            var select = try connection.prepare("SELECT identity, created FROM store WHERE id = 1")
            guard try select.step() else { throw .damaged("the store has no identity") }
            return (try select.bytes(at: 0), try select.integer(at: 1))
        }
    }

    func head() throws(StoreError) -> LedgerHead? {
        try call { () throws(SQLiteError) in
            var statements = try LedgerStatements(connection)
            return try statements.head()
        }
    }

    func entries(in range: Range<UInt64>) throws(StoreError) -> [StoredEntry] {
        try call { () throws(SQLiteError) in
            var statements = try LedgerStatements(connection)
            return try statements.entries(in: range)
        }
    }

    func tiles(level: Int, from number: UInt64, count: Int64) throws(StoreError) -> [Tile] {
        try call { () throws(SQLiteError) in
            var select = try connection.prepare(
                "SELECT number, hashes FROM ledger_tiles WHERE level = ?1 AND number >= ?2 ORDER BY number LIMIT ?3"
            )
            try select.bind(Int64(level), at: 1)
            try select.bind(Int64(bitPattern: number), at: 2)
            try select.bind(count, at: 3)
            var tiles: [Tile] = []
            while try select.step() {
                let address = TileAddress(level: level, number: UInt64(bitPattern: try select.integer(at: 0)))
                tiles.append(Tile(address, hashes: try select.bytes(at: 1)))
            }
            return tiles
        }
    }

    func runs(behind id: String, count: Int64) throws(StoreError) -> [StoreTransfer.RunRow] {
        try call { () throws(SQLiteError) in
            var select = try connection.prepare(
                """
                SELECT id, principal, claims, token_sha256, registered, expires, ended FROM runs
                WHERE id > ?1 ORDER BY id LIMIT ?2
                """
            )
            try select.bind(id, at: 1)
            try select.bind(count, at: 2)
            var runs: [StoreTransfer.RunRow] = []
            while try select.step() {
                runs.append(
                    StoreTransfer.RunRow(
                        id: try select.text(at: 0),
                        principal: try select.text(at: 1),
                        claims: try select.bytes(at: 2),
                        digest: try select.bytes(at: 3),
                        registered: try select.integer(at: 4),
                        expires: try select.integer(at: 5),
                        ended: try select.optional(at: 6)
                    )
                )
            }
            return runs
        }
    }

    func secrets() throws(StoreError) -> [StoreTransfer.SecretRow] {
        try call { () throws(SQLiteError) in
            var select = try connection.prepare(
                """
                SELECT context, name, version, created, deleted, sealed, superseded, readable FROM secrets
                ORDER BY context, name, version
                """
            )
            var secrets: [StoreTransfer.SecretRow] = []
            while try select.step() {
                secrets.append(
                    StoreTransfer.SecretRow(
                        context: try select.text(at: 0),
                        name: try select.text(at: 1),
                        version: try select.integer(at: 2),
                        created: try select.integer(at: 3),
                        deleted: try select.optional(at: 4),
                        sealed: select.isNull(at: 5) ? nil : try select.bytes(at: 5),
                        superseded: try select.optional(at: 6),
                        readable: try select.optional(at: 7)
                    )
                )
            }
            return secrets
        }
    }

    func inventory() throws(StoreError) -> [StoreTransfer.InventoryRow] {
        try call { () throws(SQLiteError) in
            var select = try connection.prepare(
                "SELECT source, place, name, created, updated, listed FROM inventory ORDER BY source, place, name"
            )
            var items: [StoreTransfer.InventoryRow] = []
            while try select.step() {
                items.append(
                    StoreTransfer.InventoryRow(
                        source: try select.text(at: 0),
                        place: try select.text(at: 1),
                        name: try select.text(at: 2),
                        created: try select.optional(at: 3),
                        updated: try select.optional(at: 4),
                        listed: try select.integer(at: 5)
                    )
                )
            }
            return items
        }
    }

    func revocations() throws(StoreError) -> [StoreTransfer.RevocationRow] {
        try call { () throws(SQLiteError) in
            var select = try connection.prepare(
                """
                SELECT id, kind, value, made, until, principal, reason, lifted, changed FROM revocations ORDER BY changed
                """
            )
            var revocations: [StoreTransfer.RevocationRow] = []
            while try select.step() {
                revocations.append(
                    StoreTransfer.RevocationRow(
                        id: try select.text(at: 0),
                        kind: try select.text(at: 1),
                        value: try select.text(at: 2),
                        made: try select.integer(at: 3),
                        until: try select.optional(at: 4),
                        principal: select.isNull(at: 5) ? nil : try select.text(at: 5),
                        reason: try select.text(at: 6),
                        lifted: try select.optional(at: 7),
                        changed: try select.integer(at: 8)
                    )
                )
            }
            return revocations
        }
    }

    func witnessed() throws(StoreError) -> [UInt8] {
        let path = "\(location).witnessed"
        do throws(POSIXError) {
            return try Files.status(path) == nil ? [] : try Files.read(path, limit: SignedNote.largest)
        } catch {
            throw StoreError(.unavailable, path: path, reason: "\(error)")
        }
    }
}

extension SQLiteStatement {
    /// The integer in a column; nil for NULL.
    func optional(at column: Int32) throws(SQLiteError) -> Int64? {
        isNull(at: column) ? nil : try integer(at: column)
    }
}

extension StoreError {
    /// What a store says of itself that has gone elsewhere.
    static let moved = "this store was moved by jobpass store migrate; use the one that it was moved to"
}
