/// POSIX owns what the operating system offers a program besides the network: files, child processes, signals, terminals,
/// the environment and the command line.
///
/// It never guesses: a file that must be secret is refused where others may read it, a new file is refused where one
/// stands, and every failure names the call, the path and the system's own reason. It knows no word of the domain.
///
/// POSIX.1-2024 and Linux (`signalfd(2)`, `pidfd_open(2)`, `memfd_create(2)`); options as `getopt_long(3)` reads them.
package struct POSIXError: Error, Equatable, Sendable {
    /// What kind of failure it was.
    package enum Code: Hashable, Sendable {
        /// A call failed with this `errno`.
        case system(Int32)
        /// There is more than the limit in bytes.
        case tooLarge(limit: Int)
        /// Others than the owner may read or write the secret file; the permission bits it has.
        case looseMode(UInt32)
        /// The secret file belongs to another user, with this number.
        case foreignOwner(UInt32)
        /// The file is a directory, a device or a pipe.
        case notRegular
        /// The bytes are no UTF-8.
        case notText
        /// Nowhere is there a directory in memory for this user.
        case noMemoryDirectory
        /// A text that the system would cut at a NUL character.
        case containsNUL
        /// No option has this name.
        case unknownOption
        /// The option stands without the value that it needs.
        case missingValue
        /// The option was given a value and takes none.
        case unexpectedValue
        /// A descriptor that was handed over is no TCP socket that is listened on.
        case noListener
        /// The resolver has no address for the name, in its own words.
        case noSuchHost(String)
    }

    package let code: Code
    /// What was tried, as a verb: `read`, `create`, `start`.
    package let operation: String
    /// The path, program or option that it was tried on.
    package let subject: String

    /// Makes an error.
    package init(_ code: Code, _ operation: String, _ subject: String) {
        self.code = code
        self.operation = operation
        self.subject = subject
    }
}

extension POSIXError: CustomStringConvertible {
    package var description: String {
        switch code {
        case .system, .noSuchHost: "cannot \(operation) \(subject): \(reason)"
        case .unknownOption, .missingValue, .unexpectedValue: "\(subject): \(reason)"
        default: "refused to \(operation) \(subject): \(reason)"
        }
    }

    /// Why, without the operation and the subject.
    package var reason: String {
        switch code {
        case .system(let number): Self.text(ofErrno: number)
        case .tooLarge(let limit): "it is larger than the limit of \(limit) bytes"
        case .looseMode(let bits):
            "its mode is 0\(String(bits, radix: 8)), so others may use the secret; run: chmod 600 '\(subject)'"
        case .foreignOwner(let user): "it belongs to user \(user), neither to this one nor to root"
        case .notRegular: "it is not a regular file"
        case .notText: "it is not UTF-8 text"
        case .noMemoryDirectory:
            "there is no directory in memory for it: set XDG_RUNTIME_DIR to one of mode 0700, or mount a tmpfs on /dev/shm"
        case .containsNUL: "it contains a NUL character, at which the system would cut it"
        case .unknownOption: "there is no such option"
        case .missingValue: "needs a value"
        case .unexpectedValue: "takes no value"
        case .noListener:
            "it is no TCP socket that is listened on; write ListenStream=ADDRESS:PORT, and leave Accept= at no"
        case .noSuchHost(let words): words
        }
    }

    /// Whether the system says that no such file is there.
    package var isNotFound: Bool { code == .system(Self.notFound) }

    /// Whether nobody reads the pipe any more.
    package var isBrokenPipe: Bool { code == .system(Self.brokenPipe) }
}
