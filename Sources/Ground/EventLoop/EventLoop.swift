internal import CEvent
internal import Glibc
internal import Synchronization

/// EventLoop owns one thread of the program: one libevent base on it, and the queue of Swift jobs that run between its
/// turns.
///
/// It is a task executor, so a handler is plain `async` code that never leaves its thread but to wait.
///
/// It never blocks but in libevent's own wait, and knows no protocol: HTTPServer and HTTPClient put their descriptors and
/// timers on it. Watches and timers belong to the loop's thread alone; `enqueue`, `execute` and `stop` may be called from
/// anywhere.
///
/// While a thread runs a loop it blocks SIGPIPE: libevent writes with writev(2), and a peer that goes away must be an
/// error of one connection, never the end of the program.
@safe package final class EventLoop: TaskExecutor, Sendable {
    /// libevent's own base, for the modules that put a library of their own on this loop; only on the loop's thread.
    nonisolated(unsafe) package let base: OpaquePointer  // event_base *

    private let waker: Waker
    private let inbox = Inbox()
    /// The `pthread_t` that runs the loop, or 0.
    private let thread = Atomic<UInt>(0)
    /// Jobs enqueued by the loop's own thread, which alone touches them: no lock, no wake-up.
    nonisolated(unsafe) private var local: [Work] = []
    /// Whether `stop` has had its turn; touched by the loop's own thread alone.
    nonisolated(unsafe) private var isStopped = false

    /// Makes a loop that nothing runs yet.
    ///
    /// - Throws: `EventLoopError` where the system gives no more descriptors or memory.
    package init() throws(EventLoopError) {
        guard let configuration = unsafe event_config_new() else { throw EventLoopError(.memory) }
        defer { unsafe event_config_free(configuration) }
        // No lock inside the base: one thread uses it. No variable of the environment switches its ways of waiting. A change
        // list folds what is registered and unregistered within one turn.
        let flags = [EVENT_BASE_FLAG_NOLOCK, EVENT_BASE_FLAG_IGNORE_ENV, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST]
        for flag in flags { unsafe event_config_set_flag(configuration, Int32(flag.rawValue)) }
        guard let base = unsafe event_base_new_with_config(configuration) else {
            throw EventLoopError(.descriptor)
        }
        let waker: Waker
        do throws(EventLoopError) {
            waker = try unsafe Waker(on: base)
        } catch {
            unsafe event_base_free(base)
            throw error
        }
        unsafe self.base = base
        self.waker = waker
    }

    deinit {
        waker.close()
        unsafe event_base_free(base)
    }

    /// Whether the caller is on the loop's thread.
    package var isCurrent: Bool { thread.load(ordering: .relaxed) == pthread_self() }

    /// Stops the program where the caller is not on the loop's thread: what it was about to touch has no lock.
    package func preconditionIsCurrent() { precondition(isCurrent, "this belongs to its event loop's thread") }

    /// An event of this loop, for its owner to assign.
    func makeEvent() throws(EventLoopError) -> OpaquePointer {
        guard let event = unsafe event_new(base, -1, 0, { _, _, _ in }, nil) else { throw EventLoopError(.memory) }
        return unsafe event
    }

    /// Runs a job of a task that prefers this loop.
    package func enqueue(_ job: consuming ExecutorJob) { add(.job(UnownedJob(job))) }

    /// Runs a closure on the loop's thread, soon and never within this call.
    package func execute(_ closure: @escaping @Sendable () -> Void) { add(.closure(closure)) }

    /// Runs the loop on the calling thread until `stop`, or until the closure says that it is done; it is asked once a
    /// turn.
    package func run(until isDone: () -> Bool = { false }) {
        precondition(
            thread.compareExchange(expected: 0, desired: pthread_self(), ordering: .relaxed).exchanged,
            "an event loop runs on one thread at a time"
        )
        let mask = SignalMask.blockingBrokenPipe()
        defer {
            mask.restore()
            thread.store(0, ordering: .relaxed)
        }
        while unsafe !isStopped, !isDone() { turn() }
        guard unsafe isStopped else { return }
        // What holds the loop from within its own queues would never let it go.
        inbox.close()
        unsafe local = []
    }

    /// Ends the loop when all that was queued before has run; what is queued later never runs.
    package func stop() { execute { unsafe self.isStopped = true } }

    private func add(_ work: Work) {
        if isCurrent { return unsafe local.append(work) }
        if inbox.add(work) { waker.wake() }
    }

    /// One turn: libevent's callbacks, then the jobs they and other threads queued.
    ///
    /// Jobs queued meanwhile wait for the next turn, so that no chain of jobs keeps descriptors from being read.
    private func turn() {
        let mayWait = unsafe local.isEmpty && inbox.mayWait()
        unsafe event_base_loop(base, mayWait ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK)
        run(inbox.takeAll())
        unsafe run(Inbox.takeAll(&local))
    }

    private func run(_ batch: [Work]) {
        for work in batch {
            switch work {
            case .job(let job): unsafe job.runSynchronously(on: asUnownedTaskExecutor())
            case .closure(let closure): closure()
            }
        }
    }
}
