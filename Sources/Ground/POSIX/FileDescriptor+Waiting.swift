internal import Glibc

extension FileDescriptor {
    /// What came first.
    package enum Event: Equatable, Sendable {
        /// There is something to read, or the end.
        case readable
        /// The other descriptor is readable.
        case other
        /// Neither, in the time given.
        case timeout
    }

    /// Waits until there is something to read here or, if nothing is, until another descriptor is readable.
    ///
    /// Without `milliseconds` it waits for as long as that takes.
    package borrowing func wait(or other: Int32?, milliseconds: Int32? = nil) -> Event {
        var polls = [
            pollfd(fd: number, events: Int16(POLLIN), revents: 0),
            // A negative number is passed over (poll(2)).
            pollfd(fd: other ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        let count = uninterrupted { unsafe poll(&polls, 2, milliseconds ?? -1) }
        if count <= 0 { return .timeout }
        return polls[0].revents != 0 ? .readable : .other
    }
}

extension POSIXError {
    /// Whether nobody has the terminal open any more whose control was read.
    package var isTerminalClosed: Bool { code == .system(EIO) }
}
