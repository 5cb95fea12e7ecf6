package import Ledger
internal import Postgres
internal import Synchronization
internal import Time

extension PostgresStore: LedgerStorage {
    /// As `LedgerStorage` promises.
    package func head() throws(LedgerError) -> LedgerHead? {
        try read(LedgerError.init) { connection throws(LedgerError) in
            try onServer { () throws(PostgresError) in
                try LedgerHead(
                    connection.run(
                        PostgresQuery("SELECT size, time, checkpoint FROM jobpass_ledger_head WHERE id = 1")
                    )
                )
            }
        }
    }

    /// As `LedgerStorage` promises.
    package func tile(_ address: TileAddress) throws(LedgerError) -> [UInt8]? {
        try read(LedgerError.init) { connection throws(LedgerError) in
            try onServer { () throws(PostgresError) in try connection.tile(address) }
        }
    }

    /// As `LedgerStorage` promises.
    package func entries(in range: Range<UInt64>) throws(LedgerError) -> [StoredEntry] {
        try read(LedgerError.init) { connection throws(LedgerError) in
            try onServer { () throws(PostgresError) in
                let rows = try connection.run(
                    PostgresQuery(
                        """
                        SELECT position, bytes FROM jobpass_ledger_entries
                        WHERE position >= $1 AND position < $2 ORDER BY position
                        """,
                        .integer(Int64(clamping: range.lowerBound)),
                        .integer(Int64(clamping: range.upperBound))
                    )
                )
                var entries: [StoredEntry] = []
                entries.reserveCapacity(rows.count)
                for place in 0..<rows.count {
                    let index = UInt64(bitPattern: try rows[place].integer(at: 0))
                    entries.append(StoredEntry(index: index, bytes: try rows[place].bytes(at: 1)))
                }
                return entries
            }
        }
    }

    /// As `LedgerReading` promises.
    package func lastIndex() throws(LedgerError) -> UInt64? {
        try read(LedgerError.init) { connection throws(LedgerError) in
            try onServer { () throws(PostgresError) in
                try connection.run(
                    PostgresQuery("SELECT position FROM jobpass_ledger_entries ORDER BY position DESC LIMIT 1")
                ).first.map { row throws(PostgresError) in UInt64(bitPattern: try row.integer(at: 0)) }
            }
        }
    }

    /// As `LedgerStorage` promises.
    ///
    /// The head's one row is locked from here to the commit, so that batches of all brokers follow each other. A broker that
    /// dies meanwhile loses its connection, and the server the lock with it; one whose machine goes without a word holds it
    /// until the server's `idle_in_transaction_session_timeout`.
    package func append(
        _ build: (_ head: LedgerHead?, _ tiles: TileSource) throws(LedgerError) -> LedgerBatch
    ) throws(LedgerError) {
        try pool.use(Line.ledger.rawValue, LedgerError.init) { connection throws(LedgerError) in
            var attempts = Attempts()
            while try !tryToAppend(&connection, &attempts, build) {}
        }
    }

    /// Appends a batch, or answers false where others were in the way and it may be tried again.
    private func tryToAppend(
        _ connection: inout PostgresConnection,
        _ attempts: inout Attempts,
        _ build: (_ head: LedgerHead?, _ tiles: TileSource) throws(LedgerError) -> LedgerBatch
    ) throws(LedgerError) -> Bool {
        do throws(LedgerError) {
            let head = try lockHead(&connection, &attempts)
            var edges: [TileAddress: [UInt8]]?
            let batch = try build(head) { address throws(LedgerError) in
                try onServer { () throws(PostgresError) in
                    if edges == nil { edges = try connection.edges(head?.size ?? 0, seen.load(ordering: .relaxed)) }
                    if let hashes = edges?[address] { return hashes }
                    return try connection.tile(address)
                }
            }
            if try !write(batch, behind: head?.size, &connection, &attempts) { return false }
            seen.store(batch.head.size, ordering: .relaxed)
            return true
        } catch {
            connection.rollBack()
            throw error
        }
    }

