internal import Glibc

/// Why a server does not listen.
package struct HTTPServerError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What stood in the way.
    package enum Code: Equatable, Sendable {
        /// The address is no numeric IPv4 or IPv6 address.
        case address
        /// The system refuses the address and port: taken, not this machine's, or below 1024 and not root.
        case listen
        case memory
    }

    package let code: Code
    package let address: String
    package let port: UInt16
    /// The system's error number, or 0.
    package let number: Int32

    /// Makes an error of what was to be listened on.
    init(_ code: Code, _ settings: HTTPServer.Settings, number: Int32 = 0) {
        self.code = code
        address = settings.address
        port = settings.port
        self.number = number
    }

    package var description: String {
        let place = address.utf8.contains(UInt8(ascii: ":")) ? "[\(address)]:\(port)" : "\(address):\(port)"
        switch code {
        case .address: return "'\(address)' is no address to listen on: write a numeric one, such as 127.0.0.1 or ::1"
        case .memory: return "cannot listen on \(place): no memory"
        case .listen:
            let reason = unsafe String(cString: strerror(number))
            return "cannot listen on \(place): \(reason)"
        }
    }
}
