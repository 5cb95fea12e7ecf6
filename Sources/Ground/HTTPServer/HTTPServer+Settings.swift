package import Crypto
package import HTTP

extension HTTPServer {
    /// Where a server listens and what it takes.
    package struct Settings: Sendable {
        /// The address to listen on: a numeric IPv4 or IPv6 address.
        package var address: String
        /// The port; 0 lets the system choose a free one.
        package var port: UInt16
        /// A socket that is listened on already, which takes the place of address and port; its owner keeps it open.
        ///
        /// Optional: several servers may share one.
        package var inherited: Int32?
        /// What TLS clients are shown and asked for.
        ///
        /// Optional: without it, plain HTTP is spoken.
        package var tls: TLSServerContext?
        package var limits: Limits
        /// The answer for a request that never reaches the handler, of a status and the reason for people.
        package var errorBody: @Sendable (_ status: Int, _ reason: String) -> HTTPResponse

        /// Makes settings.
        package init(
            address: String,
            port: UInt16,
            tls: TLSServerContext? = nil,
            limits: Limits = Limits(),
            errorBody: @escaping @Sendable (_ status: Int, _ reason: String) -> HTTPResponse
        ) {
            self.address = address
            self.port = port
            self.tls = tls
            self.limits = limits
            self.errorBody = errorBody
        }
    }

    /// What clients may take of a server.
    ///
    /// Times hold to within an eighth, and to within a second.
    package struct Limits: Equatable, Sendable {
        /// The most connections at a time; more wait in the system's queue.
        package var connections = 5000
        /// The most bytes of a request line and header fields; over it, 431.
        package var headBytes = 16 << 10
        /// The most header fields; over it, 431.
        package var fields = 100
        /// The most bytes of a request target; over it, 414.
        package var targetBytes = 8 << 10
        /// The most bytes of a body; over it, 413.
        package var bodyBytes = 256 << 10
        /// How long a connection may stand without a request.
        package var idle: Duration = .seconds(60)
        /// How long a request may take to arrive from its first byte to its last, however steadily it drips.
        ///
        /// An answer has as long to be taken, and a TLS connection to complete its handshake and begin a request.
        package var request: Duration = .seconds(30)

        /// Makes the default limits.
        package init() {}

        /// How often connections are looked at.
        var tick: Duration { min(.seconds(1), max(.milliseconds(10), min(idle, request) / 8)) }

        /// How many ticks make a duration, rounded up.
        func ticks(in duration: Duration) -> Int { Int((duration / tick).rounded(.up)) }
    }
}