    /// Locks the head, and looks whether a newer release has made the store one that this program must not use any more:
    /// whatever it hands out needs an entry, so it hands out nothing from then on.
    private func lockHead(
        _ connection: inout PostgresConnection,
        _ attempts: inout Attempts
    ) throws(LedgerError) -> LedgerHead? {
        let (head, readableFrom) = try onServer { () throws(PostgresError) in
            while true {
                do throws(PostgresError) {
                    let answers = try connection.run([
                        PostgresQuery("BEGIN"),
                        PostgresQuery("SELECT size, time, checkpoint FROM jobpass_ledger_head WHERE id = 1 FOR UPDATE"),
                        PostgresQuery("SELECT readable_from FROM jobpass_store WHERE id = 1"),
                    ])
                    return (try LedgerHead(answers[1]), try answers[2].first?.integer(at: 0) ?? 0)
                } catch {
                    connection.rollBack()
                    guard error.isRetryable, attempts.goOn() else { throw error }
                }
            }
        }
        guard readableFrom <= PostgresSchema.version else {
            throw LedgerError(
                .storage,
                seen: "a store that only programs from schema version \(readableFrom) on can use",
                wanted: "one that version \(PostgresSchema.version) can",
                remedy: "stop this broker: one of a newer release has brought the store forward"
            )
        }
        return head
    }

    /// Writes a batch and commits it, in one journey; false where it was rolled back and may be made again.
    private func write(
        _ batch: LedgerBatch,
        behind size: UInt64?,
        _ connection: inout PostgresConnection,
        _ attempts: inout Attempts
    ) throws(LedgerError) -> Bool {
        do throws(PostgresError) {
            _ = try connection.run(batch.statements(behind: size))
            return true
        } catch {
            guard error.isRetryable else { throw LedgerError(error) }
            connection.rollBack()
            guard attempts.goOn() else { throw LedgerError(error) }
            return false
        }
    }
}

extension PostgresStore: LedgerPruning {
    /// As `LedgerPruning` promises; what the server keeps elsewhere, as in its own logs, goes by the server's rules.
    package func replace(_ entries: [StoredEntry]) throws(LedgerError) {
        try pool.use(Line.index.rawValue, LedgerError.init) { connection throws(LedgerError) in
            try onServer { () throws(PostgresError) in
                _ = try connection.run(
                    PostgresQuery(
                        """
                        UPDATE jobpass_ledger_entries SET bytes = t.bytes
                        FROM unnest($1::bigint[], $2::bytea[]) AS t(position, bytes)
                        WHERE jobpass_ledger_entries.position = t.position
                        """,
                        .integers(entries.map { Int64(bitPattern: $0.index) }),
                        .byteStrings(entries.map(\.bytes))
                    )
                )
            }
        }
    }
}

extension PostgresStore {
    /// As `LedgerPruning` promises: the old rows' space is given free, and overwritten as others use it.
    package func finishReplacing() throws(LedgerError) {
        var limits = PostgresLimits()
        limits.statement = .seconds(6 * 3_600)
        try onServer { () throws(PostgresError) in
            var connection = try PostgresConnection(to: address, limits)
            do throws(PostgresError) {
                _ = try connection.run(PostgresQuery("VACUUM jobpass_ledger_entries"))
            } catch {
                // Servers that clean up by themselves know no such statement.
                guard error.isState("42601", "0A000") else { throw error }
            }
        }
    }
}

