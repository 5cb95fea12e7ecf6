internal import Glibc
internal import SwiftOverlayShims

/// Sockets that whoever started this process listens on already, and hands over (systemd.socket(5), sd_listen_fds(3)).
package enum InheritedSockets {
    /// The first of the descriptors: those behind standard error.
    private static let first: Int32 = 3
    /// More than any unit has; a number above it is a mistake.
    private static let most: Int32 = 64

    /// The numbers of the sockets; empty where the variables name none, or another process.
    ///
    /// They stay open for as long as the process lives, and are closed in programs that it starts. The variables stay too: they
    /// name this process, so that a child does not take itself to be meant.
    ///
    /// - Throws: `POSIXError` where one is no socket that is listened on by TCP.
    package static func taken(from environment: Environment) throws(POSIXError) -> [Int32] {
        guard let process = environment.nonEmpty("LISTEN_PID"), Int32(process) == ThisProcess.id,
            let count = environment.nonEmpty("LISTEN_FDS")
        else { return [] }
        guard let count = Int32(count), (0...most).contains(count) else {
            throw POSIXError(.noListener, "take over", "LISTEN_FDS=\(count)")
        }
        let names = (environment["LISTEN_FDNAMES"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
        var taken: [Int32] = []
        for (index, number) in (first..<first + count).enumerated() {
            let name = index < names.count && !names[index].isEmpty ? " (\(names[index]))" : ""
            try take(number, "the inherited descriptor \(number)\(name)")
            taken.append(number)
        }
        return taken
    }

    private static func take(_ number: Int32, _ subject: String) throws(POSIXError) {
        let flags = fcntl(number, F_GETFL)
        guard flags >= 0, fcntl(number, F_SETFD, FD_CLOEXEC) == 0 else { throw .last("take over", subject) }
        let family = try option(SO_DOMAIN, of: number, subject)
        guard try option(SO_ACCEPTCONN, of: number, subject) == 1, family == AF_INET || family == AF_INET6 else {
            throw POSIXError(.noListener, "take over", subject)
        }
        // Several loops are woken for one connection, and only one of them gets it.
        guard fcntl(number, F_SETFL, flags | O_NONBLOCK) == 0 else { throw .last("take over", subject) }
    }

    private static func option(_ option: Int32, of number: Int32, _ subject: String) throws(POSIXError) -> Int32 {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(number, SOL_SOCKET, option, &value, &size) == 0 else {
            guard errno == ENOTSOCK else { throw .last("take over", subject) }
            throw POSIXError(.noListener, "take over", subject)
        }
        return value
    }
}
