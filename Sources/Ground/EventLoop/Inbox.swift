internal import Locks

/// Something to run on a loop's thread.
enum Work {
    case job(UnownedJob)
    case closure(@Sendable () -> Void)
}

/// What other threads have sent to a loop: many add, one takes.
final class Inbox: Sendable {
    private struct Content {
        var work: [Work] = []
        /// Whether the loop is, or is about to be, in libevent's wait, so that whoever comes first must wake it.
        var isAsleep = false
        var isClosed = false
    }

    private let content = Lock(Content())

    /// Adds work; true where the caller must wake the loop.
    func add(_ new: Work) -> Bool {
        content.withLock { content in
            if content.isClosed { return false }
            content.work.append(new)
            defer { content.isAsleep = false }
            return content.isAsleep
        }
    }

    /// Whether there is nothing to do, so that the loop may wait; until `takeAll`, whoever adds then wakes it.
    func mayWait() -> Bool {
        content.withLock { content in
            content.isAsleep = content.work.isEmpty
            return content.isAsleep
        }
    }

    /// Takes everything, for the loop to run.
    func takeAll() -> [Work] {
        content.withLock { content in
            content.isAsleep = false
            return Inbox.takeAll(&content.work)
        }
    }

    /// Lets go of what is there, and of what is added later: nobody will run it.
    func close() {
        let left = content.withLock { content in
            content.isClosed = true
            return Inbox.takeAll(&content.work)
        }
        _ = left  // what it holds may add work as it goes, and so goes without the lock
    }

    /// Takes a list's content and leaves it empty; an empty one costs no allocation.
    static func takeAll(_ work: inout [Work]) -> [Work] {
        if work.isEmpty { return [] }
        var taken: [Work] = []
        taken.reserveCapacity(work.count)
        swap(&taken, &work)
        return taken
    }
}
