internal import Glibc

/// The signals that a thread held back before it began to run a loop.
struct SignalMask {
    private let before: sigset_t

    /// Blocks SIGPIPE for the calling thread.
    static func blockingBrokenPipe() -> SignalMask {
        var brokenPipe = sigset_t()
        unsafe sigemptyset(&brokenPipe)
        unsafe sigaddset(&brokenPipe, SIGPIPE)
        var before = sigset_t()
        unsafe pthread_sigmask(SIG_BLOCK, &brokenPipe, &before)
        return SignalMask(before: before)
    }

    /// Gives the thread the mask it had; a SIGPIPE that came meanwhile is dropped first, for it was one connection's.
    func restore() {
        var brokenPipe = sigset_t()
        unsafe sigemptyset(&brokenPipe)
        unsafe sigaddset(&brokenPipe, SIGPIPE)
        var noWait = timespec()
        while unsafe sigtimedwait(&brokenPipe, nil, &noWait) == SIGPIPE {}
        var before = before
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
    }
}
