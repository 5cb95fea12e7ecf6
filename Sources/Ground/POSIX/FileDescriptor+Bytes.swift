internal import Glibc
internal import SwiftOverlayShims

extension FileDescriptor {
    /// Reads a descriptor that somebody else owns to its end.
    static func readToEnd(_ number: Int32, limit: Int, subject: String) throws(POSIXError) -> [UInt8] {
        let expected = min(limit, expectedSize(number) ?? limit) + 1
        var bytes = try read(number, atMost: expected, subject: subject)
        if bytes.count == expected, expected <= limit {
            // It has grown since its size was asked.
            bytes += try read(number, atMost: limit + 1 - expected, subject: subject)
        }
        guard bytes.count <= limit else { throw POSIXError(.tooLarge(limit: limit), "read", subject) }
        return bytes
    }

    /// Reads once from a descriptor that somebody else owns.
    static func read(_ number: Int32, once count: Int, subject: String) throws(POSIXError) -> [UInt8] {
        var failure: POSIXError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialised in
            let read = uninterrupted { unsafe Glibc.read(number, buffer.baseAddress, count) }
            // Here, as giving memory back may change `errno`.
            if read < 0 { failure = .last("read", subject) }
            initialised = max(0, read)
        }
        if let failure { throw failure }
        return bytes
    }

    /// Reads until the end or until there are as many bytes.
    private static func read(_ number: Int32, atMost capacity: Int, subject: String) throws(POSIXError) -> [UInt8] {
        var failure: POSIXError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            while count < capacity {
                let read = uninterrupted {
                    unsafe Glibc.read(number, buffer.baseAddress?.advanced(by: count), capacity - count)
                }
                if read < 0 { failure = .last("read", subject) }
                if read <= 0 { return }
                count += read
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Writes all the bytes to a descriptor that somebody else owns.
    static func write(_ bytes: [UInt8], to number: Int32, subject: String) throws(POSIXError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                uninterrupted {
                    unsafe Glibc.write(number, buffer.baseAddress?.advanced(by: written), buffer.count - written)
                }
            }
            guard count >= 0 else { throw .last("write", subject) }
            written += count
        }
    }

    /// The size of a regular file; nil for pipes, terminals and files of `/proc`, which do not tell.
    private static func expectedSize(_ number: Int32) -> Int? {
        var status = stat()
        guard unsafe fstat(number, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size > 0 else {
            return nil
        }
        return Int(status.st_size)
    }
}
