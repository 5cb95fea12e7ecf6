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
        /// Who is believed about the address of a client.
        ///
        /// Optional: without them, everybody is who the system says.
        package var proxies: TrustedProxies?
        /// For how long clients by TLS are told to come by TLS alone (RFC 6797); 0 for not telling.
        package var strictTransport: Duration = .zero
        /// Who has how many connections; servers of several loops that share a port share it.
        package var census = AddressCensus()
        /// Is told what becomes of connections; called on the loop's thread.
        package var notice: @Sendable (Notice) -> Void = { _ in }
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
        /// The most connections at a time.
        ///
        /// One more closes the one that has waited longest for its client; where all are at work, its request is answered
        /// 503; and some more than that wait in the system's queue.
        package var connections = 5000
        /// The most connections of one holder of addresses (`NetworkAddress.holder`); more are closed at once.
        package var connectionsPerAddress = 1000
        /// Whose connections are not counted by address: proxies, and whatever else stands for many.
        package var uncounted: [AddressRange] = []
        /// The most bytes of requests in memory at a time, those under way included; over it, 503.
        package var buffered = 64 << 20
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
        /// How long a new connection may take to its first byte, or through its TLS handshake, and a request's head from its
        /// first byte to its last.
        package var head: Duration = .seconds(10)
        /// How long a request may take to arrive from its first byte to its last, however steadily it drips.
        ///
        /// An answer has as long to be taken.
        package var request: Duration = .seconds(30)

        /// Makes the default limits.
        package init() {}

        /// How often connections are looked at.
        var tick: Duration { min(.seconds(1), max(.milliseconds(10), min(idle, request, head) / 8)) }

        /// How many connections above the limit are taken to be answered 503.
        var surplus: Int { max(4, connections / 16) }

        /// How many ticks make a duration, rounded up.
        func ticks(in duration: Duration) -> Int { Int((duration / tick).rounded(.up)) }
    }
}
