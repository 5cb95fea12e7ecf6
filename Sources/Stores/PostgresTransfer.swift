internal import Ledger
internal import Locks
internal import Postgres
internal import Time

/// A PostgreSQL store that is read or filled as a whole, by a connection of its own.
final class PostgresTransfer: StoreSource, StoreSink, Sendable {
    let location: String
    private let connection: Lock<PostgresConnection>

    /// Reads a store as it is at this moment, while others go on writing it.
    init(reading address: PostgresAddress) throws(StoreError) {
        location = "\(address)"
        connection = Lock(try Self.connect(address))
        try run(PostgresQuery("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
    }

    /// Fills a store that is made for it, with another's identity.
    ///
    /// Nobody else can make one there from here to the commit.
    init(filling address: PostgresAddress, identity: [UInt8], created: Int64) throws(StoreError) {
        location = "\(address)"
        try PostgresStore.create(at: address, identity: identity, at: UnixTime(milliseconds: created))
        connection = Lock(try Self.connect(address))
        try run(PostgresQuery("BEGIN"))
        let held = try run(PostgresQuery("SELECT identity FROM jobpass_store WHERE id = 1 FOR UPDATE"))
        let isOurs: Bool
        do throws(PostgresError) { isOurs = try held.first?.bytes(at: 0) == identity } catch {
            throw StoreError(error, location: location)
        }
        guard isOurs else {
            throw StoreError(.exists, path: location, reason: "somebody else is making a store there at this moment")
        }
    }

    private static func connect(_ address: PostgresAddress) throws(StoreError) -> PostgresConnection {
        var limits = PostgresLimits()
        limits.statement = .seconds(120)
        limits.idleTransaction = .seconds(120)
        do throws(PostgresError) {
            return try PostgresConnection(to: address, limits)
        } catch {
            throw StoreError(error, location: "\(address)")
        }
    }

    func commit() throws(StoreError) { try run(PostgresQuery("COMMIT")) }

    @discardableResult
    func run(_ query: PostgresQuery) throws(StoreError) -> PostgresRows {
        do throws(PostgresError) {
            return try connection.withLock { connection throws(PostgresError) in try connection.run(query) }
        } catch {
            throw StoreError(error, location: location)
        }
    }

    private func read<Answer>(
        _ query: PostgresQuery,
        _ row: (PostgresRow) throws(PostgresError) -> Answer
    ) throws(StoreError) -> [Answer] {
        let rows = try run(query)
        var answers: [Answer] = []
        do throws(PostgresError) {
            for place in 0..<rows.count { answers.append(try row(rows[place])) }
        } catch {
            throw StoreError(error, location: location)
        }
        return answers
    }

    // MARK: Reading

    /// The greatest index that an entry has.
    func lastIndex() throws(StoreError) -> UInt64? {
        let query = PostgresQuery("SELECT position FROM jobpass_ledger_entries ORDER BY position DESC LIMIT 1")
        return try read(query) { row throws(PostgresError) in UInt64(bitPattern: try row.integer(at: 0)) }.first
    }

    func origin() throws(StoreError) -> (identity: [UInt8], created: Int64) {
        let query = PostgresQuery("SELECT identity, created FROM jobpass_store WHERE id = 1")
        let found = try read(query) { row throws(PostgresError) in (try row.bytes(at: 0), try row.integer(at: 1)) }
        guard let first = found.first else {
            throw StoreError(.missing, path: location, reason: "it holds no store; give another database")
        }
        return (first.0, first.1)
    }

    func head() throws(StoreError) -> LedgerHead? {
        let query = PostgresQuery("SELECT size, time, checkpoint FROM jobpass_ledger_head WHERE id = 1")
        return try read(query) { row throws(PostgresError) in
            LedgerHead(
                size: UInt64(bitPattern: try row.integer(at: 0)),
                time: UnixTime(milliseconds: try row.integer(at: 1)),
                checkpoint: try row.bytes(at: 2)
            )
        }.first
    }

    func entries(in range: Range<UInt64>) throws(StoreError) -> [StoredEntry] {
        let query = PostgresQuery(
            """
            SELECT position, bytes FROM jobpass_ledger_entries
            WHERE position >= $1 AND position < $2 ORDER BY position
            """,
            .integer(Int64(clamping: range.lowerBound)),
            .integer(Int64(clamping: range.upperBound))
        )
        return try read(query) { row throws(PostgresError) in
            StoredEntry(index: UInt64(bitPattern: try row.integer(at: 0)), bytes: try row.bytes(at: 1))
        }
    }

    func tiles(level: Int, from number: UInt64, count: Int64) throws(StoreError) -> [Tile] {
        let query = PostgresQuery(
            "SELECT number, hashes FROM jobpass_ledger_tiles WHERE level = $1 AND number >= $2 ORDER BY number LIMIT $3",
            .integer(Int64(level)),
            .integer(Int64(bitPattern: number)),
            .integer(count)
        )
        return try read(query) { row throws(PostgresError) in
            let address = TileAddress(level: level, number: UInt64(bitPattern: try row.integer(at: 0)))
            return Tile(address, hashes: try row.bytes(at: 1))
        }
    }

    func runs(behind id: String, count: Int64) throws(StoreError) -> [StoreTransfer.RunRow] {
        let query = PostgresQuery(
            """
            SELECT id, principal, claims, token_sha256, registered, expires, ended FROM jobpass_runs
            WHERE id > $1 ORDER BY id LIMIT $2
            """,
            .text(id),
            .integer(count)
        )
        return try read(query) { row throws(PostgresError) in
            StoreTransfer.RunRow(
                id: try row.text(at: 0),
                principal: try row.text(at: 1),
                claims: try row.bytes(at: 2),
                digest: try row.bytes(at: 3),
                registered: try row.integer(at: 4),
                expires: try row.integer(at: 5),
                ended: try row.optional(at: 6)
            )
        }
    }

    func secrets() throws(StoreError) -> [StoreTransfer.SecretRow] {
        let query = PostgresQuery(
            """
            SELECT context, name, version, created, deleted, sealed, superseded, readable FROM jobpass_secrets
            ORDER BY context, name, version
            """
        )
        return try read(query) { row throws(PostgresError) in
            StoreTransfer.SecretRow(
                context: try row.text(at: 0),
                name: try row.text(at: 1),
                version: try row.integer(at: 2),
                created: try row.integer(at: 3),
                deleted: try row.optional(at: 4),
                sealed: row.isNull(at: 5) ? nil : try row.bytes(at: 5),
                superseded: try row.optional(at: 6),
                readable: try row.optional(at: 7)
            )
        }
    }

    func inventory() throws(StoreError) -> [StoreTransfer.InventoryRow] {
        let query = PostgresQuery(
            "SELECT source, place, name, created, updated, listed FROM jobpass_inventory ORDER BY source, place, name"
        )
        return try read(query) { row throws(PostgresError) in
            StoreTransfer.InventoryRow(
                source: try row.text(at: 0),
                place: try row.text(at: 1),
                name: try row.text(at: 2),
                created: try row.optional(at: 3),
                updated: try row.optional(at: 4),
                listed: try row.integer(at: 5)
            )
        }
    }

    func revocations() throws(StoreError) -> [StoreTransfer.RevocationRow] {
        let query = PostgresQuery(
            """
            SELECT id, kind, value, made, until, principal, reason, lifted, changed FROM jobpass_revocations
            ORDER BY changed
            """
        )
        return try read(query) { row throws(PostgresError) in
            StoreTransfer.RevocationRow(
                id: try row.text(at: 0),
                kind: try row.text(at: 1),
                value: try row.text(at: 2),
                made: try row.integer(at: 3),
                until: try row.optional(at: 4),
                principal: row.isNull(at: 5) ? nil : try row.text(at: 5),
                reason: try row.text(at: 6),
                lifted: try row.optional(at: 7),
                changed: try row.integer(at: 8)
            )
        }
    }

    func witnessed() throws(StoreError) -> [UInt8] {
        let query = PostgresQuery("SELECT bytes FROM jobpass_notes WHERE name = 'witnessed'")
        return try read(query) { row throws(PostgresError) in try row.bytes(at: 0) }.first ?? []
    }
}

extension PostgresRow {
    /// The integer in a column; nil for NULL.
    func optional(at column: Int) throws(PostgresError) -> Int64? { isNull(at: column) ? nil : try integer(at: column) }
}
