package import Crypto
internal import Encoding
package import JSON

/// A JSON Web Signature in compact form (RFC 7515, section 7.1), read strictly and not yet verified.
///
/// Whatever reads here has one spelling: each part is canonical base64url without padding, the header is an object without
/// equal names, and nothing stands before, between or behind the three parts.
package struct CompactJWS: Sendable {
    /// The longest token that is read or made: AWS takes 20,000 characters.
    package static let maximumByteCount = 20_000

    package let header: JWSHeader
    package let payload: [UInt8]
    package let signature: [UInt8]
    /// What the signature is over: the first two parts with their dot, as they came.
    package let signingInput: [UInt8]

    /// Reads a token; one whose header carries the key that verifies it is refused, but where that is the point of it.
    ///
    /// - Throws: `TokenError` with code `tooLong`, `malformed` or `header`.
    package init(_ text: String, carriesKey: Bool = false) throws(TokenError) {
        let characters = Array(text.utf8)
        guard characters.count <= Self.maximumByteCount else {
            throw TokenError(
                .tooLong,
                "token",
                seen: "\(characters.count) bytes",
                wanted: "at most \(Self.maximumByteCount)"
            )
        }
        let dots = characters.indices.filter { characters[$0] == UInt8(ascii: ".") }
        guard dots.count == 2 else {
            throw Self.malformed(
                characters.first == UInt8(ascii: "{") ? "the JSON form of a JWS" : "\(dots.count + 1) parts",
                wanted: dots.count == 4 ? "a signed token: one of five parts is encrypted" : "three parts between dots"
            )
        }
        let headerBytes = try Self.decode(characters[..<dots[0]], "header")
        payload = try Self.decode(characters[(dots[0] + 1)..<dots[1]], "payload")
        signature = try Self.decode(characters[(dots[1] + 1)...], "signature")
        signingInput = Array(characters[..<dots[1]])
        header = try JWSHeader(headerBytes, carriesKey: carriesKey)
    }

    private static func decode(_ part: ArraySlice<UInt8>, _ name: String) throws(TokenError) -> [UInt8] {
        do throws(EncodingError) {
            return try Base64URL.decode(String(decoding: part, as: UTF8.self))
        } catch {
            throw malformed("a \(name) that is no base64url (\(error))", wanted: "its one spelling without padding")
        }
    }

    private static func malformed(_ seen: String, wanted: String) -> TokenError {
        TokenError(.malformed, "token", seen: seen, wanted: wanted)
    }
}

/// The header of a JWS: what is said of the key and algorithm, which a verifier compares with what it knows itself.
package struct JWSHeader: Equatable, Sendable {
    package let algorithm: SignatureAlgorithm
    package let kid: String?
    /// The type, in lower case and without the `application/` that may be left out (RFC 7515, section 4.1.9).
    package let type: String?
    /// Every member.
    package let members: JSONObject

    /// Members by which a token would bring its own key (RFC 8725, section 3.10), change what the signature means, or be
    /// something else than a JWS; none of them is understood here.
    private static let refused = ["jku", "jwk", "x5u", "x5c", "crit", "b64", "enc", "zip"]

    init(_ bytes: [UInt8], carriesKey: Bool) throws(TokenError) {
        let json: JSON
        do throws(JSONError) {
            json = try JSON.parse(bytes, limits: JSONLimits(bytes: CompactJWS.maximumByteCount, depth: 8))
        } catch {
            throw TokenError(.malformed, "header", seen: "no JSON (\(error))", wanted: "an object")
        }
        guard let members = json.asObject else {
            throw TokenError(.malformed, "header", seen: "no object", wanted: "an object")
        }
        if let name = Self.refused.first(where: { members[$0] != nil && !(carriesKey && $0 == "jwk") }) {
            throw TokenError(
                .header,
                "header",
                seen: "the member '\(name)'",
                wanted: "none that brings a key or an extension"
            )
        }
        guard let name = members["alg"]?.asString, let algorithm = SignatureAlgorithm(rawValue: name) else {
            throw TokenError(
                .algorithm,
                "alg",
                seen: members["alg"].map { "\($0.text)" } ?? "nothing",
                wanted: "one of \(SignatureAlgorithm.allCases.map(\.rawValue).joined(separator: " "))"
            )
        }
        self.algorithm = algorithm
        kid = try Self.text("kid", of: members)
        type = try Self.text("typ", of: members).map(Self.normalised)
        self.members = members
    }

    private static func text(_ name: String, of members: JSONObject) throws(TokenError) -> String? {
        guard let value = members[name] else { return nil }
        guard let text = value.asString else {
            throw TokenError(.malformed, name, seen: value.text, wanted: "a string, or no such member")
        }
        return text
    }

    private static func normalised(_ type: String) -> String {
        let lower = type.lowercased()
        return lower.hasPrefix("application/") ? String(lower.dropFirst("application/".utf8.count)) : lower
    }
}
