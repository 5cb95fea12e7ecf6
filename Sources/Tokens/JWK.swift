package import Crypto
internal import Encoding
package import JSON

/// A public key as JSON (RFC 7517), with what its publisher says it is for.
package struct JWK: Equatable, Sendable {
    package let key: PublicKey
    /// The key's name in headers; nil where its publisher gave none.
    package let kid: String?
    /// The `alg` member, which can be a name that is not known here.
    package let algorithm: String?
    /// Whether `use` and `key_ops`, where they are there, let the key verify.
    package let isForSignatures: Bool

    /// Makes the published form of one of our own keys, named by its thumbprint.
    package init(of key: SigningKey) {
        self.key = key.publicKey
        kid = Self.thumbprint(of: key.publicKey.components)
        algorithm = key.algorithm.rawValue
        isForSignatures = true
    }

    /// Reads a key that somebody else published.
    ///
    /// - Throws: `TokenError` with code `key` where it is no public key of a kind that is used here, or holds its private half.
    package init(_ json: JSON) throws(TokenError) {
        guard let members = json.asObject, let type = members["kty"]?.asString else {
            throw Self.refused("no kty", wanted: "an object with kty")
        }
        guard members["d"] == nil else {
            throw Self.refused("the private member d", wanted: "a public key: this one is no secret any more")
        }
        kid = try Self.optionalText("kid", of: members)
        algorithm = try Self.optionalText("alg", of: members)
        let use = try Self.optionalText("use", of: members)
        let operations = members["key_ops"].map { $0.asArray ?? [] }
        isForSignatures = (use ?? "sig") == "sig" && (operations?.contains("verify") ?? true)
        let components = try Self.components(type: type, members)
        do throws(CryptoError) {
            key = try PublicKey(components)
        } catch {
            throw Self.refused(error.detail, wanted: "the public numbers of a \(type) key")
        }
    }

    /// The members that relying parties accept, and none besides.
    ///
    /// AWS refuses keys with `key_ops`; Google Cloud's uploaded key sets allow only `kty alg use kid n e x y crv`.
    package var json: JSON {
        var members: JSONObject = [:]
        members["kid"] = kid.map { .string($0) }
        members["use"] = "sig"
        members["alg"] = algorithm.map { .string($0) }
        for (name, value) in Self.members(of: key.components) { members[name] = .string(value) }
        return .object(members)
    }

    /// The numbers of the key alone, as a proof carries them (RFC 9449, section 4.2).
    var bare: JSON {
        var members: JSONObject = [:]
        for (name, value) in Self.members(of: key.components) { members[name] = .string(value) }
        return .object(members)
    }

    /// The key's RFC 7638 thumbprint with SHA-256, in base64url.
    package static func thumbprint(of components: PublicKeyComponents) -> String {
        // Section 3: the required members alone, ordered by their names, without white space. No value needs an escape.
        let members = members(of: components).sorted { $0.name < $1.name }
        let text = members.map { "\"\($0.name)\":\"\($0.value)\"" }.joined(separator: ",")
        return Base64URL.encode(SHA256.hash("{\(text)}").bytes)
    }

    private static func members(of components: PublicKeyComponents) -> [(name: String, value: String)] {
        switch components {
        case .rsa(let modulus, let exponent):
            [("kty", "RSA"), ("n", Base64URL.encode(modulus)), ("e", Base64URL.encode(exponent))]
        case .ec(let curve, let x, let y):
            [("kty", "EC"), ("crv", curve.rawValue), ("x", Base64URL.encode(x)), ("y", Base64URL.encode(y))]
        case .ed25519(let point): [("kty", "OKP"), ("crv", "Ed25519"), ("x", Base64URL.encode(point))]
        }
    }
}

extension JWK {
    private static func components(
        type: String,
        _ members: JSONObject
    ) throws(TokenError) -> PublicKeyComponents {
        switch type {
        case "RSA": return .rsa(modulus: try bytes("n", of: members), exponent: try bytes("e", of: members))
        case "EC":
            guard let curve = members["crv"]?.asString.flatMap(Curve.init(rawValue:)) else {
                throw refused("another curve", wanted: "P-256, P-384 or P-521")
            }
            return .ec(curve: curve, x: try bytes("x", of: members), y: try bytes("y", of: members))
        case "OKP":
            guard members["crv"]?.asString == "Ed25519" else { throw refused("another curve", wanted: "Ed25519") }
            return .ed25519(try bytes("x", of: members))
        default: throw refused("a key of type \(type)", wanted: "RSA, EC or OKP: a public key")
        }
    }

    private static func bytes(_ name: String, of members: JSONObject) throws(TokenError) -> [UInt8] {
        guard let text = members[name]?.asString, let bytes = try? Base64URL.decode(text) else {
            throw refused("no base64url in \(name)", wanted: "the number in unpadded base64url")
        }
        return bytes
    }

    private static func optionalText(_ name: String, of members: JSONObject) throws(TokenError) -> String? {
        guard let value = members[name] else { return nil }
        guard let text = value.asString else { throw refused("\(name) is no string", wanted: "a string, or none") }
        return text
    }

    private static func refused(_ seen: String, wanted: String) -> TokenError {
        TokenError(.key, "JWK", seen: seen, wanted: wanted)
    }
}
