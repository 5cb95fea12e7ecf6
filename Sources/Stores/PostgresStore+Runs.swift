package import Crypto
internal import Postgres
package import Runs
package import Time

extension PostgresStore: SharedRunStorage {
    /// As `RunStorage` promises.
    package func insert(_ record: RunRecord) throws(RunError) {
        try change(
            PostgresQuery(
                """
                INSERT INTO jobpass_runs (id, principal, claims, token_sha256, registered, expires, ended)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                """,
                .text(record.id),
                .text(record.principal),
                .bytes(record.claims),
                .bytes(record.tokenDigest.bytes),
                .integer(record.registered.milliseconds),
                .integer(record.expires.milliseconds),
                .integer(record.ended?.milliseconds)
            )
        )
    }

    /// As `RunStorage` promises.
    package func end(_ id: String, at moment: UnixTime) throws(RunError) {
        try change(
            PostgresQuery(
                "UPDATE jobpass_runs SET ended = $2 WHERE id = $1 AND ended IS NULL",
                .text(id),
                .integer(moment.milliseconds)
            )
        )
    }

    /// As `RunStorage` promises.
    package func find(_ id: String) throws(RunError) -> RunRecord? {
        try records(
            PostgresQuery(
                """
                SELECT id, principal, claims, token_sha256, registered, expires, ended FROM jobpass_runs WHERE id = $1
                """,
                .text(id)
            )
        ).first
    }

    /// As `SharedRunStorage` promises.
    package func find(tokens digests: [SHA256Digest]) throws(RunError) -> [RunRecord] {
        try records(
            PostgresQuery(
                """
                SELECT id, principal, claims, token_sha256, registered, expires, ended FROM jobpass_runs
                WHERE token_sha256 = ANY($1::bytea[])
                """,
                .byteStrings(digests.map(\.bytes))
            )
        )
    }

    /// As `RunStorage` promises.
    package func active(at moment: UnixTime) throws(RunError) -> [RunRecord] {
        try records(
            PostgresQuery(
                """
                SELECT id, principal, claims, token_sha256, registered, expires, ended FROM jobpass_runs
                WHERE expires > $1 AND ended IS NULL
                """,
                .integer(moment.milliseconds)
            )
        )
    }

    /// As `RunStorage` promises.
    package func remove(expiredBefore moment: UnixTime) throws(RunError) {
        try change(PostgresQuery("DELETE FROM jobpass_runs WHERE expires < $1", .integer(moment.milliseconds)))
    }

    private func records(_ query: PostgresQuery) throws(RunError) -> [RunRecord] {
        do throws(PostgresError) {
            return try read { connection throws(PostgresError) in
                let rows = try connection.run(query)
                var records: [RunRecord] = []
                for place in 0..<rows.count { records.append(try RunRecord(row: rows[place])) }
                return records
            }
        } catch {
            throw RunError(error.code == .mismatch ? .damaged : .storage, "\(error)")
        }
    }

    private func change(_ query: PostgresQuery) throws(RunError) {
        do throws(PostgresError) {
            try pool.use(Line.changes.rawValue) { connection throws(PostgresError) in
                _ = try connection.run(query)
            }
        } catch {
            throw RunError(.storage, "\(error)")
        }
    }
}

extension RunRecord {
    fileprivate init(row: PostgresRow) throws(PostgresError) {
        let bytes = try row.bytes(at: 3)
        guard let digest = SHA256Digest(bytes: bytes) else {
            throw PostgresError(.mismatch, "column token_sha256 holds \(bytes.count) bytes, not 32")
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
