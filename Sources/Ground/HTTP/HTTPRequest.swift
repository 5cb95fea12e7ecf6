/// A request as a server hands it to its handler, whole and within the server's limits.
package struct HTTPRequest: Sendable {
    package let method: HTTPMethod
    /// The path, percent-encoded as it came, without the query; always begins with `/`.
    package let path: String
    /// The query as it came, without its `?`; empty where there is none.
    package let query: String
    package let fields: HTTPFields
    package let body: [UInt8]
    /// Who is on the other end.
    package let peer: HTTPPeer

    /// Makes a request.
    package init(method: HTTPMethod, path: String, query: String, fields: HTTPFields, body: [UInt8], peer: HTTPPeer) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
        self.body = body
        self.peer = peer
    }
}

/// The other end of a connection.
package struct HTTPPeer: Equatable, Sendable {
    /// Its address without the port, such as `192.0.2.7` or `2001:db8::1`.
    package let address: String
    /// The same as a number; nil where it is none, as in a test.
    package let number: NetworkAddress?
    /// The verified client certificate's names, where the connection has one.
    package let certificate: PeerCertificate?

    /// Makes a peer.
    package init(address: String, certificate: PeerCertificate?) {
        self.address = address
        number = NetworkAddress(address)
        self.certificate = certificate
    }
}

/// What a verified client certificate says of its holder.
package struct PeerCertificate: Equatable, Sendable {
    /// The subject alternative names: DNS names, and URIs such as SPIFFE ids.
    package let subjectAlternativeNames: [String]
    /// SHA-256 of the DER certificate, 32 bytes (the `x5t#S256` of RFC 8705, section 3.1, before base64url).
    package let sha256: [UInt8]
    /// SHA-256 of its SubjectPublicKeyInfo in DER, 32 bytes, which stays when a certificate is renewed with the same key.
    package let publicKeySHA256: [UInt8]

    /// Makes a certificate's description.
    package init(subjectAlternativeNames: [String], sha256: [UInt8], publicKeySHA256: [UInt8]) {
        self.subjectAlternativeNames = subjectAlternativeNames
        self.sha256 = sha256
        self.publicKeySHA256 = publicKeySHA256
    }
}
