/// What a client can be refused or cut off for taking too much of: a closed set, for metrics.
package enum Limit: String, CaseIterable, Sendable {
    /// `run_rate` and `run_burst`, `principal_rate` and `principal_burst`, `address_rate` and `address_burst`: 429.
    case runRate = "run_rate"
    case principalRate = "principal_rate"
    case addressRate = "address_rate"
    /// `requests_per_run`, `requests_per_principal`: 429.
    case runRequests = "requests_per_run"
    case principalRequests = "requests_per_principal"
    /// `tokens_per_run`: 403, as the run gets no more by waiting.
    case tokens = "tokens_per_run"
    /// `requests`, `connections`, `buffered_bytes`: 503.
    case requests
    case connections
    case memory = "buffered_bytes"
    /// `connections`: one that waited for its client was closed for another.
    case crowdedOut = "connections_closed"
    /// `connections_per_address`: closed at once.
    case addressConnections = "connections_per_address"
    /// `header_timeout`, `request_timeout`: 408, or closed where nothing had come.
    case time = "timeout"
    /// `proxies`: a connection of a proxy without the PROXY protocol; closed.
    case proxyHeader = "proxy_header"
    /// The system's limit of open files: a connection waits.
    case descriptors
}
