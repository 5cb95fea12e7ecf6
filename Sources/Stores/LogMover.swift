internal import Locks
internal import POSIX
internal import SQLite

/// Moves the write-ahead log into the store's file on a thread of its own, before it grows so long that a commit would have to.
///
/// A commit that moves a log of 4 MiB by itself takes 20 ms, and everybody waits for it. Here the writer waits only for the
/// last few pages, which were written while the others were moved: without that moment the log would never be empty under
/// load, and never begin anew.
final class LogMover: Sendable {
    /// Pages of the log, of 4 KiB each, from which it is moved.
    private static let enough = 4_000

    private let connection: Lock<SQLiteConnection>
    private let thread: WorkerThread
    private let state = Lock((isMoving: false, written: 0))

    init(path: String) throws(SQLiteError) {
        connection = Lock(try SQLiteConnection.open(store: path))
        do throws(POSIXError) {
            thread = try WorkerThread()
        } catch {
            throw SQLiteError(SQLiteError.Code.cannotOpen.rawValue, message: "\(error)")
        }
    }

    deinit { thread.stop() }

    /// Takes note of how many pages have been written in all, and begins to move the log where they are enough.
    func note(pagesWritten: Int, finish: @escaping @Sendable () -> Void) {
        let isDue = state.withLock { state in
            guard !state.isMoving, pagesWritten - state.written >= Self.enough else { return false }
            state = (true, pagesWritten)
            return true
        }
        guard isDue else { return }
        Task.detached(executorPreference: thread) {
            // What cannot be moved now stays in the log, where it is as durable; the next commits will say what is wrong.
            _ = try? self.connection.withLock { connection throws(SQLiteError) in try connection.checkpoint() }
            finish()
            self.state.withLock { $0.isMoving = false }
        }
    }
}
