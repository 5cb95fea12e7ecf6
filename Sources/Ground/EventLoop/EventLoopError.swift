internal import Glibc

/// Why a loop, or something on it, could not be made.
package struct EventLoopError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What the system refused.
    package enum Code: Equatable, Sendable {
        /// Memory for an event.
        case memory
        /// A descriptor, or to watch one.
        case descriptor
        /// A thread to run the loop on.
        case thread
    }

    package let code: Code
    /// The system's error number.
    package let number: Int32

    /// Makes an error of a code and the system's error number.
    init(_ code: Code, number: Int32 = errno) {
        self.code = code
        self.number = number
    }

    package var description: String { "the event loop was refused a \(code) (error \(number))" }
}
