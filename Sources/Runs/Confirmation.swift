package import Crypto
internal import Encoding
package import JSON

/// What whoever shows a run's request token has to prove besides: a request token that was stolen is then worth nothing
/// without the key.
///
/// RFC 7800 (`cnf`), RFC 8705 section 3.1 (`x5t#S256`), RFC 9449 section 6.1 (`jkt`).
package enum Confirmation: Hashable, Sendable {
    /// The TLS connection shows the client certificate whose DER has this SHA-256.
    case certificate(SHA256Digest)
    /// A DPoP proof by the key whose RFC 7638 thumbprint this is comes with each request.
    case key(SHA256Digest)

    /// The member of tokens, of a registration's body and of a run's stored claims that holds it.
    package static let member = "cnf"

    /// Reads the value of a `cnf`.
    ///
    /// - Throws: `AttestationError` with code `malformed` where it is not exactly one of the two.
    package init(_ json: JSON) throws(AttestationError) {
        guard let members = json.asObject?.members, members.count == 1, let member = members.first,
            let text = member.value.asString, let bytes = try? Base64URL.decode(text),
            let digest = SHA256Digest(bytes: bytes)
        else { throw Self.refused("something else") }
        switch member.name {
        case "x5t#S256": self = .certificate(digest)
        case "jkt": self = .key(digest)
        default: throw Self.refused("another member")
        }
    }

    /// The value of a `cnf`.
    package var json: JSON {
        switch self {
        case .certificate(let digest): ["x5t#S256": .string(Base64URL.encode(digest.bytes))]
        case .key(let digest): ["jkt": .string(Base64URL.encode(digest.bytes))]
        }
    }

    private static func refused(_ seen: String) -> AttestationError {
        AttestationError(
            .malformed,
            member: member,
            seen: seen,
            wanted: "{\"x5t#S256\": …} of a client certificate or {\"jkt\": …} of a key, 43 characters of base64url"
        )
    }
}
