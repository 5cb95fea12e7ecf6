internal import Glibc

extension POSIXError {
    static let notFound = ENOENT
    static let brokenPipe = EPIPE

    /// The error of a call that has just failed on this thread.
    static func last(_ operation: String, _ subject: String) -> POSIXError {
        POSIXError(.system(errno), operation, subject)
    }

    /// The system's own words for an error number.
    static func text(ofErrno number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard unsafe strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// The result of a call, made again for as long as a signal interrupts it.
func uninterrupted<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}
