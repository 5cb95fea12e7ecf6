internal import Glibc
internal import SwiftOverlayShims

/// Whole files: read with a limit, made anew, or replaced so that a reader sees the old bytes or the new ones.
///
/// What is written is durable when the call returns: the file and the directory that names it are flushed.
package enum Files {
    /// Reads a file of at most so many bytes.
    ///
    /// - Throws: `POSIXError` on failure, with code `tooLarge` above the limit.
    package static func read(_ path: String, limit: Int = 1 << 24) throws(POSIXError) -> [UInt8] {
        try open(path, O_RDONLY, for: "read").readToEnd(limit: limit, subject: path)
    }

    /// Opens a file whose size may be any, to be read piece by piece; `-` is standard input.
    ///
    /// - Throws: `POSIXError` on failure.
    package static func openForReading(_ path: String) throws(POSIXError) -> FileDescriptor {
        try open(path == "-" ? "/dev/stdin" : path, O_RDONLY, for: "read")
    }

    /// Reads a text file of at most so many bytes.
    ///
    /// - Throws: `POSIXError` on failure, with code `notText` where it is no UTF-8.
    package static func readText(_ path: String, limit: Int = 1 << 24) throws(POSIXError) -> String {
        guard let text = String(validating: try read(path, limit: limit), as: UTF8.self) else {
            throw POSIXError(.notText, "read", path)
        }
        return text
    }

    /// Makes a file that is not there yet, with exactly this mode.
    ///
    /// - Throws: `POSIXError`, with `EEXIST` where anything has that name; what was begun is removed again.
    package static func writeNew(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws(POSIXError) {
        try write(path, bytes, mode: mode, for: "create")
        do throws(POSIXError) { try flushDirectory(of: path) } catch {
            unsafe unlink(path)
            throw error
        }
    }

    /// Puts a whole new file in an old one's place, or where none is.
    ///
    /// A crash leaves the old file or the new one, and at worst a stray file whose name begins with the path's and ends in `.new`.
    ///
    /// - Throws: `POSIXError`; the old file is then untouched.
    package static func replace(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws(POSIXError) {
        let fresh = "\(path).\(getpid()).new"
        unsafe unlink(fresh)
        try write(fresh, bytes, mode: mode, for: "replace")
        guard unsafe Glibc.rename(fresh, path) == 0 else {
            let failure = POSIXError.last("replace", path)
            unsafe unlink(fresh)
            throw failure
        }
        try flushDirectory(of: path)
    }

    /// Gives a file another name that nothing has yet.
    ///
    /// - Throws: `POSIXError`, with `EEXIST` where anything has that name; the file then keeps its own.
    package static func rename(_ path: String, toNew name: String) throws(POSIXError) {
        // A name that is there is left alone, which rename(2) does not do.
        guard unsafe link(path, name) == 0 else { throw .last("rename", name) }
        unsafe unlink(path)
        try flushDirectory(of: name)
    }

    /// Removes a file.
    ///
    /// - Throws: `POSIXError` where it cannot be removed or is not there.
    package static func remove(_ path: String) throws(POSIXError) {
        guard unsafe unlink(path) == 0 else { throw .last("remove", path) }
    }

    /// The modes of files that libraries make from here on lack these permission bits.
    package static func setCreationMask(_ bits: UInt32) { umask(bits) }

    static func open(
        _ path: String,
        _ flags: Int32,
        mode: UInt32 = 0,
        for operation: String
    ) throws(POSIXError) -> FileDescriptor {
        guard !path.utf8.contains(0) else { throw POSIXError(.containsNUL, operation, path) }
        let number = uninterrupted { unsafe Glibc.open(path, flags | O_CLOEXEC, mode) }
        guard number >= 0 else { throw .last(operation, path) }
        return FileDescriptor(owning: number)
    }

    private static func write(
        _ path: String,
        _ bytes: [UInt8],
        mode: UInt32,
        for operation: String
    ) throws(POSIXError) {
        let file = try open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode, for: operation)
        do throws(POSIXError) {
            // The creation mask may have taken bits away that were asked for.
            guard fchmod(file.number, mode) == 0 else { throw .last(operation, path) }
            try file.write(bytes, subject: path)
            guard fsync(file.number) == 0 else { throw .last(operation, path) }
        } catch {
            unsafe unlink(path)
            throw error
        }
    }

    private static func flushDirectory(of path: String) throws(POSIXError) {
        let directory = Paths.parent(of: path)
        let descriptor = try open(directory, O_RDONLY | O_DIRECTORY, for: "flush")
        // EINVAL is the answer of file systems that have nothing to flush for a directory (fsync(2)).
        guard fsync(descriptor.number) == 0 || errno == EINVAL else { throw .last("flush", directory) }
    }
}
