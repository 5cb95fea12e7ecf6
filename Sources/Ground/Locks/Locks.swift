internal import Glibc

/// Locks owns the one lock of the program, a value that one thread at a time may touch, and `Reply`, what one thread waits
/// for and another gives.
///
/// The lock is the system's mutex (POSIX.1-2024, `pthread_mutex_lock`) around a value, in the shape of the standard library's
/// `Mutex`, and takes its place: whoever has to wait for a `Mutex` waits in a call that ThreadSanitizer does not follow, so
/// that the tool takes what is guarded for a race. It never guards anything but its own value, and is held for no call that
/// blocks but a database's or a token's on the thread that is there for it.
@safe package final class Lock<Value: ~Copyable>: @unchecked Sendable {  // Its value is touched under the mutex.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    /// What whoever waits for the value holds meanwhile, where the lock is fair.
    private let door: UnsafeMutablePointer<pthread_mutex_t>?
    private let value: UnsafeMutablePointer<Value>

    /// Guards a value.
    ///
    /// A fair lock lets in whoever waits before whoever had it last: for a value that is held long, such as a database, by
    /// threads of which one would have it again at once.
    package init(_ value: consuming sending Value, isFair: Bool = false) {
        unsafe mutex = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        unsafe door = isFair ? .allocate(capacity: 1) : nil
        if let door = unsafe door { unsafe pthread_mutex_init(door, nil) }
        unsafe self.value = .allocate(capacity: 1)
        unsafe self.value.initialize(to: value)
    }

    deinit {
        unsafe value.deinitialize(count: 1)
        unsafe value.deallocate()
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
        guard let door = unsafe door else { return }
        unsafe pthread_mutex_destroy(door)
        unsafe door.deallocate()
    }

    /// Lets a closure have the value, and nobody else meanwhile; it must not lock the same lock again.
    ///
    /// - Throws: what the closure throws.
    package func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        if let door = unsafe door { unsafe pthread_mutex_lock(door) }
        unsafe pthread_mutex_lock(mutex)
        if let door = unsafe door { unsafe pthread_mutex_unlock(door) }
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try unsafe body(&value.pointee)
    }
}
