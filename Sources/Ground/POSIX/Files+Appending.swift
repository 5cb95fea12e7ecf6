internal import Glibc
internal import SwiftOverlayShims

extension Files {
    /// Adds bytes to the end of a regular file that is there, on a line of their own, in one call as far as the system takes it.
    ///
    /// - Throws: `POSIXError`, with `notRegular` where it is no such file.
    package static func append(_ path: String, _ bytes: [UInt8]) throws(POSIXError) {
        // Read as well, for the last byte; without O_NONBLOCK, a pipe in the file's place would be waited for.
        let file = try open(path, O_RDWR | O_APPEND | O_NONBLOCK, for: "append to")
        var status = stat()
        guard unsafe fstat(file.number, &status) == 0 else { throw .last("append to", path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw POSIXError(.notRegular, "append to", path) }
        var isLineOpen = false
        if status.st_size > 0 {
            var last: UInt8 = 0
            let count = uninterrupted { unsafe pread(file.number, &last, 1, status.st_size - 1) }
            guard count == 1 else { throw .last("append to", path) }
            isLineOpen = last != UInt8(ascii: "\n")
        }
        try file.write((isLineOpen ? [UInt8(ascii: "\n")] : []) + bytes, subject: path)
    }
}
