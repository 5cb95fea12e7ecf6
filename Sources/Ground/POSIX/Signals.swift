internal import CGlibc
internal import Glibc
internal import SwiftOverlayShims

/// A signal, by its number.
package struct Signal: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package static let hangUp = Signal(rawValue: SIGHUP)
    package static let interrupt = Signal(rawValue: SIGINT)
    package static let quit = Signal(rawValue: SIGQUIT)
    package static let terminate = Signal(rawValue: SIGTERM)
    package static let kill = Signal(rawValue: SIGKILL)
    package static let user1 = Signal(rawValue: SIGUSR1)
    package static let user2 = Signal(rawValue: SIGUSR2)
    package static let brokenPipe = Signal(rawValue: SIGPIPE)
    /// The terminal has another size.
    package static let windowChange = Signal(rawValue: SIGWINCH)

    package var description: String {
        let names: [Signal: String] = [
            .hangUp: "SIGHUP", .interrupt: "SIGINT", .quit: "SIGQUIT", .terminate: "SIGTERM", .kill: "SIGKILL",
            .user1: "SIGUSR1", .user2: "SIGUSR2", .brokenPipe: "SIGPIPE", .windowChange: "SIGWINCH",
        ]
        return names[self] ?? "signal \(rawValue)"
    }

    /// Makes a write to a closed pipe or connection an error of that write, not the program's end.
    package static func ignoreBrokenPipes() { _ = Glibc.signal(SIGPIPE, SIG_IGN) }
}

/// The signals that a program takes in its own time, read from a descriptor (signalfd(2)).
///
/// Made on the first thread before there are others: the signals stay blocked in every thread that is started later, and
/// for as long as the process lives. A signal that was ignored when the program started (as nohup(1) does) stays ignored.
package final class SignalWatch: Sendable {
    /// One signal that came.
    package struct Arrival: Equatable, Sendable {
        package let signal: Signal
        /// Whether the terminal sent it, and so sent it to every process in the foreground.
        package let fromTerminal: Bool

        /// Makes an arrival.
        package init(_ signal: Signal, fromTerminal: Bool) {
            self.signal = signal
            self.fromTerminal = fromTerminal
        }
    }

    /// Readable while a signal waits.
    package let descriptor: FileDescriptor

    /// Starts to take these signals, but those that are ignored: Linux would queue them all the same while they are blocked.
    ///
    /// - Throws: `POSIXError` where the process has no descriptors left.
    package init(_ signals: [Signal]) throws(POSIXError) {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals where cglibc_is_ignored(signal.rawValue) == 0 {
            unsafe sigaddset(&set, signal.rawValue)
        }
        let failure = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        guard failure == 0 else { throw POSIXError(.system(failure), "block", "signals") }
        let number = unsafe signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
        guard number >= 0 else { throw .last("watch", "signals") }
        descriptor = FileDescriptor(owning: number)
    }

    /// The next signal that waits; nil where none does.
    package func poll() -> Arrival? {
        var information = signalfd_siginfo()
        let number = descriptor.number
        let size = MemoryLayout<signalfd_siginfo>.size
        let count = uninterrupted { unsafe read(number, &information, size) }
        guard count == size else { return nil }
        let signal = Signal(rawValue: Int32(information.ssi_signo))
        return Arrival(signal, fromTerminal: information.ssi_code == Int32(SI_KERNEL))
    }

    /// Waits for the next signal or until the child has ended; nil then.
    package func next(until child: borrowing Process) -> Arrival? {
        while true {
            if let arrival = poll() { return arrival }
            var polls = [
                pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: child.ended.number, events: Int16(POLLIN), revents: 0),
            ]
            _ = unsafe Glibc.poll(&polls, 2, -1)
            if polls[0].revents == 0, polls[1].revents != 0 { return nil }
        }
    }
}
