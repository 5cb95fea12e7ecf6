internal import Glibc
internal import Locks
internal import SwiftOverlayShims

/// Ports of 127.0.0.1 for servers of tests, below those that the system gives to outgoing connections.
package enum FreePort {
    private struct NoFreePort: Error {}

    private static let given = Lock<Set<UInt16>>([])

    /// Draws a port that nothing listens on, and that no other call was given.
    package static func next() throws -> UInt16 {
        for _ in 0..<1000 {
            let port = UInt16.random(in: 20_000..<32_000)
            guard given.withLock({ $0.insert(port).inserted }), isFree(port) else { continue }
            return port
        }
        throw NoFreePort()
    }

    private static func isFree(_ port: UInt16) -> Bool {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(number) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(number, $0, size) == 0 }
        }
    }
}
