internal import CGlibc
internal import Glibc

/// An open file, pipe or device, closed when its owner is gone.
@safe
package struct FileDescriptor: ~Copyable, Sendable {
    /// The number that the system knows it by.
    package let number: Int32

    /// Takes over an open descriptor; nobody else may close it.
    package init(owning number: Int32) { self.number = number }

    deinit { close(number) }

    /// Makes a pipe whose two ends are closed in child processes unless they are handed over.
    ///
    /// - Throws: `POSIXError` where the process has no descriptors left.
    package static func pipe() throws(POSIXError) -> Pipe {
        var ends: [Int32] = [-1, -1]
        guard unsafe cglibc_pipe(&ends) == 0 else { throw .last("create", "a pipe") }
        return Pipe(reading: FileDescriptor(owning: ends[0]), writing: FileDescriptor(owning: ends[1]))
    }

    /// Makes a file that lives in memory, has no name in any directory and dies with its descriptors.
    ///
    /// - Throws: `POSIXError` where the process has no descriptors left.
    package static func inMemory(_ label: String) throws(POSIXError) -> FileDescriptor {
        let number = unsafe cglibc_file_in_memory(label)
        guard number >= 0 else { throw .last("create", "a file in memory") }
        return FileDescriptor(owning: number)
    }

    /// Reads from where the descriptor stands to the end; `subject` names it in errors.
    ///
    /// The whole is read into one allocation of the limit's or the file's size, so that no copy of a secret is left
    /// behind by growth.
    ///
    /// - Throws: `POSIXError` on failure, and with code `tooLarge` where there is more than the limit.
    package func readToEnd(limit: Int, subject: String) throws(POSIXError) -> [UInt8] {
        try Self.readToEnd(number, limit: limit, subject: subject)
    }

    /// Reads once what is there, waiting for the first byte; empty at the end.
    ///
    /// - Throws: `POSIXError` on failure.
    package func read(atMost count: Int, subject: String) throws(POSIXError) -> [UInt8] {
        try Self.read(number, once: count, subject: subject)
    }

    /// Writes all the bytes; `subject` names the descriptor in errors.
    ///
    /// - Throws: `POSIXError` on failure; part of the bytes may then be written.
    package func write(_ bytes: [UInt8], subject: String) throws(POSIXError) {
        try Self.write(bytes, to: number, subject: subject)
    }

    /// Writes all the bytes to a descriptor that somebody else owns and keeps open.
    ///
    /// - Throws: `POSIXError` on failure; part of the bytes may then be written.
    package static func write(_ bytes: [UInt8], to number: Int32) throws(POSIXError) {
        try write(bytes, to: number, subject: "output")
    }

    /// Returns to the first byte, to read what was written.
    package func rewind() { lseek(number, 0, SEEK_SET) }
}

/// The two ends of a pipe.
package struct Pipe: ~Copyable, Sendable {
    package let reading: FileDescriptor
    /// Nil once it is closed here.
    private var writing: FileDescriptor?

    init(reading: consuming FileDescriptor, writing: consuming FileDescriptor) {
        self.reading = reading
        self.writing = consume writing
    }

    /// The end to hand to a child as its output; leads nowhere once it is closed here.
    package var forOutput: Process.Stream {
        switch writing {
        case .some(let descriptor): .descriptor(descriptor.number)
        case .none: .null
        }
    }

    /// Closes the end that a child process writes to, so that its end is the end of what is read.
    package mutating func closeWriting() { writing = nil }
}
