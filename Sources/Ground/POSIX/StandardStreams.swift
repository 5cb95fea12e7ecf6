internal import CGlibc
internal import Glibc
internal import SwiftOverlayShims

/// Standard input, read whole.
package enum StandardInput {
    package static let descriptor = STDIN_FILENO

    /// Reads to the end, at most so many bytes.
    ///
    /// - Throws: `POSIXError` on failure, with code `tooLarge` above the limit.
    package static func readAll(limit: Int = 1 << 24) throws(POSIXError) -> [UInt8] {
        try FileDescriptor.readToEnd(STDIN_FILENO, limit: limit, subject: "standard input")
    }

    /// Reads once what is there, waiting for the first byte; empty at the end.
    ///
    /// - Throws: `POSIXError` on failure.
    package static func next(atMost count: Int) throws(POSIXError) -> [UInt8] {
        try FileDescriptor.read(STDIN_FILENO, once: count, subject: "standard input")
    }

    /// Whether a person would have to type it.
    package static var isTerminal: Bool { Terminal.isTerminal(STDIN_FILENO) }
}

/// Standard output: results, and nothing else.
package enum StandardOutput {
    package static let descriptor = STDOUT_FILENO

    /// Writes all the bytes, unbuffered.
    ///
    /// - Throws: `POSIXError`, with `EPIPE` where the reader has gone.
    package static func write(_ bytes: [UInt8]) throws(POSIXError) {
        try FileDescriptor.write(bytes, to: STDOUT_FILENO, subject: "standard output")
    }

    /// Writes a text, unbuffered.
    ///
    /// - Throws: `POSIXError`, with `EPIPE` where the reader has gone.
    package static func write(_ text: String) throws(POSIXError) { try write(Array(text.utf8)) }
}

/// Standard error: everything that is said to a person or a log.
package enum StandardError {
    package static let descriptor = STDERR_FILENO

    /// Writes a text in one call as far as the system takes it; where nobody can read it, nothing can be done.
    package static func write(_ text: String) { write(Array(text.utf8)) }

    /// Writes bytes in one call as far as the system takes them.
    package static func write(_ bytes: [UInt8]) {
        try? FileDescriptor.write(bytes, to: STDERR_FILENO, subject: "standard error")
    }
}

/// The two streams that a program writes to.
package enum StandardStreams {
    /// Whether output and error lead to one and the same pipe, file or terminal, so that their order counts.
    package static var areOne: Bool {
        var output = stat()
        var error = stat()
        guard unsafe fstat(STDOUT_FILENO, &output) == 0, unsafe fstat(STDERR_FILENO, &error) == 0 else { return false }
        return output.st_dev == error.st_dev && output.st_ino == error.st_ino
    }
}
