internal import HTTP

/// The exact value of `iss`, and the URLs that OpenID Connect Discovery derives from it.
package struct IssuerURL: Hashable, Sendable, CustomStringConvertible {
    /// The URL, byte for byte as it was configured.
    package let text: String

    /// Takes an issuer's URL: https, or http on this machine, without user, query and fragment.
    ///
    /// - Throws: `TokenError` with code `issuer`.
    package init(_ text: String) throws(TokenError) {
        guard let address = WebAddress(text) else {
            throw Self.refused(text, wanted: "an absolute URL such as https://ci.example.com")
        }
        guard address.isSecure || address.isLoopback else {
            throw Self.refused(text, wanted: "https: keys fetched in the open prove nothing (http only on loopback)")
        }
        guard address.query == nil else {
            throw Self.refused(text, wanted: "a URL without a query (OpenID Connect Discovery, section 2)")
        }
        guard text.utf8.count <= Self.maximumByteCount else {
            throw Self.refused(
                "\(text.utf8.count) characters",
                wanted: "at most \(Self.maximumByteCount), which is the most that AWS takes"
            )
        }
        self.text = text
    }

    private init(derived text: String) { self.text = text }

    /// Where the issuer's discovery document is: OpenID Connect Discovery, section 4.1, drops one slash at the end.
    package var discovery: String { "\(withoutSlash)/.well-known/openid-configuration" }

    /// Where our own issuers publish their keys.
    package var keys: String { "\(withoutSlash)/.well-known/jwks.json" }

    /// The second issuer of this broker, for runs of strangers' code.
    package var untrusted: IssuerURL { IssuerURL(derived: "\(withoutSlash)/untrusted") }

    /// A further issuer of this broker, at a path of one segment.
    package func at(path: String) -> IssuerURL { IssuerURL(derived: "\(withoutSlash)/\(path)") }

    package var description: String { text }

    /// IAM's limit for a provider's URL; Azure allows 600.
    private static let maximumByteCount = 255 - "/untrusted".utf8.count

    private var withoutSlash: Substring { text.hasSuffix("/") ? text.dropLast() : text[...] }

    private static func refused(_ seen: String, wanted: String) -> TokenError {
        TokenError(.issuer, "issuer", seen: seen, wanted: wanted)
    }
}
