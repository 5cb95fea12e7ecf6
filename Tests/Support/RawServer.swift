internal import Glibc
internal import SwiftOverlayShims
internal import Synchronization

/// A TCP server on loopback that does to each connection what a script says, and knows no protocol.
package final class RawServer: Sendable {
    /// The port that the system chose for it.
    package let port: UInt16
    private let listener: Int32
    private let accepted = Atomic<Int>(0)

    /// Starts a server; the script runs on a thread of its own for each connection, which ends with it.
    ///
    /// - Throws: `SocketFailure`.
    package init(_ script: @escaping @Sendable (borrowing RawSocket) throws -> Void) throws(SocketFailure) {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in.loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isListening = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(listener, address, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard isListening else { throw SocketFailure("listen") }
        port = UInt16(bigEndian: address.sin_port)
        startThread { [weak self] in
            while true {
                let number = accept(listener, nil, nil)
                if number < 0 { return }
                self?.accepted.add(1, ordering: .relaxed)
                startThread { try? script(RawSocket(owning: number)) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// How many connections it has accepted.
    package var connections: Int { accepted.load(ordering: .relaxed) }
}
