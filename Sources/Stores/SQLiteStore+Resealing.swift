internal import Encoding
internal import Locks
internal import SQLite
package import Secrets
internal import Synchronization
package import Time

/// What happens to sealed bytes as such: they are purged, walked through, and replaced.
extension SQLiteStore {
    /// As `SecretStorage` promises.
    package func purgeable(
        before limit: UnixTime,
        at now: UnixTime,
        count: Int
    ) throws(SecretsError) -> [SecretAddress] {
        try readSecrets { connection throws(SQLiteError) in
            var select = try connection.prepare(
                """
                SELECT context, name, version FROM secrets
                WHERE sealed IS NOT NULL AND (deleted <= ?1 OR superseded <= ?1 AND coalesce(readable, 0) <= ?2)
                ORDER BY context, name, version LIMIT ?3
                """
            )
            try select.bind(limit.milliseconds, at: 1)
            try select.bind(now.milliseconds, at: 2)
            try select.bind(Int64(count), at: 3)
            var addresses: [SecretAddress] = []
            while try select.step() { addresses.append(try select.address()) }
            return addresses
        }
    }

    /// As `SecretStorage` promises.
    package func purge(_ address: SecretAddress) throws(SecretsError) {
        try changeSecrets { connection throws(SQLiteError) in
            var update = try connection.prepare(
                "UPDATE secrets SET sealed = NULL WHERE context = ?1 AND name = ?2 AND version = ?3"
            )
            try update.bind(address.context, address.name, address.version)
            try update.run()
            return true
        }
    }

    /// As `SecretStorage` promises.
    package func sealed(behind address: SecretAddress?, count: Int) throws(SecretsError) -> [StoredSecret] {
        try readSecrets { connection throws(SQLiteError) in
            var select = try connection.prepare(
                """
                SELECT context, name, version, created, sealed FROM secrets
                WHERE (context, name, version) > (?1, ?2, ?3) AND sealed IS NOT NULL
                ORDER BY context, name, version LIMIT ?4
                """
            )
            try select.bind(address?.context.text ?? "", at: 1)
            try select.bind(address?.name.text ?? "", at: 2)
            try select.bind(Int64(clamping: address?.version ?? 0), at: 3)
            try select.bind(Int64(count), at: 4)
            return try select.storedSecrets()
        }
    }

    /// As `SecretStorage` promises.
    package func replace(_ changes: [(old: StoredSecret, new: [UInt8])]) throws(SecretsError) -> Int {
        let done = Atomic<Int>(0)
        try changeSecrets { connection throws(SQLiteError) in
            var update = try connection.prepare(
                """
                UPDATE secrets SET sealed = ?5 WHERE context = ?1 AND name = ?2 AND version = ?3 AND sealed = ?4
                """
            )
            for change in changes {
                try update.bind(change.old.context, change.old.name, change.old.version)
                try update.bind(change.old.sealed, at: 4)
                try update.bind(change.new, at: 5)
                try update.run()
                done.add(Int(connection.changes), ordering: .relaxed)
            }
            return true
        }
        return done.load(ordering: .relaxed)
    }
}

extension SQLiteStore {
    /// Reads in one committed state.
    func readSecrets<Answer: Sendable>(
        _ calls: (borrowing SQLiteConnection) throws(SQLiteError) -> Answer
    ) throws(SecretsError) -> Answer {
        do throws(SQLiteError) {
            return try reader.withLock { reader throws(SQLiteError) in try calls(reader.connection) }
        } catch {
            throw SecretsError(error.code == .mismatch ? .damaged : .storage, "\(error)")
        }
    }

    /// Makes a change that says whether it found what it is based on.
    func changeSecrets(
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

extension SQLiteStatement {
    /// Binds what names a version, at the places 1 to 3.
    mutating func bind(_ context: ContextName, _ name: EnvironmentName, _ version: UInt64) throws(SQLiteError) {
        try bind(context.text, at: 1)
        try bind(name.text, at: 2)
        try bind(Int64(clamping: version), at: 3)
    }

    /// The time in a column; nil for NULL.
    func time(at column: Int32) throws(SQLiteError) -> UnixTime? {
        isNull(at: column) ? nil : UnixTime(milliseconds: try integer(at: column))
    }

    /// The version that the first three columns name.
    func address() throws(SQLiteError) -> SecretAddress {
        let text = try text(at: 0)
        guard let context = ContextName(stored: text) else {
            throw .damaged("column context holds '\(text)', which is none")
        }
        return SecretAddress(
            context,
            try EnvironmentName(column: self.text(at: 1)),
            UInt64(clamping: try integer(at: 2))
        )
    }

    /// Every row of context, name, version, created and sealed.
    mutating func storedSecrets() throws(SQLiteError) -> [StoredSecret] {
        var secrets: [StoredSecret] = []
        while try step() {
            let address = try address()
            secrets.append(
                StoredSecret(
                    context: address.context,
                    name: address.name,
                    version: address.version,
                    created: UnixTime(milliseconds: try integer(at: 3)),
                    sealed: try bytes(at: 4)
                )
            )
        }
        return secrets
    }
}

extension EnvironmentName {
    init(column text: String) throws(SQLiteError) {
        guard let name = EnvironmentName(text) else { throw .damaged("column name holds '\(text)', which is none") }
        self = name
    }
}

extension SQLiteError {
    static func damaged(_ message: String) -> SQLiteError {
        SQLiteError(Code.mismatch.rawValue, message: message)
    }
}
