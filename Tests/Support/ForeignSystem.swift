internal import Crypto
internal import Encoding
internal import HTTP
package import JSON
package import Time
internal import Tokens

/// A stand-in for another CI system's issuer: it serves that system's discovery form and signs tokens of that system's shape.
package struct ForeignSystem: Sendable {
    /// What the system is like, as a vector file describes it.
    package let vector: JSON
    /// The web server that its documents come from.
    package let server = FakeIssuer()
    private let keys: IssuerKeys

    /// RSA keys take their time, so all systems share one, and one that nobody publishes.
    private static let published = Result { try IssuerKeys.generate(for: [.rs256]) }
    private static let foreign = Result { try IssuerKeys.generate(for: [.rs256]) }

    /// Makes a system of a vector, with its documents up.
    ///
    /// - Throws: `TokenError` where OpenSSL makes no key.
    package init(_ vector: JSON) throws {
        self.vector = vector
        keys = try Self.published.get()
        putUp()
    }

    /// Puts the discovery document and the keys up.
    package func putUp() {
        let discovery = vector["discovery"] ?? .null
        let issuer = discovery["issuer"]?.asString ?? ""
        server["\(issuer)/.well-known/openid-configuration"] = .document(discovery.serialized())
        server[discovery["jwks_uri"]?.asString ?? ""] = .document(keys.published.json.serialized())
    }

    /// Takes all documents down, as an issuer that cannot be reached.
    package func takeDown() {
        let discovery = vector["discovery"] ?? .null
        server["\(discovery["issuer"]?.asString ?? "")/.well-known/openid-configuration"] = .failure(.connection)
        server[discovery["jwks_uri"]?.asString ?? ""] = .failure(.connection)
    }

    /// A token of the system's shape, issued at a moment; a member that a change makes null is left out or null, as given.
    ///
    /// - Throws: `CryptoError`, or `TokenError` where OpenSSL makes no key.
    package func token(
        at now: UnixTime,
        _ changes: JSONObject = [:],
        header headerChanges: JSONObject = [:],
        signedByAnother: Bool = false
    ) throws -> String {
        guard let key = try (signedByAnother ? Self.foreign.get() : keys).signing(.rs256),
            let named = keys.signing(.rs256), var claims = vector["claims"]?.asObject
        else { throw NoSigningKey(algorithm: .rs256) }
        claims["iat"] = .integer(now.seconds)
        claims["exp"] = .integer(now.seconds + (vector["lifetime"]?.asInteger ?? 300))
        if let backdated = vector["backdated"]?.asInteger { claims["nbf"] = .integer(now.seconds - backdated) }
        for change in changes.members { claims[change.name] = change.value }
        var header: JSONObject = ["alg": "RS256", "kid": .string(named.kid)]
        for member in (vector["header"]?.asObject?.members ?? []) + headerChanges.members {
            if case .null = member.value { continue }
            header[member.name] = member.value
        }
        let input = [header, claims].map { Base64URL.encode(JSON.object($0).serialized()) }.joined(separator: ".")
        return "\(input).\(Base64URL.encode(try key.key.sign(Array(input.utf8))))"
    }
}
