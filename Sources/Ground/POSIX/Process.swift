internal import CGlibc
internal import Glibc
internal import SwiftOverlayShims

/// A child process that was started and not yet waited for.
///
/// It gets the arguments, the environment and the standard streams that it is given. Descriptors that this program opened
/// are closed in it; those that this program was itself started with stay open, as the job server of make(1) needs. No
/// signal is blocked in it, and SIGPIPE does what it always does.
package struct Process: ~Copyable, Sendable {
    /// Where a standard stream of the child leads.
    package enum Stream: Sendable {
        /// To where this program's own leads.
        case inherit
        /// Nowhere.
        case null
        /// To a descriptor that stays open until the child is started.
        case descriptor(Int32)
        /// To a terminal, opened by its name for reading and writing.
        case terminal(String)
    }

    /// The number of the process; its group is this program's own.
    package let id: Int32
    /// Readable once the child has ended (pidfd_open(2)).
    package let ended: FileDescriptor

    /// Starts a program; a name without `/` is looked up in this program's `PATH`.
    ///
    /// In a session of its own, the terminal that is its standard input becomes the one that controls it.
    ///
    /// - Throws: `POSIXError`: `ENOENT` where there is no such program, `EACCES` where it may not be run.
    package init(
        _ program: String,
        _ arguments: [String] = [],
        environment: Environment,
        input: Stream = .inherit,
        output: Stream = .inherit,
        error: Stream = .inherit,
        inOwnSession: Bool = false
    ) throws(POSIXError) {
        let line = try CStrings([program] + arguments, for: "start with the argument")
        let variables = try CStrings(environment.entries, for: "start with the variable")
        let plan = SpawnPlan(inOwnSession: inOwnSession)
        try plan.connect(input, to: STDIN_FILENO, flags: O_RDONLY)
        try plan.connect(output, to: STDOUT_FILENO, flags: O_WRONLY)
        try plan.connect(error, to: STDERR_FILENO, flags: O_WRONLY)
        var id: pid_t = 0
        let failure = unsafe posix_spawnp(
            &id,
            program,
            plan.actions,
            plan.attributes,
            line.pointer,
            variables.pointer
        )
        guard failure == 0 else { throw POSIXError(.system(failure), "start", program) }
        let watch = pidfd_open(id, 0)
        guard watch >= 0 else {
            let failure = POSIXError.last("watch", program)
            kill(id, SIGKILL)
            _ = uninterrupted { waitpid(id, nil, 0) }
            throw failure
        }
        self.id = id
        ended = FileDescriptor(owning: watch)
    }

    /// Sends the child a signal; nothing where it has ended.
    package borrowing func send(_ signal: Signal) { kill(id, signal.rawValue) }

    /// Waits until the child has ended.
    package consuming func wait() -> ProcessStatus {
        var status: Int32 = 0
        let id = id
        _ = uninterrupted { unsafe waitpid(id, &status, 0) }
        return ProcessStatus(waitStatus: status)
    }

    /// Waits for at most so many milliseconds until the child has ended, and says whether it has.
    package borrowing func hasEnded(within milliseconds: Int32) -> Bool {
        var poll = pollfd(fd: ended.number, events: Int16(POLLIN), revents: 0)
        return unsafe Glibc.poll(&poll, 1, milliseconds) == 1
    }
}

/// How a process ended.
package enum ProcessStatus: Equatable, Sendable {
    case exited(Int32)
    case signalled(Signal)

    init(waitStatus status: Int32) {
        // The layout that WIFEXITED and its like of wait(2) read, which Swift does not import, being macros.
        self = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .signalled(Signal(rawValue: status & 0x7F))
    }

    /// What a shell would answer for it: the exit code itself, or 128 and the signal's number.
    package var code: Int32 {
        switch self {
        case .exited(let code): code
        case .signalled(let signal): 128 + signal.rawValue
        }
    }
}

/// What posix_spawn(3) is to do in the child before the program starts.
@safe
private final class SpawnPlan {
    let actions: UnsafeMutablePointer<posix_spawn_file_actions_t>
    let attributes: UnsafeMutablePointer<posix_spawnattr_t>

    init(inOwnSession: Bool) {
        unsafe actions = .allocate(capacity: 1)
        unsafe attributes = .allocate(capacity: 1)
        unsafe posix_spawn_file_actions_init(actions)
        unsafe posix_spawnattr_init(attributes)
        var none = sigset_t()
        unsafe sigemptyset(&none)
        var broken = none
        unsafe sigaddset(&broken, SIGPIPE)
        unsafe posix_spawnattr_setsigmask(attributes, &none)
        unsafe posix_spawnattr_setsigdefault(attributes, &broken)
        let session = inOwnSession ? cglibc_spawn_in_own_session() : 0
        unsafe posix_spawnattr_setflags(attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) | session)
    }

    deinit {
        unsafe posix_spawn_file_actions_destroy(actions)
        unsafe posix_spawnattr_destroy(attributes)
        unsafe actions.deallocate()
        unsafe attributes.deallocate()
    }

    func connect(_ stream: Process.Stream, to number: Int32, flags: Int32) throws(POSIXError) {
        let failure: Int32 =
            switch stream {
            case .inherit: 0
            case .null: unsafe posix_spawn_file_actions_addopen(actions, number, "/dev/null", flags, 0)
            case .descriptor(let source): unsafe posix_spawn_file_actions_adddup2(actions, source, number)
            case .terminal(let path): unsafe posix_spawn_file_actions_addopen(actions, number, path, O_RDWR, 0)
            }
        guard failure == 0 else { throw POSIXError(.system(failure), "connect", "a standard stream") }
    }
}
