package import Ledger
internal import Locks
package import Runs
internal import SQLite
package import Time

extension SQLiteStore: RevocationStorage {
    private static let columns = "id, kind, value, made, until, principal, reason, lifted, changed"

    /// As `RevocationStorage` promises.
    package func add(_ revocation: Revocation) throws(RunError) {
        try change { writer throws(SQLiteError) in
            let epoch = try writer.revocationEpoch() + 1
            var insert = try writer.connection.prepare(
                "INSERT INTO revocations (\(Self.columns)) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
            )
            try insert.bind(revocation.id, at: 1)
            try insert.bind(revocation.scope.kind, at: 2)
            try insert.bind(revocation.scope.value, at: 3)
            try insert.bind(revocation.made.milliseconds, at: 4)
            try insert.bind(revocation.until?.milliseconds, at: 5)
            try insert.bind(revocation.principal, at: 6)
            try insert.bind(revocation.reason, at: 7)
            try insert.bind(revocation.lifted?.milliseconds, at: 8)
            try insert.bind(epoch, at: 9)
            try insert.run()
        }
    }

    /// As `RevocationStorage` promises.
    package func lift(_ id: String, at moment: UnixTime) throws(RunError) {
        try change { writer throws(SQLiteError) in
            let epoch = try writer.revocationEpoch() + 1
            var update = try writer.connection.prepare(
                "UPDATE revocations SET lifted = ?2, changed = ?3 WHERE id = ?1 AND lifted IS NULL"
            )
            try update.bind(id, at: 1)
            try update.bind(moment.milliseconds, at: 2)
            try update.bind(epoch, at: 3)
            try update.run()
        }
    }

    /// As `RevocationStorage` promises.
    package func revocations(at moment: UnixTime) throws(RunError) -> (epoch: Int64, inForce: [Revocation]) {
        do throws(SQLiteError) {
            // What another process changes between the two has a higher epoch, and comes with the next look.
            return try writer.withLock { writer throws(SQLiteError) in
                let epoch = try writer.revocationEpoch()
                var select = try writer.connection.prepare(
                    """
                    SELECT \(Self.columns) FROM revocations
                    WHERE changed <= ?2 AND lifted IS NULL AND (until IS NULL OR until > ?1) ORDER BY made, id
                    """
                )
                try select.bind(moment.milliseconds, at: 1)
                try select.bind(epoch, at: 2)
                var found: [Revocation] = []
                while try select.step() { found.append(try Revocation(row: select)) }
                return (epoch, found)
            }
        } catch {
            throw RunError(error.code == .mismatch ? .damaged : .storage, "\(error)")
        }
    }

    /// As `RevocationStorage` promises; on the writer's connection, as readers may be busy with an auditor's question.
    package func revocationEpoch() throws(RunError) -> Int64 {
        do throws(SQLiteError) {
            return try writer.withLock { writer throws(SQLiteError) in try writer.revocationEpoch() }
        } catch {
            throw RunError(.storage, "\(error)")
        }
    }

    private func change(_ write: (inout StoreWriter) throws(SQLiteError) -> Void) throws(RunError) {
        try writer.withLock { writer throws(RunError) in
            try writer.atomically({ RunError(.storage, "\($0)") }) { writer throws(RunError) in
                do throws(SQLiteError) { try write(&writer) } catch { throw RunError(.storage, "\(error)") }
            }
        }
    }
}

extension SQLiteStore: CommitMark {
    /// The epoch of revocations.
    package func mark() throws(LedgerError) -> Int64 {
        do throws(RunError) {
            return try revocationEpoch()
        } catch {
            throw LedgerError(
                .storage,
                seen: "revocations that cannot be read: \(error)",
                wanted: "a store that can be read and written",
                remedy: "see to the store's disk; nothing is released until it works"
            )
        }
    }
}

extension Revocation {
    fileprivate init(row: borrowing SQLiteStatement) throws(SQLiteError) {
        let (id, kind, value) = (try row.text(at: 0), try row.text(at: 1), try row.text(at: 2))
        guard let scope = Scope(kind: kind, value: value) else {
            throw SQLiteError(
                SQLiteError.Code.mismatch.rawValue,
                message: "revocation \(id) is about '\(kind)' '\(value)', which is nothing that this version knows"
            )
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
