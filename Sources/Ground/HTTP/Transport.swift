/// Sends one request and waits for its whole response.
///
/// Implementations verify TLS, follow no redirect (a 3xx is an answer like another), speak https alone but to a loopback
/// address, and may be called from many tasks at once. An attacker who holds the network can make `send` fail, never
/// answer in a server's name. Nothing retries here.
package protocol Transport: Sendable {
    /// Sends a request.
    ///
    /// - Returns: the response, whatever its status.
    /// - Throws: `TransportError` where no whole response within the request's limits came.
    func send(_ request: OutgoingRequest) async throws(TransportError) -> HTTPResponse
}

/// A request to somebody else's server, with the limits that hold for it.
package struct OutgoingRequest: Sendable {
    package let method: HTTPMethod
    /// The absolute URL.
    package let url: String
    package var fields: HTTPFields
    package var body: [UInt8]
    package var limits: Limits
    /// A PEM file of the certificate authorities to trust instead of the system's.
    package var certificateAuthorities: String?
    /// What shows the server who asks; nil for nothing.
    package var clientCertificate: ClientCertificate?

    /// What a request may take before it fails.
    package struct Limits: Equatable, Sendable {
        /// Time until the connection stands, name look-up and TLS included.
        package var connect: Duration
        /// Time for the whole request, first byte sent to last byte received.
        package var total: Duration
        /// The most bytes of a response body.
        package var responseBytes: Int

        /// Makes limits; those of the exchange by default.
        package init(
            connect: Duration = .seconds(3),
            total: Duration = .seconds(10),
            responseBytes: Int = 1 << 20
        ) {
            self.connect = connect
            self.total = total
            self.responseBytes = responseBytes
        }
    }

    /// Makes a request.
    package init(
        _ method: HTTPMethod,
        url: String,
        fields: HTTPFields = [:],
        body: [UInt8] = [],
        limits: Limits = Limits(),
        certificateAuthorities: String? = nil,
        clientCertificate: ClientCertificate? = nil
    ) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
        self.limits = limits
        self.certificateAuthorities = certificateAuthorities
        self.clientCertificate = clientCertificate
    }
}

/// A certificate for TLS with the private key of its holder, as files.
package struct ClientCertificate: Equatable, Sendable {
    /// The path of a PEM file: the certificate, then those between it and its authority.
    package let certificate: String
    /// The path of a PEM file with the private key, without a passphrase.
    package let key: String

    /// Names the files; they are read with each connection.
    package init(certificate: String, key: String) {
        self.certificate = certificate
        self.key = key
    }
}

/// Why no response came.
package struct TransportError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The classes that a caller may decide by.
    package enum Code: Equatable, Sendable {
        /// The URL is no https URL (nor http on loopback), cannot be parsed, or a header field cannot be sent.
        case badURL
        /// The name does not resolve.
        case nameLookup
        /// Nothing listens there, or the connection broke before a whole response.
        case connection
        /// The TLS handshake failed for a reason other than the certificate.
        case tls
        /// The server's certificate is not to be trusted for this host.
        case certificate
        /// A time limit ran out.
        case timeout
        /// The body is over `Limits.responseBytes`.
        case tooLarge
        /// What came is no HTTP.
        case badResponse
        /// The program is shutting down.
        case cancelled
    }

    package let code: Code
    /// The scheme, host and port that were asked; never a path, query or body.
    package let endpoint: String
    /// The library's own words.
    package let reason: String

    /// Makes an error.
    package init(_ code: Code, endpoint: String, reason: String) {
        self.code = code
        self.endpoint = endpoint
        self.reason = reason
    }

    package var description: String { "\(endpoint): \(reason)" }
}
