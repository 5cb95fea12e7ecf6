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
    /// `limits.connections`: how many connections may be open; more wait; by default 5000.
    package var connections = 5_000
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
    /// `limits.request_timeout`: how long a request may take to arrive, first byte to last; by default 30s.
    package var requestTimeout = Duration.seconds(30)
    /// `limits.drain_timeout`: how long a stopping broker waits for what is under way; by default 30s.
    package var drainTimeout = Duration.seconds(30)
    /// `limits.requests_per_run`: how many requests of one run may be under way at once; by default 256.
    package var requestsPerRun = 256
    /// `limits.requests_per_principal`: how many requests of one principal may be under way at once; by default 256.
    package var requestsPerPrincipal = 256
    /// `limits.response_bytes`: the longest answer that is read from a cloud; by default 1048576.
    package var responseBytes = 1 << 20
    /// `limits.secret_bytes`: the longest static secret; by default 65536.
    package var secretBytes = 64 << 10

    /// Makes the default limits.
    package init() {}
}