extension LedgerBatch {
    /// What writes a batch behind so many entries, and commits it; nil where there is no ledger yet.
    fileprivate func statements(behind size: UInt64?) -> [PostgresQuery] {
        var statements: [PostgresQuery] = []
        if !leaves.isEmpty {
            statements.append(
                PostgresQuery(
                    """
                    INSERT INTO jobpass_ledger_entries (position, bytes)
                    SELECT $1 + t.place - 1, t.leaf FROM unnest($2::bytea[]) WITH ORDINALITY AS t(leaf, place)
                    """,
                    .integer(Int64(bitPattern: size ?? 0)),
                    .byteStrings(leaves)
                )
            )
        }
        if !tiles.isEmpty {
            statements.append(
                PostgresQuery(
                    """
                    INSERT INTO jobpass_ledger_tiles (level, number, hashes)
                    SELECT t.level, t.number, t.hashes
                    FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS t(level, number, hashes)
                    ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes
                    """,
                    .integers(tiles.map { Int64($0.address.level) }),
                    .integers(tiles.map { Int64(bitPattern: $0.address.number) }),
                    .byteStrings(tiles.map(\.hashes))
                )
            )
        }
        // Two that begin a ledger at once lock no row: of the inserts the second fails, and nothing takes the first's place.
        let sql: StaticString =
            size == nil
            ? "INSERT INTO jobpass_ledger_head (id, size, time, checkpoint) VALUES (1, $1, $2, $3)"
            : "UPDATE jobpass_ledger_head SET size = $1, time = $2, checkpoint = $3 WHERE id = 1"
        let change = PostgresQuery(
            sql,
            .integer(Int64(bitPattern: head.size)),
            .integer(head.time.milliseconds),
            .bytes(head.checkpoint)
        )
        return statements + [change, PostgresQuery("COMMIT")]
    }
}

extension PostgresConnection {
    fileprivate mutating func tile(_ address: TileAddress) throws(PostgresError) -> [UInt8]? {
        try run(
            PostgresQuery(
                "SELECT hashes FROM jobpass_ledger_tiles WHERE level = $1 AND number = $2",
                .integer(Int64(address.level)),
                .integer(Int64(bitPattern: address.number))
            )
        ).first?.bytes(at: 0)
    }

    /// The tiles at the right edges of two trees, in one journey: what is needed to go on behind another broker.
    fileprivate mutating func edges(_ sizes: UInt64...) throws(PostgresError) -> [TileAddress: [UInt8]] {
        let addresses = Set(
            sizes.flatMap { size in
                (0..<TileAddress.levels).map { TileAddress(level: $0, number: size >> UInt64(8 * $0 + 8)) }
                    .filter { $0.width(inTreeOf: size) > 0 }
            }
        )
        guard !addresses.isEmpty else { return [:] }
        let rows = try run(
            PostgresQuery(
                """
                SELECT s.level, s.number, s.hashes FROM unnest($1::bigint[], $2::bigint[]) AS t(level, number)
                JOIN jobpass_ledger_tiles AS s ON s.level = t.level AND s.number = t.number
                """,
                .integers(addresses.map { Int64($0.level) }),
                .integers(addresses.map { Int64(bitPattern: $0.number) })
            )
        )
        var tiles: [TileAddress: [UInt8]] = [:]
        for place in 0..<rows.count {
            let row = rows[place]
            let level = Int(try row.integer(at: 0))
            tiles[TileAddress(level: level, number: UInt64(bitPattern: try row.integer(at: 1)))] = try row.bytes(at: 2)
        }
        return tiles
    }
}

extension LedgerHead {
    fileprivate init?(_ rows: PostgresRows) throws(PostgresError) {
        guard let row = rows.first else { return nil }
        self.init(
            size: UInt64(bitPattern: try row.integer(at: 0)),
            time: UnixTime(milliseconds: try row.integer(at: 1)),
            checkpoint: try row.bytes(at: 2)
        )
    }
}

/// Makes a server's failure the ledger's.
func onServer<Answer>(_ calls: () throws(PostgresError) -> Answer) throws(LedgerError) -> Answer {
    do throws(PostgresError) {
        return try calls()
    } catch {
        throw LedgerError(error)
    }
}

extension LedgerError {
    init(_ error: PostgresError) {
        if error.isFull {
            self.init(
                .storageFull,
                seen: "\(error)",
                wanted: "space for one more entry",
                remedy: "make space on the database server's disk; nothing is released until then"
            )
        } else if error.isConstraint {
            self.init(
                .longer,
                seen: "\(error)",
                wanted: "no entry behind the last one that the checkpoint covers",
                remedy: "somebody added one: keep this store as evidence and restore a backup"
            )
        } else {
            self.init(
                .storage,
                seen: "\(error)",
                wanted: "a database that can be read and written",
                remedy: "see to the database server; nothing is released until it answers"
            )
        }
    }
}
