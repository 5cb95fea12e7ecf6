internal import Postgres

/// The tables of a store in a database.
///
/// Each version is a step from the one before, and a store is only ever brought forward. Brokers of two releases run side by
/// side while one takes the other's place: a step adds tables and columns that the older release need not know, and says
/// from which version on a program can still use the store. What an entry's canonical bytes say is kept nowhere else.
///
/// Plain SQL: no extension, trigger, advisory lock or notification, so that servers which only speak PostgreSQL's protocol do.
enum PostgresSchema {
    /// A step to a version.
    struct Step {
        let to: Int64
        /// The oldest version of this program's schema that can use the store afterwards.
        let readableFrom: Int64
        let statements: [StaticString]
    }

    /// The newest version that this program knows.
    static var version: Int64 { steps.last?.to ?? 0 }

    static let steps = [
        Step(to: 1, readableFrom: 1, statements: ledger + keeping + index),
        // A broker that knows of no revocations would give out what another has revoked.
        Step(to: 2, readableFrom: 2, statements: revocations),
    ]

    private static let ledger: [StaticString] = [
        """
        CREATE TABLE IF NOT EXISTS jobpass_store (
            id BIGINT PRIMARY KEY CHECK (id = 1), identity BYTEA NOT NULL, created BIGINT NOT NULL,
            version BIGINT NOT NULL, readable_from BIGINT NOT NULL
        )
        """,
        """
        CREATE TABLE IF NOT EXISTS jobpass_ledger_head (
            id BIGINT PRIMARY KEY CHECK (id = 1), size BIGINT NOT NULL, time BIGINT NOT NULL, checkpoint BYTEA NOT NULL
        )
        """,
        "CREATE TABLE IF NOT EXISTS jobpass_ledger_entries (position BIGINT PRIMARY KEY, bytes BYTEA NOT NULL)",
        """
        CREATE TABLE IF NOT EXISTS jobpass_ledger_tiles (
            level BIGINT NOT NULL, number BIGINT NOT NULL, hashes BYTEA NOT NULL, PRIMARY KEY (level, number)
        )
        """,
    ]

    /// Texts are compared byte by byte, as everywhere else.
    private static let keeping: [StaticString] = [
        """
        CREATE TABLE IF NOT EXISTS jobpass_runs (
            id TEXT COLLATE "C" PRIMARY KEY, principal TEXT NOT NULL, claims BYTEA NOT NULL,
            token_sha256 BYTEA NOT NULL UNIQUE, registered BIGINT NOT NULL, expires BIGINT NOT NULL, ended BIGINT
        )
        """,
        "CREATE INDEX IF NOT EXISTS jobpass_runs_by_expiry ON jobpass_runs (expires)",
        """
        CREATE TABLE IF NOT EXISTS jobpass_secrets (
            context TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL, version BIGINT NOT NULL,
            created BIGINT NOT NULL, deleted BIGINT, sealed BYTEA, superseded BIGINT, readable BIGINT,
            PRIMARY KEY (context, name, version)
        )
        """,
        """
        CREATE TABLE IF NOT EXISTS jobpass_inventory (
            source TEXT COLLATE "C" NOT NULL, place TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL,
            created BIGINT, updated BIGINT, listed BIGINT NOT NULL, PRIMARY KEY (source, place, name)
        )
        """,
        "CREATE TABLE IF NOT EXISTS jobpass_notes (name TEXT COLLATE \"C\" PRIMARY KEY, bytes BYTEA NOT NULL)",
    ]

    /// `changed` is the epoch of a row's last change; whoever raises the epoch holds its one row until the commit.
    private static let revocations: [StaticString] = [
        """
        CREATE TABLE IF NOT EXISTS jobpass_revocations (
            id TEXT COLLATE "C" PRIMARY KEY, kind TEXT NOT NULL, value TEXT NOT NULL, made BIGINT NOT NULL, until BIGINT,
            principal TEXT, reason TEXT NOT NULL, lifted BIGINT, changed BIGINT NOT NULL UNIQUE
        )
        """,
        "CREATE TABLE IF NOT EXISTS jobpass_revocation_epoch (id BIGINT PRIMARY KEY CHECK (id = 1), epoch BIGINT NOT NULL)",
        "INSERT INTO jobpass_revocation_epoch (id, epoch) VALUES (1, 0) ON CONFLICT (id) DO NOTHING",
    ]

