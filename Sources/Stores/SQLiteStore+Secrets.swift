package import Encoding
internal import Locks
internal import SQLite
package import Secrets
package import Time

extension SQLiteStore: SecretStorage {
    /// As `SecretStorage` promises.
    package func identity() throws(SecretsError) -> [UInt8] {
        try readSecrets { connection throws(SQLiteError) in
            var select = try connection.prepare("SELECT identity FROM store WHERE id = 1")
            guard try select.step() else { throw .damaged("the store has no identity") }
            return try select.bytes(at: 0)
        }
    }

    /// As `SecretStorage` promises.
    package func insert(_ new: [NewSecret]) throws(SecretsError) {
        try changeSecrets { connection throws(SQLiteError) in
            var close = try connection.prepare(
                """
                UPDATE secrets SET superseded = ?4, readable = ?5
                WHERE context = ?1 AND name = ?2 AND version = ?3
                """
            )
            var insert = try connection.prepare(
                "INSERT INTO secrets (context, name, version, created, sealed) VALUES (?1, ?2, ?3, ?4, ?5)"
            )
            for new in new {
                let stored = new.stored
                let newest = try Self.newest(connection, stored.context, stored.name)
                guard stored.version == (newest?.version ?? 0) + 1 else { return false }
                if let newest {
                    try close.bind(stored.context, stored.name, newest.version)
                    try close.bind(stored.created.milliseconds, at: 4)
                    try close.bind(new.formerReadableUntil?.milliseconds, at: 5)
                    try close.run()
                }
                try insert.bind(stored.context, stored.name, stored.version)
                try insert.bind(stored.created.milliseconds, at: 4)
                try insert.bind(stored.sealed, at: 5)
                try insert.run()
            }
            return true
        }
    }

    /// As `SecretStorage` promises.
    package func current(in context: ContextName) throws(SecretsError) -> [StoredSecret] {
        try readSecrets { connection throws(SQLiteError) in
            var select = try connection.prepare(
                """
                SELECT context, name, version, created, sealed FROM secrets AS newest
                WHERE context = ?1 AND deleted IS NULL AND version =
                    (SELECT max(version) FROM secrets WHERE context = newest.context AND name = newest.name)
                ORDER BY name
                """
            )
            try select.bind(context.text, at: 1)
            return try select.storedSecrets()
        }
    }

    /// As `SecretStorage` promises.
    package func version(
        _ version: UInt64,
        of name: EnvironmentName,
        in context: ContextName
    ) throws(SecretsError) -> StoredSecret? {
        try readSecrets { connection throws(SQLiteError) in
            var select = try connection.prepare(
                """
                SELECT context, name, version, created, sealed FROM secrets
                WHERE context = ?1 AND name = ?2 AND version = ?3 AND sealed IS NOT NULL
                """
            )
            try select.bind(context, name, version)
            return try select.storedSecrets().first
        }
    }

    /// As `SecretStorage` promises.
    package func versions(
        of name: EnvironmentName,
        in context: ContextName
    ) throws(SecretsError) -> [SecretVersion] {
        try readSecrets { connection throws(SQLiteError) in
            var select = try connection.prepare(
                """
                SELECT version, created, superseded, readable, deleted, sealed IS NULL FROM secrets
                WHERE context = ?1 AND name = ?2 ORDER BY version DESC
                """
            )
            try select.bind(context.text, at: 1)
            try select.bind(name.text, at: 2)
            var versions: [SecretVersion] = []
            while try select.step() {
                versions.append(
                    SecretVersion(
                        number: UInt64(clamping: try select.integer(at: 0)),
                        created: UnixTime(milliseconds: try select.integer(at: 1)),
                        superseded: try select.time(at: 2),
                        readableUntil: try select.time(at: 3),
                        deleted: try select.time(at: 4),
                        isPurged: try select.integer(at: 5) != 0
                    )
                )
            }
            return versions
        }
    }

    /// As `SecretStorage` promises.
    package func summaries(of context: ContextName) throws(SecretsError) -> [SecretSummary] {
        try readSecrets { connection throws(SQLiteError) in
            var select = try connection.prepare(
                """
                SELECT newest.name, newest.version, oldest.created, newest.created, newest.deleted,
                    coalesce(length(newest.sealed), 0)
                FROM (SELECT name, min(version) AS low, max(version) AS high FROM secrets
                        WHERE context = ?1 GROUP BY name) AS span
                    JOIN secrets AS newest
                        ON newest.context = ?1 AND newest.name = span.name AND newest.version = span.high
                    JOIN secrets AS oldest
                        ON oldest.context = ?1 AND oldest.name = span.name AND oldest.version = span.low
                ORDER BY newest.name
                """
            )
            try select.bind(context.text, at: 1)
            var summaries: [SecretSummary] = []
            while try select.step() {
                summaries.append(
                    SecretSummary(
                        name: try EnvironmentName(column: select.text(at: 0)),
                        version: UInt64(clamping: try select.integer(at: 1)),
                        created: UnixTime(milliseconds: try select.integer(at: 2)),
                        changed: UnixTime(milliseconds: try select.integer(at: 3)),
                        deleted: try select.time(at: 4),
                        bytes: Int(try select.integer(at: 5))
                    )
                )
            }
            return summaries
        }
    }

    /// As `SecretStorage` promises.
    package func delete(
        _ name: EnvironmentName,
        in context: ContextName,
        upTo version: UInt64,
        at moment: UnixTime
    ) throws(SecretsError) {
        try changeSecrets { connection throws(SQLiteError) in
            let newest = try Self.newest(connection, context, name)
            guard let newest, newest.version == version, !newest.isDeleted else { return false }
            var update = try connection.prepare(
                "UPDATE secrets SET deleted = ?3 WHERE context = ?1 AND name = ?2 AND deleted IS NULL"
            )
            try update.bind(context.text, at: 1)
            try update.bind(name.text, at: 2)
            try update.bind(moment.milliseconds, at: 3)
            try update.run()
            return true
        }
    }

    private static func newest(
        _ connection: borrowing SQLiteConnection,
        _ context: ContextName,
        _ name: EnvironmentName
    ) throws(SQLiteError) -> (version: UInt64, isDeleted: Bool)? {
        var select = try connection.prepare(
            "SELECT version, deleted FROM secrets WHERE context = ?1 AND name = ?2 ORDER BY version DESC LIMIT 1"
        )
        try select.bind(context.text, at: 1)
        try select.bind(name.text, at: 2)
        guard try select.step() else { return nil }
        return (UInt64(clamping: try select.integer(at: 0)), !select.isNull(at: 1))
    }
}
