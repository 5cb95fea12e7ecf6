internal import Encoding
internal import Postgres
package import Secrets
internal import Synchronization
package import Time

/// What happens to sealed bytes as such: they are purged, walked through, and replaced.
extension PostgresStore {
    /// As `SecretStorage` promises.
    package func purgeable(
        before limit: UnixTime,
        at now: UnixTime,
        count: Int
    ) throws(SecretsError) -> [SecretAddress] {
        try readSecrets { connection throws(PostgresError) in
            let rows = try connection.run(
                PostgresQuery(
                    """
                    SELECT context, name, version FROM jobpass_secrets
                    WHERE sealed IS NOT NULL AND (deleted <= $1 OR superseded <= $1 AND coalesce(readable, 0) <= $2)
                    ORDER BY context, name, version LIMIT $3
                    """,
                    .integer(limit.milliseconds),
                    .integer(now.milliseconds),
                    .integer(Int64(count))
                )
            )
            var addresses: [SecretAddress] = []
            for place in 0..<rows.count { addresses.append(try rows[place].address()) }
            return addresses
        }
    }

    /// As `SecretStorage` promises.
    package func purge(_ address: SecretAddress) throws(SecretsError) {
        try changeSecrets { connection throws(PostgresError) in
            _ = try connection.run(
                PostgresQuery(
                    "UPDATE jobpass_secrets SET sealed = NULL WHERE context = $1 AND name = $2 AND version = $3",
                    .text(address.context.text),
                    .text(address.name.text),
                    .integer(Int64(clamping: address.version))
                )
            )
            return true
        }
    }

    /// As `SecretStorage` promises.
    package func sealed(behind address: SecretAddress?, count: Int) throws(SecretsError) -> [StoredSecret] {
        try storedSecrets(
            PostgresQuery(
                """
                SELECT context, name, version, created, sealed FROM jobpass_secrets
                WHERE (context, name, version) > ($1, $2, $3) AND sealed IS NOT NULL
                ORDER BY context, name, version LIMIT $4
                """,
                .text(address?.context.text ?? ""),
                .text(address?.name.text ?? ""),
                .integer(Int64(clamping: address?.version ?? 0)),
                .integer(Int64(count))
            )
        )
    }

    /// As `SecretStorage` promises.
    package func replace(_ changes: [(old: StoredSecret, new: [UInt8])]) throws(SecretsError) -> Int {
        let done = Atomic<Int>(0)
        try changeSecrets { connection throws(PostgresError) in
            done.store(0, ordering: .relaxed)
            for change in changes {
                let rows = try connection.run(
                    PostgresQuery(
                        """
                        UPDATE jobpass_secrets SET sealed = $5
                        WHERE context = $1 AND name = $2 AND version = $3 AND sealed = $4
                        """,
                        .text(change.old.context.text),
                        .text(change.old.name.text),
                        .integer(Int64(clamping: change.old.version)),
                        .bytes(change.old.sealed),
                        .bytes(change.new)
                    )
                )
                done.add(rows.changes, ordering: .relaxed)
            }
            return true
        }
        return done.load(ordering: .relaxed)
    }
}

extension PostgresStore {
    /// Reads in one committed state.
    func readSecrets<Answer: Sendable>(
        _ calls: (inout PostgresConnection) throws(PostgresError) -> Answer
    ) throws(SecretsError) -> Answer {
        do throws(PostgresError) {
            return try read(calls)
        } catch {
            throw SecretsError(error.code == .mismatch ? .damaged : .storage, "\(error)")
        }
    }

    /// Every row of context, name, version, created and sealed.
    func storedSecrets(_ query: PostgresQuery) throws(SecretsError) -> [StoredSecret] {
        try readSecrets { connection throws(PostgresError) in
            let rows = try connection.run(query)
            var secrets: [StoredSecret] = []
            for place in 0..<rows.count {
                let address = try rows[place].address()
                secrets.append(
                    StoredSecret(
                        context: address.context,
                        name: address.name,
                        version: address.version,
                        created: UnixTime(milliseconds: try rows[place].integer(at: 3)),
                        sealed: try rows[place].bytes(at: 4)
                    )
                )
            }
            return secrets
        }
    }

    /// Makes a change that says whether it found what it is based on.
    func changeSecrets(
        _ write: (inout PostgresConnection) throws(PostgresError) -> Bool
    ) throws(SecretsError) {
        let isDone: Bool
        do throws(PostgresError) {
            isDone = try pool.use(Line.changes.rawValue) { connection throws(PostgresError) in
                try connection.transaction(write)
            }
        } catch {
            // Two who add the same version at once: the key of the second is there already.
            guard error.isConstraint else { throw SecretsError(.storage, "\(error)") }
            throw .changedMeanwhile
        }
        guard isDone else { throw .changedMeanwhile }
    }
}

extension SecretsError {
    static let changedMeanwhile = SecretsError(
        .conflict,
        "somebody else changed the same secret in between; look and try again"
    )
}

extension PostgresRow {
    /// The time in a column; nil for NULL.
    func time(at column: Int) throws(PostgresError) -> UnixTime? {
        isNull(at: column) ? nil : UnixTime(milliseconds: try integer(at: column))
    }

    /// The version that the first three columns name.
    func address() throws(PostgresError) -> SecretAddress {
        let text = try text(at: 0)
        guard let context = ContextName(stored: text) else {
            throw .damaged("column context holds '\(text)', which is none")
        }
        return SecretAddress(
            context,
            try EnvironmentName(cell: self.text(at: 1)),
            UInt64(clamping: try integer(at: 2))
        )
    }
}

extension EnvironmentName {
    init(cell text: String) throws(PostgresError) {
        guard let name = EnvironmentName(text) else { throw .damaged("column name holds '\(text)', which is none") }
        self = name
    }
}

extension PostgresError {
    static func damaged(_ message: String) -> PostgresError { PostgresError(.mismatch, message) }
}
