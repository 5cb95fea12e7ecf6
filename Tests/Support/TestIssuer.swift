package import Crypto
internal import Encoding
internal import HTTP
internal import HTTPServer
package import JSON
internal import Locks
package import Tokens

/// An issuer on loopback that publishes its two documents over a real server, and signs whatever it is told to.
package final class TestIssuer: Sendable {
    package let issuer: Issuer
    private let server: TestHTTPServer
    private let documents: Documents

    /// What the server answers, which is known only when its port is.
    private final class Documents: Sendable {
        let bodies = Lock<[String: [UInt8]]>([:])
    }

    /// One key for each algorithm, made once: RSA keys take their time.
    private static let usualKeys = Result { try IssuerKeys.generate(for: [.rs256, .es256, .edDSA]) }

    /// Starts an issuer with the keys that all such issuers share, or with new ones.
    ///
    /// - Throws: what the server or OpenSSL throws.
    package init(newKeysFor algorithms: [SignatureAlgorithm] = []) async throws {
        let documents = Documents()
        server = try await TestHTTPServer { request in
            guard let body = documents.bodies.withLock({ $0[request.path] }) else { return HTTPResponse(status: 404) }
            return HTTPResponse(status: 200, fields: ["Content-Type": "application/json"], body: body)
        }
        let url = try IssuerURL("http://127.0.0.1:\(server.server.port)")
        let keys = try algorithms.isEmpty ? Self.usualKeys.get() : IssuerKeys.generate(for: algorithms)
        let issuer = Issuer(url: url, keys: keys)
        documents.bodies.withLock { bodies in
            bodies["/.well-known/openid-configuration"] = issuer.discoveryDocument.body
            bodies["/.well-known/jwks.json"] = issuer.keyDocument.body
        }
        self.documents = documents
        self.issuer = issuer
    }

    package var url: IssuerURL { issuer.url }

    /// Takes the documents down, as an issuer that is out of order does.
    package func takeDown() async { await server.server.close() }

    /// Signs claims, whatever they are; the header's members may be changed.
    ///
    /// - Throws: `CryptoError`, or `NoSigningKey`.
    package func sign(
        _ claims: JSONObject,
        _ algorithm: SignatureAlgorithm = .rs256,
        header changes: JSONObject = [:]
    ) throws -> String {
        guard let key = issuer.keys.signing(algorithm) else { throw NoSigningKey(algorithm: algorithm) }
        var header: JSONObject = ["alg": .string(algorithm.rawValue), "kid": .string(key.kid), "typ": "JWT"]
        for change in changes.members { header[change.name] = change.value }
        let input = [header, claims].map { Base64URL.encode(JSON.object($0).serialized()) }.joined(separator: ".")
        return "\(input).\(Base64URL.encode(try key.key.sign(Array(input.utf8))))"
    }
}

/// An issuer was asked for an algorithm that it has no key for.
package struct NoSigningKey: Error {
    package let algorithm: SignatureAlgorithm
}
