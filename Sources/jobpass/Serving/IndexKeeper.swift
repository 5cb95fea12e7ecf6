internal import Auditing
internal import EventLoop
internal import Ledger
internal import Logs
internal import POSIX

/// Keeps the auditors' index up with the ledger, on a thread of its own, for as long as the broker runs.
enum IndexKeeper {
    private static let every = Duration.seconds(1)
    /// How many turns after which the index is read into the system's memory again, which lets go of what nobody has asked for.
    private static let turnsInMemory = 600

    /// Indexes what has come until it is cancelled; a failure is logged once, and tried again.
    ///
    /// What another process has appended, such as an administrator's command, is published then too.
    static func keep(_ index: AuditIndex, of ledger: Ledger, log: Log, on loop: EventLoop) async {
        guard let thread = try? WorkerThread() else {
            return log.warning("the ledger is not indexed: there is no thread")
        }
        defer { thread.stop() }
        var isFailing = false
        var isChecked = false
        var turn = 0
        repeat {
            if turn.isMultiple(of: turnsInMemory) { await thread.run { index.readAhead() } }
            turn += 1
            do throws(LedgerError) {
                try await ledger.refresh()
                if !isChecked { try await thread.run { () throws(LedgerError) in try index.check() } }
                isChecked = true
                while try await thread.run({ () throws(LedgerError) in try index.advance() }), !Task.isCancelled {}
                isFailing = false
            } catch {
                if !isFailing {
                    log.warning("the ledger is not indexed, so that searches are slow", ["reason": "\(error)"])
                }
                isFailing = true
            }
        } while (try? await loop.sleep(for: every)) != nil
    }
}
