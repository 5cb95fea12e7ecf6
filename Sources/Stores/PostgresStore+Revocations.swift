package import Ledger
internal import Postgres
package import Runs
package import Time

extension PostgresStore: RevocationStorage {
    /// As `RevocationStorage` promises.
    package func add(_ revocation: Revocation) throws(RunError) {
        try changeRevocations { connection throws(PostgresError) in
            let epoch = try connection.raiseRevocationEpoch()
            _ = try connection.run(
                PostgresQuery(
                    """
                    INSERT INTO jobpass_revocations (id, kind, value, made, until, principal, reason, lifted, changed)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                    """,
                    .text(revocation.id),
                    .text(revocation.scope.kind),
                    .text(revocation.scope.value),
                    .integer(revocation.made.milliseconds),
                    .integer(revocation.until?.milliseconds),
                    .text(revocation.principal),
                    .text(revocation.reason),
                    .integer(revocation.lifted?.milliseconds),
                    .integer(epoch)
                )
            )
            return true
        }
    }

    /// As `RevocationStorage` promises.
    package func lift(_ id: String, at moment: UnixTime) throws(RunError) {
        try changeRevocations { connection throws(PostgresError) in
            let epoch = try connection.raiseRevocationEpoch()
            // Where nothing is lifted, the epoch is not raised either.
            return try connection.run(
                PostgresQuery(
                    "UPDATE jobpass_revocations SET lifted = $2, changed = $3 WHERE id = $1 AND lifted IS NULL",
                    .text(id),
                    .integer(moment.milliseconds),
                    .integer(epoch)
                )
            ).changes > 0
        }
    }

    /// As `RevocationStorage` promises.
    package func revocations(at moment: UnixTime) throws(RunError) -> (epoch: Int64, inForce: [Revocation]) {
        do throws(PostgresError) {
            return try read { connection throws(PostgresError) in
                let answers = try connection.run([
                    PostgresQuery("BEGIN ISOLATION LEVEL REPEATABLE READ"),
                    PostgresQuery("SELECT epoch FROM jobpass_revocation_epoch WHERE id = 1"),
                    PostgresQuery(
                        """
                        SELECT id, kind, value, made, until, principal, reason, lifted FROM jobpass_revocations
                        WHERE lifted IS NULL AND (until IS NULL OR until > $1) ORDER BY made, id
                        """,
                        .integer(moment.milliseconds)
                    ),
                    PostgresQuery("COMMIT"),
                ])
                var found: [Revocation] = []
                for place in 0..<answers[2].count { found.append(try Revocation(row: answers[2][place])) }
                return (try Self.epoch(answers[1]), found)
            }
        } catch {
            throw RunError(error.code == .mismatch ? .damaged : .storage, "\(error)")
        }
    }

    /// As `RevocationStorage` promises; on the ledger's connection, after whose commits it is asked.
    package func revocationEpoch() throws(RunError) -> Int64 {
        do throws(PostgresError) { return try readEpoch() } catch { throw RunError(.storage, "\(error)") }
    }

    private func readEpoch() throws(PostgresError) -> Int64 {
        try pool.use(Line.ledger.rawValue) { connection throws(PostgresError) in
            try Self.epoch(
                connection.run(PostgresQuery("SELECT epoch FROM jobpass_revocation_epoch WHERE id = 1"))
            )
        }
    }

    private static func epoch(_ rows: PostgresRows) throws(PostgresError) -> Int64 {
        guard let row = rows.first else { throw .damaged("the revocations have no epoch") }
        return try row.integer(at: 0)
    }

    private func changeRevocations(
        _ write: (inout PostgresConnection) throws(PostgresError) -> Bool
    ) throws(RunError) {
        do throws(PostgresError) {
            _ = try pool.use(Line.changes.rawValue) { connection throws(PostgresError) in
                try connection.transaction(write)
            }
        } catch {
            throw RunError(.storage, "\(error)")
        }
    }
}

extension PostgresStore: CommitMark {
    /// The epoch of revocations.
    package func mark() throws(LedgerError) -> Int64 {
        do throws(PostgresError) { return try readEpoch() } catch { throw LedgerError(error) }
    }
}

extension PostgresConnection {
    /// Raises the epoch; its row stays locked until the transaction ends, so that epochs grow as they are committed.
    fileprivate mutating func raiseRevocationEpoch() throws(PostgresError) -> Int64 {
        let rows = try run(
            PostgresQuery("UPDATE jobpass_revocation_epoch SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch")
        )
        guard let row = rows.first else { throw .damaged("the revocations have no epoch") }
        return try row.integer(at: 0)
    }
}

extension Revocation {
    fileprivate init(row: PostgresRow) throws(PostgresError) {
        let (id, kind, value) = (try row.text(at: 0), try row.text(at: 1), try row.text(at: 2))
        guard let scope = Scope(kind: kind, value: value) else {
            throw .damaged("revocation \(id) is about '\(kind)' '\(value)', which is nothing that this version knows")
        }
        self.init(
            id: id,
            scope: scope,
            made: UnixTime(milliseconds: try row.integer(at: 3)),
            until: try row.time(at: 4),
            principal: row.isNull(at: 5) ? nil : try row.text(at: 5),
            reason: try row.text(at: 6),
            lifted: try row.time(at: 7)
        )
    }
}
