internal import Ledger
internal import POSIX
package import Postgres
internal import SQLite
internal import Time

/// Moving a store to where several brokers can share it, keeping copies of one, and bringing one back from a copy.
///
/// A copy is a SQLite store like any other, whatever the store is that it was made of: it can be verified, looked into and
/// served from as it is. Calls block.
package enum StoreMove {
    /// Moves a store into a database while brokers go on writing it, and in the end lets nobody write to the old one again.
    ///
    /// Most of it is copied while the brokers work; for the rest they are held up, for as long as what came meanwhile takes.
    /// Where this throws, the database holds no ledger; the old store is closed for good once `sealing` was shown, and a
    /// second call finishes what the first could not.
    ///
    /// - Throws: `StoreError`.
    package static func migrate(
        from path: String,
        to address: PostgresAddress,
        sealing: () -> Void = {}
    ) throws(StoreError) {
        // Brings it to this version, and finds out what is wrong with it before anything is made.
        _ = try SQLiteStore(opening: path)
        let source = try SQLiteTransfer(reading: path)
        let origin = try source.origin()
        let sink = try PostgresTransfer(filling: address, identity: origin.identity, created: origin.created)
        let size = try source.head()?.size ?? 0
        try StoreTransfer.carryLedger(0..<size, from: source, to: sink)
        try source.holdWriters()
        try StoreTransfer.carryLedger(size..<max(size, source.head()?.size ?? 0), from: source, to: sink)
        try StoreTransfer.carryRest(from: source, to: sink)
        // In this order a failure leaves a store that nobody writes to, never two that brokers could both append to.
        try source.seal()
        sealing()
        try sink.commit()
    }

    /// Keeps a copy of a store, as it is at this moment, in a new file for this user alone.
    ///
    /// - Throws: `StoreError`, with code `exists` where a file is there; what was begun is removed again.
    package static func backUp(_ store: any BrokerStore, to path: String) throws(StoreError) {
        try making(path) { () throws(StoreError) in
            if let store = store as? PostgresStore {
                try export(PostgresTransfer(reading: store.address), to: path)
            } else {
                try copy(store.location, to: path)
            }
        }
    }

    /// Makes a store of a copy, in a file.
    ///
    /// - Throws: `StoreError`, with code `exists` where a file is there; what was begun is removed again.
    package static func restore(_ backup: String, to path: String) throws(StoreError) {
        try making(path) { () throws(StoreError) in try copy(backup, to: path) }
    }

    /// Makes a store of a copy, in a database.
    ///
    /// - Throws: `StoreError`, with code `exists` where the database holds one.
    package static func restore(_ backup: String, to address: PostgresAddress) throws(StoreError) {
        _ = try SQLiteStore(opening: backup)
        let source = try SQLiteTransfer(reading: backup)
        let origin = try source.origin()
        let sink = try PostgresTransfer(filling: address, identity: origin.identity, created: origin.created)
        try StoreTransfer.carryLedger(0..<(source.head()?.size ?? 0), from: source, to: sink)
        try StoreTransfer.carryRest(from: source, to: sink)
        try sink.commit()
    }

    /// Makes a file, and takes it away again where it cannot be filled.
    private static func making(_ path: String, _ fill: () throws(StoreError) -> Void) throws(StoreError) {
        let isThere: Bool
        do throws(POSIXError) { isThere = try Files.status(path) != nil } catch {
            throw StoreError(.unavailable, path: path, reason: "\(error)")
        }
        guard !isThere else {
            throw StoreError(.exists, path: path, reason: "a file is there already: move it away, or name another path")
        }
        do throws(StoreError) {
            try fill()
        } catch {
            for suffix in ["", "-wal", "-shm", ".witnessed"] { try? Files.remove(path + suffix) }
            throw error
        }
    }

    private static func export(_ source: PostgresTransfer, to path: String) throws(StoreError) {
        let origin = try source.origin()
        try SQLiteStore.create(
            path: path,
            identity: origin.identity,
            at: UnixTime(milliseconds: origin.created)
        )
        let sink = try SQLiteTransfer(filling: path)
        try StoreTransfer.carryLedger(0..<(source.head()?.size ?? 0), from: source, to: sink)
        try StoreTransfer.carryRest(from: source, to: sink)
        try sink.commit()
    }

    /// Copies a SQLite store page by page, as it is at one moment, with what witnesses have cosigned.
    private static func copy(_ origin: String, to path: String) throws(StoreError) {
        let witnessed: [UInt8]
        do throws(POSIXError) {
            let note = "\(origin).witnessed"
            witnessed = try Files.status(note) == nil ? [] : try Files.read(note, limit: SignedNote.largest)
            try Files.writeNew(path, [], mode: 0o600)
        } catch {
            throw StoreError(.unavailable, path: path, reason: "\(error)")
        }
        do throws(SQLiteError) {
            let source = try SQLiteConnection(path: origin, mode: .readWrite)
            source.setBusyTimeout(milliseconds: 5_000)
            try source.copy(to: SQLiteConnection(path: path, mode: .readWrite))
        } catch {
            throw StoreError(error, path: path)
        }
        guard !witnessed.isEmpty else { return }
        do throws(POSIXError) { try Files.replace("\(path).witnessed", witnessed) } catch {
            throw StoreError(.unavailable, path: path, reason: "\(error)")
        }
    }
}
