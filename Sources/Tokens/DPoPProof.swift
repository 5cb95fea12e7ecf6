package import Crypto
internal import Encoding
internal import HTTP
internal import JSON
package import Time

/// A proof that whoever sends a request holds a key: the value of its `DPoP` field, verified (RFC 9449, section 4.3).
///
/// That it is used once is for the caller to see to, by `identity`.
package struct DPoPProof: Equatable, Sendable {
    /// The RFC 7638 thumbprint of the key, in base64url (`jkt`).
    package let thumbprint: String
    /// What tells this proof from every other of its key's.
    package let identity: SHA256Digest
    /// When its maker made it.
    package let issued: UnixTime

    /// How far a proof's `iat` may be from this clock, on either side.
    package static let window = Duration.seconds(60)

    /// The most bytes of a proof; one with an RSA key of 4,096 bits has 1,700.
    private static let longest = 4_096

    /// Verifies a proof for a request, and for the token that comes with it, where one does.
    ///
    /// - Throws: `TokenError` for the first thing that is wrong.
    package init(
        _ text: String,
        method: String,
        url: String,
        accessToken: String?,
        now: UnixTime
    ) throws(TokenError) {
        guard text.utf8.count <= Self.longest else {
            throw TokenError(.tooLong, "DPoP", seen: "\(text.utf8.count) bytes", wanted: "at most \(Self.longest)")
        }
        let jws = try CompactJWS(text, carriesKey: true)
        guard jws.header.type == "dpop+jwt" else {
            throw TokenError(.header, "typ", seen: jws.header.type ?? "nothing", wanted: "dpop+jwt")
        }
        guard let carried = jws.header.members["jwk"] else {
            throw TokenError(.header, "jwk", seen: "nothing", wanted: "the public key of the proof")
        }
        let key = try JWK(carried).key
        guard key.verify(jws.signature, of: jws.signingInput, algorithm: jws.header.algorithm) else {
            throw TokenError(.signature, "DPoP", seen: "a signature that does not verify", wanted: "its own key's")
        }
        guard let claims = (try? JSON.parse(jws.payload))?.asObject else {
            throw TokenError(.malformed, "DPoP", seen: "a payload that is no object", wanted: "jti, htm, htu and iat")
        }
        try Self.check(claims, "htm", wanted: method)
        try Self.check(address: try Self.text("htu", of: claims), wanted: url)
        if let accessToken {
            try Self.check(claims, "ath", wanted: Base64URL.encode(SHA256.hash(accessToken).bytes))
        }
        guard let seconds = claims["iat"]?.asInteger else {
            throw TokenError(.claim, "iat", seen: "no whole number", wanted: "when the proof was made, in seconds")
        }
        issued = UnixTime(seconds: seconds)
        guard issued >= now - Self.window, issued <= now + Self.window else {
            throw TokenError(
                .expired,
                "iat",
                seen: RFC3339.format(issued),
                wanted: "within \(Self.window.text) of \(RFC3339.format(now))"
            )
        }
        let identifier = try Self.text("jti", of: claims)
        guard !identifier.isEmpty else {
            throw TokenError(.claim, "jti", seen: "nothing", wanted: "a name of the proof")
        }
        thumbprint = JWK.thumbprint(of: key.components)
        identity = SHA256.hash("\(thumbprint).\(identifier)")
    }

    private static func check(_ claims: JSONObject, _ name: String, wanted: String) throws(TokenError) {
        let seen = try text(name, of: claims)
        guard seen == wanted else {
            throw TokenError(.claim, name, seen: "'\(seen.prefix(128))'", wanted: "'\(wanted)'")
        }
    }

    /// Section 4.3, item 9: without query and fragment, and a scheme's own port may stand or be left out (RFC 3986, 6.2.3).
    private static func check(address text: String, wanted: String) throws(TokenError) {
        let plain = String(text.prefix { $0 != "?" && $0 != "#" })
        guard let seen = WebAddress(plain), let wanted = WebAddress(wanted), seen.isSecure == wanted.isSecure,
            seen.host.lowercased() == wanted.host.lowercased(), port(of: seen) == port(of: wanted),
            (seen.path.isEmpty ? "/" : seen.path) == (wanted.path.isEmpty ? "/" : wanted.path)
        else { throw TokenError(.claim, "htu", seen: "'\(text.prefix(256))'", wanted: "'\(wanted)'") }
    }

    private static func port(of address: WebAddress) -> Int { address.port ?? (address.isSecure ? 443 : 80) }

    private static func text(_ name: String, of claims: JSONObject) throws(TokenError) -> String {
        guard let text = claims[name]?.asString else {
            throw TokenError(.claim, name, seen: claims[name].map { _ in "no text" } ?? "nothing", wanted: "a text")
        }
        return text
    }
}
