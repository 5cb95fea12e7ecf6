internal import CGlibc
internal import Glibc
internal import Locks
internal import SwiftOverlayShims

/// The way of a child's output through this program: a pipe or, where the output is to end on a terminal, a terminal of the
/// child's own, so that programs which look for one behave as they do there.
package final class OutputChannel: Sendable {
    /// What the terminal of the child does with what passes.
    package enum Discipline: Sendable {
        /// Nothing: the terminal to which the output goes on does it.
        case passing
        /// All that a terminal does, as it is the one from which the child is controlled.
        case controlling
    }

    /// The descriptor of this program to which the output goes on.
    package let target: Int32
    /// The name of the child's terminal; nil for a pipe.
    package let terminal: String?
    private let source: Lock<FileDescriptor?>
    private let childSide: Lock<FileDescriptor?>
    /// The terminal's control, for its size and for what is typed; -1 for a pipe.
    private let control: FileDescriptor

    /// Opens a channel to one of this program's outputs.
    ///
    /// - Throws: `POSIXError` where the process has no descriptors left, or the system no terminals.
    package init(to target: Int32, _ discipline: Discipline = .passing) throws(POSIXError) {
        self.target = target
        guard Terminal.isTerminal(target) else {
            var ends: [Int32] = [-1, -1]
            guard unsafe cglibc_pipe(&ends) == 0 else { throw .last("create", "a pipe") }
            source = Lock(FileDescriptor(owning: ends[0]))
            childSide = Lock(FileDescriptor(owning: ends[1]))
            control = FileDescriptor(owning: -1)
            terminal = nil
            return
        }
        var name = [CChar](repeating: 0, count: 128)
        let number = unsafe cglibc_open_terminal(&name, UInt(name.count))
        guard number >= 0 else { throw .last("create", "a terminal") }
        let control = FileDescriptor(owning: number)
        let path = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let device = try Files.open(path, O_RDWR | O_NOCTTY, for: "open")
        var settings = termios()
        if unsafe tcgetattr(target, &settings) == 0 {
            if discipline == .passing { unsafe cfmakeraw(&settings) }
            unsafe tcsetattr(device.number, TCSANOW, &settings)
        }
        let duplicate = fcntl(number, F_DUPFD_CLOEXEC, 3)
        guard duplicate >= 0 else { throw .last("create", "a terminal") }
        source = Lock(FileDescriptor(owning: duplicate))
        childSide = Lock(consume device)
        self.control = consume control
        terminal = path
        resize()
    }

    /// Where the child's stream leads; until `handOver`.
    package var stream: Process.Stream {
        childSide.withLock { side in
            switch side {
            case .some(let descriptor): .descriptor(descriptor.number)
            case .none: .null
            }
        }
    }

    /// Leaves the child's side to the child alone, which was started: so the end of its output can be seen.
    package func handOver() { childSide.withLock { $0 = nil } }

    /// What the child writes, to be read by one; nil once it was taken.
    package func takeSource() -> FileDescriptor? { source.withLock { $0.take() } }

    /// Makes the child's terminal as large as the one on which its output ends; the child is told by SIGWINCH.
    package func resize() {
        var size = winsize()
        guard terminal != nil, unsafe ioctl(target, UInt(TIOCGWINSZ), &size) == 0 else { return }
        _ = unsafe ioctl(control.number, UInt(TIOCSWINSZ), &size)
    }

    /// Types on the child's terminal.
    ///
    /// - Throws: `POSIXError` where nobody has it open any more.
    package func type(_ keys: [UInt8]) throws(POSIXError) { try control.write(keys, subject: "the child's terminal") }
}

/// A terminal whose every key goes to this program as it is, until the settings it had are put back.
package struct RawTerminal: ~Copyable, Sendable {
    private let descriptor: Int32
    private let before: termios

    /// Switches the terminal behind a descriptor over; nil where there is none, or where this process is in its background
    /// and may not.
    package init?(_ descriptor: Int32) {
        var settings = termios()
        guard tcgetpgrp(descriptor) == getpgrp(), unsafe tcgetattr(descriptor, &settings) == 0 else { return nil }
        let before = settings
        unsafe cfmakeraw(&settings)
        guard unsafe tcsetattr(descriptor, TCSADRAIN, &settings) == 0 else { return nil }
        self.before = before
        self.descriptor = descriptor
    }

    deinit {
        var before = before
        unsafe tcsetattr(descriptor, TCSADRAIN, &before)
    }
}
