package import Encoding
internal import Postgres
package import Secrets
package import Time

extension PostgresStore: SecretStorage {
    /// As `SecretStorage` promises.
    package func identity() throws(SecretsError) -> [UInt8] {
        try readSecrets { connection throws(PostgresError) in
            let row = try connection.run(PostgresQuery("SELECT identity FROM jobpass_store WHERE id = 1")).first
            guard let row else { throw .damaged("the store has no identity") }
            return try row.bytes(at: 0)
        }
    }

    /// As `SecretStorage` promises.
    package func insert(_ new: [NewSecret]) throws(SecretsError) {
        try changeSecrets { connection throws(PostgresError) in
            for new in new {
                let stored = new.stored
                let newest = try connection.newest(stored.context, stored.name)
                guard stored.version == (newest?.version ?? 0) + 1 else { return false }
                if let newest {
                    _ = try connection.run(
                        PostgresQuery(
                            """
                            UPDATE jobpass_secrets SET superseded = $4, readable = $5
                            WHERE context = $1 AND name = $2 AND version = $3
                            """,
                            .text(stored.context.text),
                            .text(stored.name.text),
                            .integer(Int64(clamping: newest.version)),
                            .integer(stored.created.milliseconds),
                            .integer(new.formerReadableUntil?.milliseconds)
                        )
                    )
                }
                _ = try connection.run(
                    PostgresQuery(
                        """
                        INSERT INTO jobpass_secrets (context, name, version, created, sealed) VALUES ($1, $2, $3, $4, $5)
                        """,
                        .text(stored.context.text),
                        .text(stored.name.text),
                        .integer(Int64(clamping: stored.version)),
                        .integer(stored.created.milliseconds),
                        .bytes(stored.sealed)
                    )
                )
            }
            return true
        }
    }

    /// As `SecretStorage` promises.
    package func current(in context: ContextName) throws(SecretsError) -> [StoredSecret] {
        try storedSecrets(
            PostgresQuery(
                """
                SELECT context, name, version, created, sealed FROM jobpass_secrets AS newest
                WHERE context = $1 AND deleted IS NULL AND version =
                    (SELECT max(version) FROM jobpass_secrets WHERE context = newest.context AND name = newest.name)
                ORDER BY name
                """,
                .text(context.text)
            )
        )
    }

    /// As `SecretStorage` promises.
    package func version(
        _ version: UInt64,
        of name: EnvironmentName,
        in context: ContextName
    ) throws(SecretsError) -> StoredSecret? {
        try storedSecrets(
            PostgresQuery(
                """
                SELECT context, name, version, created, sealed FROM jobpass_secrets
                WHERE context = $1 AND name = $2 AND version = $3 AND sealed IS NOT NULL
                """,
                .text(context.text),
                .text(name.text),
                .integer(Int64(clamping: version))
            )
        ).first
    }

    /// As `SecretStorage` promises.
    package func versions(
        of name: EnvironmentName,
        in context: ContextName
    ) throws(SecretsError) -> [SecretVersion] {
        try readSecrets { connection throws(PostgresError) in
            let rows = try connection.run(
                PostgresQuery(
                    """
                    SELECT version, created, superseded, readable, deleted, sealed IS NULL FROM jobpass_secrets
                    WHERE context = $1 AND name = $2 ORDER BY version DESC
                    """,
                    .text(context.text),
                    .text(name.text)
                )
            )
            var versions: [SecretVersion] = []
            for place in 0..<rows.count {
                let row = rows[place]
                versions.append(
                    SecretVersion(
                        number: UInt64(clamping: try row.integer(at: 0)),
                        created: UnixTime(milliseconds: try row.integer(at: 1)),
                        superseded: try row.time(at: 2),
                        readableUntil: try row.time(at: 3),
                        deleted: try row.time(at: 4),
                        isPurged: try row.truth(at: 5)
                    )
                )
            }
            return versions
        }
    }

    /// As `SecretStorage` promises.
    package func summaries(of context: ContextName) throws(SecretsError) -> [SecretSummary] {
        try readSecrets { connection throws(PostgresError) in
            let rows = try connection.run(
                PostgresQuery(
                    """
                    SELECT newest.name, newest.version, oldest.created, newest.created, newest.deleted,
                        coalesce(length(newest.sealed), 0)::bigint
                    FROM (SELECT name, min(version) AS low, max(version) AS high FROM jobpass_secrets
                            WHERE context = $1 GROUP BY name) AS span
                        JOIN jobpass_secrets AS newest
                            ON newest.context = $1 AND newest.name = span.name AND newest.version = span.high
                        JOIN jobpass_secrets AS oldest
                            ON oldest.context = $1 AND oldest.name = span.name AND oldest.version = span.low
                    ORDER BY newest.name
                    """,
                    .text(context.text)
                )
            )
            var summaries: [SecretSummary] = []
            for place in 0..<rows.count {
                let row = rows[place]
                summaries.append(
                    SecretSummary(
                        name: try EnvironmentName(cell: row.text(at: 0)),
                        version: UInt64(clamping: try row.integer(at: 1)),
                        created: UnixTime(milliseconds: try row.integer(at: 2)),
                        changed: UnixTime(milliseconds: try row.integer(at: 3)),
                        deleted: try row.time(at: 4),
                        bytes: Int(try row.integer(at: 5))
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
        try changeSecrets { connection throws(PostgresError) in
            let newest = try connection.newest(context, name)
            guard let newest, newest.version == version, !newest.isDeleted else { return false }
            _ = try connection.run(
                PostgresQuery(
                    "UPDATE jobpass_secrets SET deleted = $3 WHERE context = $1 AND name = $2 AND deleted IS NULL",
                    .text(context.text),
                    .text(name.text),
                    .integer(moment.milliseconds)
                )
            )
            return true
        }
    }
}

extension PostgresConnection {
    fileprivate mutating func newest(
        _ context: ContextName,
        _ name: EnvironmentName
    ) throws(PostgresError) -> (version: UInt64, isDeleted: Bool)? {
        let row = try run(
            PostgresQuery(
                """
                SELECT version, deleted FROM jobpass_secrets WHERE context = $1 AND name = $2
                ORDER BY version DESC LIMIT 1
                """,
                .text(context.text),
                .text(name.text)
            )
        ).first
        guard let row else { return nil }
        return (UInt64(clamping: try row.integer(at: 0)), !row.isNull(at: 1))
    }
}
