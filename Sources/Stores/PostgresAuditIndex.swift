package import Auditing
package import Ledger
internal import Postgres

/// An index of a ledger in tables of the same database, which all brokers use and any of them brings forward.
package final class PostgresAuditIndex: IndexStorage {
    private let store: PostgresStore

    init(of store: PostgresStore) { self.store = store }

    /// As `IndexStorage` promises.
    package func state() throws(LedgerError) -> IndexState {
        try store.read(LedgerError.init) { connection throws(LedgerError) in
            try onServer { () throws(PostgresError) in
                try IndexState(
                    connection.run(PostgresQuery("SELECT size, last FROM jobpass_index_state WHERE id = 1"))
                )
            }
        }
    }

    /// As `IndexStorage` promises.
    package func row(_ key: Int64) throws(LedgerError) -> IndexRow? { try rows(in: key..<key + 1).first }

    /// As `IndexStorage` promises.
    package func rows(in keys: Range<Int64>) throws(LedgerError) -> [IndexRow] {
        try store.read(LedgerError.init) { connection throws(LedgerError) in
            try onServer { () throws(PostgresError) in
                let found = try connection.run(
                    PostgresQuery(
                        "SELECT key, bytes FROM jobpass_index_rows WHERE key >= $1 AND key < $2 ORDER BY key",
                        .integer(keys.lowerBound),
                        .integer(keys.upperBound)
                    )
                )
                var rows: [IndexRow] = []
                rows.reserveCapacity(found.count)
                for place in 0..<found.count {
                    rows.append(IndexRow(key: try found[place].integer(at: 0), bytes: try found[place].bytes(at: 1)))
                }
                return rows
            }
        }
    }

    /// As `IndexStorage` promises.
    package func tallies(days: Range<Int64>) throws(LedgerError) -> Tallies {
        try store.read(LedgerError.init) { connection throws(LedgerError) in
            try onServer { () throws(PostgresError) in try connection.tallies(days) }
        }
    }

    /// Nothing: what the server holds in memory is the server's business.
    package func readAhead() {}

    /// As `IndexStorage` promises.
    package func clear() throws(LedgerError) {
        try change { connection throws(PostgresError) in
            _ = try connection.run([
                PostgresQuery("DELETE FROM jobpass_index_rows"), PostgresQuery("DELETE FROM jobpass_index_days"),
                PostgresQuery("DELETE FROM jobpass_index_hours"),
                PostgresQuery("UPDATE jobpass_index_state SET size = 0, last = '' WHERE id = 1"),
            ])
            return true
        }
    }

    /// As `IndexStorage` promises.
    package func apply(_ change: IndexChange) throws(LedgerError) -> Bool {
        try self.change { connection throws(PostgresError) in
            let present = try IndexState(
                connection.run(PostgresQuery("SELECT size, last FROM jobpass_index_state WHERE id = 1 FOR UPDATE"))
            )
            guard present == change.before else { return false }
            _ = try connection.run(change.statements)
            return true
        }
    }

    @discardableResult
    private func change(
        _ write: (inout PostgresConnection) throws(PostgresError) -> Bool
    ) throws(LedgerError) -> Bool {
        do throws(PostgresError) {
            return try store.pool.use(PostgresStore.Line.index.rawValue) { connection throws(PostgresError) in
                try connection.transaction(write)
            }
        } catch {
            throw LedgerError(error)
        }
    }
}

extension IndexState {
    fileprivate init(_ rows: PostgresRows) throws(PostgresError) {
        guard let row = rows.first else { throw .damaged("the index has no state") }
        self.init(size: UInt64(bitPattern: try row.integer(at: 0)), last: try row.bytes(at: 1))
    }
}

extension IndexChange {
    /// What makes the change, a statement for each table.
    fileprivate var statements: [PostgresQuery] {
        // Of two rows with one key the later counts; a statement may touch each row once.
        var latest: [Int64: [UInt8]] = [:]
        for row in rows { latest[row.key] = row.bytes }
        let keys = latest.keys.sorted()
        let days = tallies.days.map { $0 }
        let hours = tallies.hours.map { $0 }
        return outdated.map { range in
            PostgresQuery(
                "DELETE FROM jobpass_index_rows WHERE key >= $1 AND key < $2",
                .integer(range.lowerBound),
                .integer(range.upperBound)
            )
        } + [
            PostgresQuery(
                """
                INSERT INTO jobpass_index_rows (key, bytes)
                SELECT t.key, t.bytes FROM unnest($1::bigint[], $2::bytea[]) AS t(key, bytes)
                ON CONFLICT (key) DO UPDATE SET bytes = excluded.bytes
                """,
                .integers(keys),
                .byteStrings(keys.map { latest[$0] })
            ),
            PostgresQuery(
                """
                INSERT INTO jobpass_index_days (day, kind, outcome, project, job, purpose, entries)
                SELECT t.day, t.kind, t.outcome, t.project, t.job, t.purpose, t.entries
                FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[])
                    AS t(day, kind, outcome, project, job, purpose, entries)
                ON CONFLICT (day, kind, outcome, project, job, purpose)
                DO UPDATE SET entries = jobpass_index_days.entries + excluded.entries
                """,
                .integers(days.map { $0.key.day }),
                .texts(days.map { $0.key.kind }),
                .texts(days.map { $0.key.outcome }),
                .texts(days.map { $0.key.project }),
                .texts(days.map { $0.key.job }),
                .texts(days.map { $0.key.purpose }),
                .integers(days.map { $0.value })
            ),
            PostgresQuery(
                """
                INSERT INTO jobpass_index_hours (hour, kind, entries)
                SELECT t.hour, t.kind, t.entries FROM unnest($1::bigint[], $2::text[], $3::bigint[])
                    AS t(hour, kind, entries)
                ON CONFLICT (hour, kind) DO UPDATE SET entries = jobpass_index_hours.entries + excluded.entries
                """,
                .integers(hours.map { $0.key.hour }),
                .texts(hours.map { $0.key.kind }),
                .integers(hours.map { $0.value })
            ),
            PostgresQuery(
                "UPDATE jobpass_index_state SET size = $1, last = $2 WHERE id = 1",
                .integer(Int64(bitPattern: after.size)),
                .bytes(after.last)
            ),
        ]
    }
}

extension PostgresConnection {
    fileprivate mutating func tallies(_ range: Range<Int64>) throws(PostgresError) -> Tallies {
        let answers = try run([
            PostgresQuery(
                """
                SELECT day, kind, outcome, project, job, purpose, entries FROM jobpass_index_days
                WHERE day >= $1 AND day < $2
                """,
                .integer(range.lowerBound),
                .integer(range.upperBound)
            ),
            PostgresQuery(
                "SELECT hour, kind, entries FROM jobpass_index_hours WHERE hour >= $1 AND hour < $2",
                .integer(range.lowerBound &* 24),
                .integer(range.upperBound &* 24)
            ),
        ])
        var tallies = Tallies(days: answers[0].count)
        for place in 0..<answers[0].count {
            let row = answers[0][place]
            let tally = Tally(
                day: try row.integer(at: 0),
                kind: try row.text(at: 1),
                outcome: try row.text(at: 2),
                project: try row.text(at: 3),
                job: try row.text(at: 4),
                purpose: try row.text(at: 5)
            )
            tallies.add(tally, try row.integer(at: 6))
        }
        for place in 0..<answers[1].count {
            let row = answers[1][place]
            tallies.add(HourTally(hour: try row.integer(at: 0), kind: try row.text(at: 1)), try row.integer(at: 2))
        }
        return tallies
    }
}