    /// What is derived from the entries, and may be emptied at any time.
    private static let index: [StaticString] = [
        """
        CREATE TABLE IF NOT EXISTS jobpass_index_state (
            id BIGINT PRIMARY KEY CHECK (id = 1), size BIGINT NOT NULL, last BYTEA NOT NULL
        )
        """,
        "INSERT INTO jobpass_index_state (id, size, last) VALUES (1, 0, '') ON CONFLICT (id) DO NOTHING",
        "CREATE TABLE IF NOT EXISTS jobpass_index_rows (key BIGINT PRIMARY KEY, bytes BYTEA NOT NULL)",
        """
        CREATE TABLE IF NOT EXISTS jobpass_index_days (
            day BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, outcome TEXT COLLATE "C" NOT NULL,
            project TEXT COLLATE "C" NOT NULL, job TEXT COLLATE "C" NOT NULL, purpose TEXT COLLATE "C" NOT NULL,
            entries BIGINT NOT NULL, PRIMARY KEY (day, kind, outcome, project, job, purpose)
        )
        """,
        """
        CREATE TABLE IF NOT EXISTS jobpass_index_hours (
            hour BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, entries BIGINT NOT NULL, PRIMARY KEY (hour, kind)
        )
        """,
    ]

    /// What a database says it is: nil where it holds no store.
    static func stamp(
        _ connection: inout PostgresConnection
    ) throws(PostgresError) -> (version: Int64, readableFrom: Int64)? {
        let table = try connection.run(
            PostgresQuery(
                """
                SELECT count(*) FROM information_schema.tables
                WHERE table_schema = current_schema() AND table_name = 'jobpass_store'
                """
            )
        )
        guard try table.first?.integer(at: 0) ?? 0 > 0 else { return nil }
        let row = try connection.run(
            PostgresQuery("SELECT version, readable_from FROM jobpass_store WHERE id = 1")
        ).first
        guard let row else { return nil }
        return (try row.integer(at: 0), try row.integer(at: 1))
    }

    /// Brings a store to this program's version, or leaves it as it was; who comes second finds nothing left to do.
    static func migrate(_ connection: inout PostgresConnection) throws(PostgresError) {
        _ = try connection.transaction { connection throws(PostgresError) in
            let present = try connection.run(
                PostgresQuery("SELECT version, readable_from FROM jobpass_store WHERE id = 1 FOR UPDATE")
            ).first?.integer(at: 0)
            guard let present else { return false }
            for step in steps where step.to > present {
                for statement in step.statements { _ = try connection.run(PostgresQuery(statement)) }
                _ = try connection.run(
                    PostgresQuery(
                        "UPDATE jobpass_store SET version = $1, readable_from = $2 WHERE id = 1",
                        .integer(step.to),
                        .integer(step.readableFrom)
                    )
                )
            }
            return true
        }
    }

    /// Makes the tables, and tells this store from every other; false where there is a store with a ledger already.
    static func create(
        _ connection: inout PostgresConnection,
        identity: [UInt8],
        at moment: Int64
    ) throws(PostgresError) -> Bool {
        try connection.transaction { connection throws(PostgresError) in
            for step in steps {
                for statement in step.statements { _ = try connection.run(PostgresQuery(statement)) }
            }
            let head = try connection.run(PostgresQuery("SELECT count(*) FROM jobpass_ledger_head"))
            guard try head.first?.integer(at: 0) == 0 else { return false }
            // One without a ledger was left behind by whoever could not finish it.
            _ = try connection.run(
                PostgresQuery(
                    """
                    INSERT INTO jobpass_store (id, identity, created, version, readable_from) VALUES (1, $1, $2, $3, $4)
                    ON CONFLICT (id) DO UPDATE SET identity = excluded.identity, created = excluded.created,
                        version = excluded.version, readable_from = excluded.readable_from
                    """,
                    .bytes(identity),
                    .integer(moment),
                    .integer(version),
                    .integer(steps.last?.readableFrom ?? 1)
                )
            )
            return true
        }
    }
}

extension PostgresConnection {
    /// Runs writes as if nobody else wrote meanwhile: all of them, or with false or an error none.
    ///
    /// Where others are in the way the server says so (SQLSTATE 40001), and it is all done again.
    mutating func transaction(
        _ writes: (inout PostgresConnection) throws(PostgresError) -> Bool
    ) throws(PostgresError) -> Bool {
        var attempts = Attempts()
        while true {
            do throws(PostgresError) {
                _ = try run(PostgresQuery("BEGIN ISOLATION LEVEL SERIALIZABLE"))
                let isDone = try writes(&self)
                _ = try run(isDone ? PostgresQuery("COMMIT") : PostgresQuery("ROLLBACK"))
                return isDone
            } catch {
                rollBack()
                guard error.isRetryable, attempts.goOn() else { throw error }
            }
        }
    }

    /// Ends a transaction that is open, as if it had never been.
    mutating func rollBack() {
        guard isInTransaction, !isBroken else { return }
        _ = try? run(PostgresQuery("ROLLBACK"))
    }
}
