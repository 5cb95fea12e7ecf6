package import Crypto
internal import Encoding
internal import JSON
package import Time

/// The key by which a client proves that a token is its own: the maker of what `DPoPProof` verifies (RFC 9449, section 4.2).
package struct DPoPKey: Sendable {
    private let key: SigningKey

    /// Reads the private key from PEM.
    ///
    /// - Throws: `TokenError` with code `key` where it is none.
    package init(pem: borrowing SecretBytes) throws(TokenError) {
        do throws(CryptoError) { key = try SigningKey(pem: pem) } catch {
            throw TokenError(.key, "the DPoP key", seen: error.detail, wanted: "one unencrypted private key in PEM")
        }
    }

    /// The RFC 7638 thumbprint of its public half, in base64url (`jkt`).
    package var thumbprint: String { JWK.thumbprint(of: key.publicKey.components) }

    /// A proof for one request, named by 128 random bits, and for the token that goes with it, where one does.
    ///
    /// `url` is the request's; query and fragment are left out of the proof. `accessToken` is the SHA-256 of the token.
    ///
    /// - Throws: `TokenError` with code `key` where the key does not sign.
    package func proof(
        method: String,
        url: String,
        accessToken: SHA256Digest?,
        identifier: [UInt8],
        now: UnixTime
    ) throws(TokenError) -> String {
        let header: JSON = [
            "typ": "dpop+jwt", "alg": .string(key.algorithm.rawValue), "jwk": JWK(of: key).bare,
        ]
        var claims: JSONObject = [
            "jti": .string(Base64URL.encode(identifier)), "htm": .string(method),
            "htu": .string(String(url.prefix { $0 != "?" && $0 != "#" })), "iat": .integer(now.seconds),
        ]
        claims["ath"] = accessToken.map { .string(Base64URL.encode($0.bytes)) }
        let parts = [header.serialized(), JSON.object(claims).serialized()].map { Base64URL.encode($0) }
        let input = parts.joined(separator: ".")
        do throws(CryptoError) {
            return "\(input).\(Base64URL.encode(try key.sign(Array(input.utf8))))"
        } catch {
            throw TokenError(.key, "the DPoP key", seen: error.detail, wanted: "a key that signs")
        }
    }
}
