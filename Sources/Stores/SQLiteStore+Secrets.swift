package import Encoding
internal import Locks
internal import SQLite
package import Secrets
package import Time

extension SQLiteStore: SecretStorage {
    /// As `SecretStorage` promises.
    package func identity() throws(SecretsError) -> [UInt8] {
        try read { connection throws(SQLiteError) in
            var select = try connection.prepare("SELECT identity FROM store WHERE id = 1")
            guard try select.step() else { throw .damaged("the store has no identity") }
            return try select.bytes(at: 0)
        }
    }

    /// As `SecretStorage` promises.
    package func insert(_ stored: StoredSecret) throws(SecretsError) {
        try change { connection throws(SQLiteError) in
            let newest = try Self.newest(connection, stored.context, stored.name)
            guard stored.version == (newest?.version ?? 0) + 1 else { return false }
            var insert = try connection.prepare(
                "INSERT INTO secrets (context, name, version, created, sealed) VALUES (?1, ?2, ?3, ?4, ?5)"
            )
            try insert.bind(stored.context.text, at: 1)
            try insert.bind(stored.name.text, at: 2)
            try insert.bind(Int64(clamping: stored.version), at: 3)
            try insert.bind(stored.created.milliseconds, at: 4)
            try insert.bind(stored.sealed, at: 5)
            try insert.run()
            return true
        }
    }

    /// As `SecretStorage` promises.
    package func current(in context: ContextName) throws(SecretsError) -> [StoredSecret] {
        try read { connection throws(SQLiteError) in
            var select = try connection.prepare(
                """
                SELECT name, version, created, sealed FROM secrets AS newest
                WHERE context = ?1 AND deleted IS NULL AND version =
                    (SELECT max(version) FROM secrets WHERE context = newest.context AND name = newest.name)
                ORDER BY name
                """
            )
            try select.bind(context.text, at: 1)
            var secrets: [StoredSecret] = []
            while try select.step() {
                secrets.append(
                    StoredSecret(
                        context: context,
                        name: try EnvironmentName(column: select.text(at: 0)),
                        version: UInt64(clamping: try select.integer(at: 1)),
                        created: UnixTime(milliseconds: try select.integer(at: 2)),
                        sealed: try select.bytes(at: 3)
                    )
                )
            }
            return secrets
        }
    }

    /// As `SecretStorage` promises.
    package func summaries(of context: ContextName) throws(SecretsError) -> [SecretSummary] {
        try read { connection throws(SQLiteError) in
            var select = try connection.prepare(
                """
                SELECT newest.name, newest.version, oldest.created, newest.created, newest.deleted
                FROM secrets AS newest JOIN secrets AS oldest USING (context, name)
                WHERE context = ?1
                    AND newest.version = (SELECT max(version) FROM secrets WHERE context = ?1 AND name = newest.name)
                    AND oldest.version = (SELECT min(version) FROM secrets WHERE context = ?1 AND name = newest.name)
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
                        deleted: select.isNull(at: 4) ? nil : UnixTime(milliseconds: try select.integer(at: 4))
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
        try change { connection throws(SQLiteError) in
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

    private func read<Answer: Sendable>(
        _ calls: (borrowing SQLiteConnection) throws(SQLiteError) -> Answer
    ) throws(SecretsError) -> Answer {
        do throws(SQLiteError) {
            return try reader.withLock { reader throws(SQLiteError) in try calls(reader.connection) }
        } catch {
            throw SecretsError(error.code == .mismatch ? .damaged : .storage, "\(error)")
        }
    }

    /// Makes a change that says whether it found what it is based on.
    private func change(
        _ write: (borrowing SQLiteConnection) throws(SQLiteError) -> Bool
    ) throws(SecretsError) {
        try writer.withLock { writer throws(SecretsError) in
            try writer.atomically({ SecretsError(.storage, "\($0)") }) { writer throws(SecretsError) in
                let isDone: Bool
                do throws(SQLiteError) {
                    isDone = try write(writer.connection)
                } catch {
                    throw SecretsError(.storage, "\(error)")
                }
                guard isDone else {
                    throw SecretsError(
                        .conflict,
                        "somebody else changed the same secret in between; look and try again"
                    )
                }
            }
        }
    }
}

extension EnvironmentName {
    fileprivate init(column text: String) throws(SQLiteError) {
        guard let name = EnvironmentName(text) else { throw .damaged("column name holds '\(text)', which is none") }
        self = name
    }
}

extension SQLiteError {
    fileprivate static func damaged(_ message: String) -> SQLiteError {
        SQLiteError(Code.mismatch.rawValue, message: message)
    }
}
