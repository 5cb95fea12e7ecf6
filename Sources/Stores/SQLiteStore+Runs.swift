internal import Crypto
internal import Locks
package import Runs
internal import SQLite
package import Time

extension SQLiteStore: RunStorage {
    private static let columns = "id, principal, claims, token_sha256, registered, expires, ended"

    /// As `RunStorage` promises.
    package func insert(_ record: RunRecord) throws(RunError) {
        try change { connection throws(SQLiteError) in
            var insert = try connection.prepare(
                "INSERT INTO runs (\(Self.columns)) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
            )
            try insert.bind(record.id, at: 1)
            try insert.bind(record.principal, at: 2)
            try insert.bind(record.claims, at: 3)
            try insert.bind(record.tokenDigest.bytes, at: 4)
            try insert.bind(record.registered.milliseconds, at: 5)
            try insert.bind(record.expires.milliseconds, at: 6)
            try insert.bind(record.ended?.milliseconds, at: 7)
            try insert.run()
        }
    }

    /// As `RunStorage` promises.
    package func end(_ id: String, at moment: UnixTime) throws(RunError) {
        try change { connection throws(SQLiteError) in
            var update = try connection.prepare("UPDATE runs SET ended = ?2 WHERE id = ?1 AND ended IS NULL")
            try update.bind(id, at: 1)
            try update.bind(moment.milliseconds, at: 2)
            try update.run()
        }
    }

    /// As `RunStorage` promises.
    package func find(_ id: String) throws(RunError) -> RunRecord? {
        try records("id = ?1") { statement throws(SQLiteError) in try statement.bind(id, at: 1) }.first
    }

    /// As `RunStorage` promises.
    package func active(at moment: UnixTime) throws(RunError) -> [RunRecord] {
        try records("expires > ?1 AND ended IS NULL") { statement throws(SQLiteError) in
            try statement.bind(moment.milliseconds, at: 1)
        }
    }

    /// As `RunStorage` promises.
    package func remove(expiredBefore moment: UnixTime) throws(RunError) {
        try change { connection throws(SQLiteError) in
            var delete = try connection.prepare("DELETE FROM runs WHERE expires < ?1")
            try delete.bind(moment.milliseconds, at: 1)
            try delete.run()
        }
    }

    private func records(
        _ condition: String,
        _ bind: (inout SQLiteStatement) throws(SQLiteError) -> Void
    ) throws(RunError) -> [RunRecord] {
        do throws(SQLiteError) {
            return try reader.withLock { reader throws(SQLiteError) in
                var select = try reader.connection.prepare("SELECT \(Self.columns) FROM runs WHERE \(condition)")
                try bind(&select)
                var records: [RunRecord] = []
                while try select.step() { records.append(try RunRecord(row: select)) }
                return records
            }
        } catch {
            throw RunError(error.code == .mismatch ? .damaged : .storage, "\(error)")
        }
    }

    private func change(
        _ write: @Sendable (borrowing SQLiteConnection) throws(SQLiteError) -> Void
    ) throws(RunError) {
        try writer.withLock { writer throws(RunError) in
            try writer.atomically({ RunError(.storage, "\($0)") }) { writer throws(RunError) in
                do throws(SQLiteError) {
                    try write(writer.connection)
                } catch {
                    throw RunError(.storage, "\(error)")
                }
            }
        }
    }
}

extension RunRecord {
    fileprivate init(row: borrowing SQLiteStatement) throws(SQLiteError) {
        let bytes = try row.bytes(at: 3)
        guard let digest = SHA256Digest(bytes: bytes) else {
            throw SQLiteError(
                SQLiteError.Code.mismatch.rawValue,
                message: "column token_sha256 holds \(bytes.count) bytes, not 32"
            )
        }
        self.init(
            id: try row.text(at: 0),
            principal: try row.text(at: 1),
            claims: try row.bytes(at: 2),
            tokenDigest: digest,
            registered: UnixTime(milliseconds: try row.integer(at: 4)),
            expires: UnixTime(milliseconds: try row.integer(at: 5)),
            ended: row.isNull(at: 6) ? nil : UnixTime(milliseconds: try row.integer(at: 6))
        )
    }
}
