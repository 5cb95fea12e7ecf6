internal import Locks
internal import POSIX
internal import SQLite
package import Time

/// A store in one SQLite file, in write-ahead mode and flushed at every commit.
///
/// One connection writes and one reads, each in a lock of its own, so that an auditor's query never holds up a token.
/// Several processes may have the same file open: a commit excludes the others, and what one has committed the next one
/// sees. All calls block: they belong on a `WorkerThread`.
package final class SQLiteStore: Sendable {
    /// Where the file is.
    package let path: String
    let writer: Lock<StoreWriter>
    let reader: Lock<StoreReader>
    private let mover: LogMover

    /// Opens a store.
    ///
    /// One of an older version of this program is brought to the present one, in one transaction.
    ///
    /// - Throws: `StoreError` where there is none, it is another program's or a newer version's, or others may use the file.
    package init(opening path: String) throws(StoreError) {
        try Self.checkMode(path)
        try Self.checkSchema(path)
        do throws(SQLiteError) {
            // The ledger must not wait while runs are registered one after another.
            writer = Lock(try StoreWriter(path: path), isFair: true)
            reader = Lock(try StoreReader(path: path))
            mover = try LogMover(path: path)
        } catch {
            throw StoreError(error, path: path)
        }
        self.path = path
    }

    /// Makes a store where there is no file yet, readable and writable by this user alone.
    ///
    /// `identity` is what tells this store from every other, drawn at random: secrets are sealed to it.
    ///
    /// - Throws: `StoreError`, with code `exists` where a file is there. What was begun is removed again.
    package static func create(path: String, identity: [UInt8], at moment: UnixTime) throws(StoreError) {
        do throws(POSIXError) {
            try Files.writeNew(path, [], mode: 0o600)
        } catch {
            guard (try? Files.status(path)) != nil else {
                throw StoreError(.unavailable, path: path, reason: "\(error)")
            }
            throw StoreError(.exists, path: path, reason: "a file is there already: use it, or give another path")
        }
        do throws(SQLiteError) {
            try Schema.create(in: path, identity: identity, at: moment)
        } catch {
            for suffix in ["", "-wal", "-shm"] { try? Files.remove(path + suffix) }
            throw StoreError(error, path: path)
        }
    }

    /// Has the log moved into the file where it has grown long; called after commits.
    func tendLog(pagesWritten: Int) {
        mover.note(pagesWritten: pagesWritten) {
            // While this lock is held nobody writes, so that what is left is moved and the log can begin anew.
            self.writer.withLock { writer in _ = try? writer.connection.checkpoint() }
        }
    }

    /// Nobody but the owner may write the file, and nobody but the owner's group read it: it holds every job's claims.
    private static func checkMode(_ path: String) throws(StoreError) {
        let status: FileStatus?
        do throws(POSIXError) {
            status = try Files.status(path)
        } catch {
            throw StoreError(.unavailable, path: path, reason: "\(error)")
        }
        guard let status else {
            throw StoreError(.missing, path: path, reason: "there is no such file; run 'jobpass init' to make one")
        }
        guard status.kind == .regular else {
            throw StoreError(.foreign, path: path, reason: "it is not a regular file; give the path of a store")
        }
        guard status.mode & 0o027 == 0 else {
            let mode = String(status.mode, radix: 8)
            let reason = "its mode is 0\(mode), so that others may read or change it; run: chmod 600 '\(path)'"
            throw StoreError(.looseMode, path: path, reason: reason)
        }
    }

    private static func checkSchema(_ path: String) throws(StoreError) {
        let application: Int64
        let version: Int64
        do throws(SQLiteError) {
            (application, version) = try Schema.stamp(of: path)
        } catch {
            throw StoreError(error, path: path)
        }
        guard application == Schema.applicationID else {
            throw StoreError(.foreign, path: path, reason: "it is not a store of jobpass; give another path")
        }
        guard (1...Schema.version).contains(version) else {
            let reason =
                "its schema is version \(version), and this jobpass reads versions 1 to \(Schema.version); use the other"
            throw StoreError(.version(version), path: path, reason: reason)
        }
        guard version < Schema.version else { return }
        do throws(SQLiteError) { try Schema.migrate(path) } catch { throw StoreError(error, path: path) }
    }
}

extension StoreError {
    /// The error of a database call made while a store is opened or created.
    init(_ error: SQLiteError, path: String) {
        switch error.code {
        case .notADatabase, .corrupt, .mismatch:
            self.init(.foreign, path: path, reason: "it cannot be read as a store (\(error)); restore a backup")
        default:
            self.init(.unavailable, path: path, reason: "\(error); is its directory writable, and is there space?")
        }
    }
}
