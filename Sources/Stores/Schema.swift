internal import SQLite
internal import Time

/// The tables of a store.
///
/// The version goes up with every change; a store of an older version is brought to this one when it is opened, and one of
/// a newer version is refused. What an entry's canonical bytes say is
/// kept nowhere else: a column beside them would be a second truth that nothing proves.
enum Schema {
    /// Tells a store from other SQLite files: `JPST`.
    static let applicationID: Int64 = 0x4A50_5354
    static let version: Int64 = 3

    /// Run once, inside the transaction that makes a store.
    static let tables = """
        CREATE TABLE store (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            identity BLOB NOT NULL,
            created INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE ledger_head (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            size INTEGER NOT NULL,
            time INTEGER NOT NULL,
            checkpoint BLOB NOT NULL
        ) STRICT;

        CREATE TABLE ledger_entries (
            position INTEGER PRIMARY KEY,
            bytes BLOB NOT NULL
        ) STRICT;

        CREATE TABLE ledger_tiles (
            level INTEGER NOT NULL,
            number INTEGER NOT NULL,
            hashes BLOB NOT NULL,
            PRIMARY KEY (level, number)
        ) STRICT;

        CREATE TABLE runs (
            id TEXT PRIMARY KEY,
            principal TEXT NOT NULL,
            claims BLOB NOT NULL,
            token_sha256 BLOB NOT NULL UNIQUE,
            registered INTEGER NOT NULL,
            expires INTEGER NOT NULL,
            ended INTEGER
        ) STRICT;
        CREATE INDEX runs_by_expiry ON runs (expires);

        CREATE TABLE secrets (
            context TEXT NOT NULL,
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            created INTEGER NOT NULL,
            deleted INTEGER,
            sealed BLOB,
            superseded INTEGER,
            readable INTEGER,
            PRIMARY KEY (context, name, version)
        ) STRICT, WITHOUT ROWID;

        \(inventory)
        \(revocations)

        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(version);
        """

    private static let inventory = """
        CREATE TABLE inventory (
            source TEXT NOT NULL,
            place TEXT NOT NULL,
            name TEXT NOT NULL,
            created INTEGER,
            updated INTEGER,
            listed INTEGER NOT NULL,
            PRIMARY KEY (source, place, name)
        ) STRICT, WITHOUT ROWID;
        """

    /// `changed` is the epoch of a row's last change: the writers of a file take turns, so it grows as they commit.
    private static let revocations = """
        CREATE TABLE revocations (
            id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            value TEXT NOT NULL,
            made INTEGER NOT NULL,
            until INTEGER,
            principal TEXT,
            reason TEXT NOT NULL,
            lifted INTEGER,
            changed INTEGER NOT NULL UNIQUE
        ) STRICT;
        """

    /// What brings a store from the version before to each version; a store keeps what it has.
    private static let migrations: [(to: Int64, sql: String)] = [
        (
            2,
            """
            ALTER TABLE secrets ADD COLUMN superseded INTEGER;
            ALTER TABLE secrets ADD COLUMN readable INTEGER;
            UPDATE secrets AS former SET superseded = (
                SELECT created FROM secrets
                WHERE context = former.context AND name = former.name AND version = former.version + 1
            );
            \(inventory)
            """
        ),
        (3, revocations),
    ]

    /// Brings a store of an older version to this one, or leaves it as it was.
    ///
    /// Two processes may come at once: the second waits for the first and finds nothing left to do.
    static func migrate(_ path: String) throws(SQLiteError) {
        let connection = try SQLiteConnection.open(store: path)
        try connection.execute("BEGIN IMMEDIATE")
        let present = try connection.integer("PRAGMA user_version")
        for migration in migrations where migration.to > present {
            try connection.execute("\(migration.sql) PRAGMA user_version = \(migration.to);")
        }
        try connection.execute("COMMIT")
    }

    /// Makes the tables in an empty file, all of them or none.
    static func create(in path: String, identity: [UInt8], at moment: UnixTime) throws(SQLiteError) {
        let connection = try SQLiteConnection.open(store: path)
        try connection.execute("BEGIN IMMEDIATE; \(tables)")
        var insert = try connection.prepare("INSERT INTO store (id, identity, created) VALUES (1, ?1, ?2)")
        try insert.bind(identity, at: 1)
        try insert.bind(moment.milliseconds, at: 2)
        try insert.run()
        try connection.execute("COMMIT")
    }

    /// What a file says it is; nothing is changed in it, since it may be another program's.
    static func stamp(of path: String) throws(SQLiteError) -> (application: Int64, version: Int64) {
        let connection = try SQLiteConnection(path: path, mode: .readWrite)
        // Whoever closes the file last locks it for a moment, while the log is moved.
        connection.setBusyTimeout(milliseconds: SQLiteConnection.patience)
        return (
            try connection.integer("PRAGMA application_id"),
            try connection.integer("PRAGMA user_version")
        )
    }
}

extension SQLiteConnection {
    /// How long a commit waits for another process's, in milliseconds, before it fails.
    fileprivate static let patience: Int32 = 5_000
    /// Pages from which a commit moves the log by itself, should `LogMover` not have come to it.
    private static let longestLog = 32_000

    /// Opens the file of a store, with the settings on which the promise of durability rests.
    ///
    /// `synchronous = FULL` flushes the write-ahead log at every commit (sqlite.org/pragma.html#pragma_synchronous).
    static func open(store path: String) throws(SQLiteError) -> SQLiteConnection {
        let connection = try SQLiteConnection(path: path, mode: .readWrite)
        connection.setBusyTimeout(milliseconds: patience)
        // The mode is a property of the file; it stays another one where the file system cannot share memory.
        guard try connection.keepWriteAheadLog(milliseconds: patience) else { throw .noWriteAheadLog }
        try connection.execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON")
        try connection.execute("PRAGMA wal_autocheckpoint = \(longestLog)")
        return connection
    }
}

extension SQLiteError {
    fileprivate static let noWriteAheadLog = SQLiteError(
        Code.cannotOpen.rawValue,
        message: "its file system cannot hold a write-ahead log; put the store on a local disk"
    )
}
