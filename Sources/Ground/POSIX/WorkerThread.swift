internal import CGlibc
internal import Glibc
internal import SwiftOverlayShims

/// A thread for calls that block, such as a database's: a task executor that runs one job after another.
///
/// Jobs run in the order in which they came, each to its next suspension. The thread lives, and keeps this object alive,
/// until `stop`.
package final class WorkerThread: TaskExecutor, Sendable {
    private let queue = JobQueue()

    /// Starts a thread.
    ///
    /// - Throws: `POSIXError` where the system gives none.
    package init() throws(POSIXError) {
        let argument = unsafe Unmanaged.passRetained(self).toOpaque()
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<WorkerThread>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            },
            argument
        )
        guard result == 0 else {
            unsafe Unmanaged<WorkerThread>.fromOpaque(argument).release()
            throw POSIXError(.system(result), "start", "a thread")
        }
        pthread_detach(thread)
    }

    package func enqueue(_ job: consuming ExecutorJob) { queue.append(UnownedJob(job)) }

    /// Runs a call that blocks on this thread, while the caller's own thread goes on with other work.
    ///
    /// - Throws: what the call throws.
    package func run<Answer: Sendable, Failure: Error>(
        _ call: @Sendable () throws(Failure) -> Answer
    ) async throws(Failure) -> Answer {
        try await withTaskExecutorPreference(self) { () async throws(Failure) -> Answer in try call() }
    }

    /// Ends the thread once what has been enqueued is done; a job that comes later stops the program.
    package func stop() { queue.close() }

    /// Lets the calling thread, which must be a worker, sleep for a short time.
    package static func pause(for duration: Duration) {
        let (seconds, attoseconds) = duration.components
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
        // A signal ends the sleep early, which no caller may mind.
        unsafe nanosleep(&time, nil)
    }

    /// Lets the calling thread, which must be a worker, have the processor only as far as others leave it, as long as it lives.
    ///
    /// It still gets a tenth of a busy processor, so that no lock that it holds is held for long.
    package static func giveWay() {
        // On Linux this is of the calling thread alone (setpriority(2), "C library/kernel differences").
        let niceness: Int32 = 10
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
    }

    private func run() {
        while let jobs = queue.takeAll() {
            for job in jobs {
                unsafe job.runSynchronously(on: asUnownedTaskExecutor())
            }
        }
    }
}

/// The jobs of a worker: many threads add, one takes.
@safe
private final class JobQueue: @unchecked Sendable {  // Every access to what changes is between lock and unlock.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let filled: UnsafeMutablePointer<pthread_cond_t>
    private var jobs: [UnownedJob] = []
    private var isClosed = false

    init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe filled = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe pthread_cond_init(filled, nil)
    }

    deinit {
        unsafe pthread_cond_destroy(filled)
        unsafe pthread_mutex_destroy(mutex)
        unsafe filled.deallocate()
        unsafe mutex.deallocate()
    }

    func append(_ job: UnownedJob) {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        precondition(!isClosed, "a job was given to a worker that has been stopped")
        jobs.append(job)
        if jobs.count == 1 { unsafe pthread_cond_signal(filled) }
    }

    /// Waits for jobs; nil once the queue is closed and empty.
    func takeAll() -> [UnownedJob]? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        while jobs.isEmpty, !isClosed { unsafe pthread_cond_wait(filled, mutex) }
        guard !jobs.isEmpty else { return nil }
        var taken: [UnownedJob] = []
        swap(&taken, &jobs)
        return taken
    }

    func close() {
        unsafe pthread_mutex_lock(mutex)
        isClosed = true
        unsafe pthread_cond_signal(filled)
        unsafe pthread_mutex_unlock(mutex)
    }
}
