package import HTTP
package import Postgres

/// The address and port that the HTTP server listens on.
package struct ListenAddress: Equatable, Sendable, CustomStringConvertible {
    /// A numeric IPv4 or IPv6 address, without brackets.
    package let host: String
    /// 0 lets the system choose a free port, for tests.
    package let port: UInt16

    package var description: String { host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// `tls`: certificate and key of the HTTP server, for TLS 1.2 and 1.3.
package struct TLSSettings: Equatable, Sendable {
    /// `tls.certificate`: a PEM file of the server's certificate and the chain behind it; required.
    package let certificate: String
    /// `tls.private_key`: a PEM file of its key, mode 0600; required.
    package let privateKey: String
    /// `tls.client_ca`: a PEM file of the authorities whose client certificates are asked for and accepted; optional.
    ///
    /// Needed where a principal has `certificate`.
    package let clientCA: String?
    /// `tls.hsts`: for how long browsers are told to come by TLS alone (RFC 6797), by default 365d; `none` tells nothing.
    package let strictTransport: Duration
}

/// Where runs, the ledger and sealed secrets are kept.
package enum StoreLocation: Equatable, Sendable {
    /// `sqlite:PATH`: one file, for one broker; its directory must be there and writable, for the file's journal.
    case sqlite(path: String)
    /// `postgresql://…`: a database that several brokers share, as libpq's connection strings name one.
    ///
    /// The password is in the file that `passfile` names (or PGPASSFILE), never here.
    case postgresql(PostgresAddress)
}

/// `limits`: what clients may take of the broker.
package struct LimitSettings: Equatable, Sendable {
    /// `limits.connections`: how many connections may be open; by default 5000.
    ///
    /// One more closes the one that has waited longest for its client; where all are at work, the answer is 503. The system's
    /// limit of open files lowers it, which the log says.
    package var connections = 5_000
    /// `limits.connections_per_address`: how many of them one address (of IPv6, one /64) may have; by default 1000.
    package var connectionsPerAddress = 1_000
    /// `limits.requests`: how many requests may be under way at once; above it, 503; by default 4096.
    package var requests = 4_096
    /// `limits.buffered_bytes`: how many bytes requests may take while they arrive and are under way; above it, 503; by
    /// default 67108864.
    package var bufferedBytes = 64 << 20
    /// `limits.header_bytes`: the longest request line and header fields together; by default 16384.
    package var headerBytes = 16 << 10
    /// `limits.header_fields`: the most header fields; by default 100.
    package var headerFields = 100
    /// `limits.target_bytes`: the longest path and query; by default 8192.
    package var targetBytes = 8 << 10
    /// `limits.body_bytes`: the longest request body; by default 262144.
    package var bodyBytes = 256 << 10
    /// `limits.json_depth`: how deeply JSON in a body may be nested; by default 32.
    package var jsonDepth = 32
    /// `limits.idle_timeout`: how long a connection may stand without a request; by default 60s.
    package var idleTimeout = Duration.seconds(60)
    /// `limits.header_timeout`: how long a connection may take to its first byte or through its TLS handshake, and a request's
    /// head from its first byte to its last; by default 10s.
    package var headerTimeout = Duration.seconds(10)
    /// `limits.request_timeout`: how long a request may take to arrive, first byte to last; by default 30s.
    package var requestTimeout = Duration.seconds(30)
    /// `limits.drain_timeout`: how long a stopping broker waits for what is under way; by default 30s.
    package var drainTimeout = Duration.seconds(30)
    /// `limits.requests_per_run`: how many requests of one run may be under way at once; by default 256.
    package var requestsPerRun = 256
    /// `limits.requests_per_principal`: how many requests of one principal may be under way at once; by default 256.
    package var requestsPerPrincipal = 256
    /// `limits.run_rate`, `limits.run_burst`: how many requests one run may make, a second and at once; by default 100 and
    /// 1000.
    package var runRate = Rate(perSecond: 100, burst: 1_000)
    /// `limits.principal_rate`, `limits.principal_burst`: the same of one principal; by default 100 and 500.
    package var principalRate = Rate(perSecond: 100, burst: 500)
    /// `limits.address_rate`, `limits.address_burst`: the same of one address (of IPv6, one /64); by default 500 and 2000.
    package var addressRate = Rate(perSecond: 500, burst: 2_000)
    /// `limits.unlimited_addresses`: addresses and ranges that neither `address_rate` nor `connections_per_address` holds for;
    /// by default those of this machine, where a proxy may be.
    package var unlimitedAddresses = LimitSettings.loopback
    /// `limits.tokens_per_run`: how many ID tokens one run may get, those that the broker trades for it included; by default
    /// 10000.
    package var tokensPerRun = 10_000
    /// `limits.response_bytes`: the longest answer that is read from a cloud; by default 1048576.
    package var responseBytes = 1 << 20
    /// `limits.secret_bytes`: the longest static secret; by default 65536.
    package var secretBytes = 64 << 10

    private static let loopback = ["127.0.0.0/8", "::1"].compactMap(AddressRange.init)

    /// Makes the default limits.
    package init() {}
}

/// How often something may happen: a bucket of `burst` tokens, into which `perSecond` new ones drop.
package struct Rate: Equatable, Sendable {
    package var perSecond: Int
    package var burst: Int

    /// Makes a rate of at least one a second and at once.
    package init(perSecond: Int, burst: Int) {
        self.perSecond = perSecond
        self.burst = burst
    }
}
