package import Crypto
internal import Encoding
internal import JSON

/// One issuer's key ring: the keys it publishes, and of each algorithm the one that signs.
///
/// It is immutable; a change of keys makes a new ring. Keys come in and go out as PEM: where they are kept is not its matter.
package struct IssuerKeys: Sendable {
    /// All keys, in the order in which they were given.
    package let all: [IssuerKey]
    private let signing: [SignatureAlgorithm: IssuerKey]

    /// Makes a ring of keys.
    ///
    /// - Throws: `TokenError` with code `keyRing` where there is no key, one twice, or two that would sign with one algorithm.
    package init(_ keys: [IssuerKey]) throws(TokenError) {
        guard !keys.isEmpty else { throw Self.refused("no key", wanted: "one at least") }
        var kids: Set<String> = []
        var signing: [SignatureAlgorithm: IssuerKey] = [:]
        for key in keys {
            guard kids.insert(key.kid).inserted else {
                throw Self.refused("the key \(key.kid) twice", wanted: "it once")
            }
            guard key.life.state == .active else { continue }
            if let other = signing.updateValue(key, forKey: key.key.algorithm) {
                throw Self.refused(
                    "the keys \(other.kid) and \(key.kid), both active for \(key.key.algorithm.rawValue)",
                    wanted: "one that signs; retire the other"
                )
            }
        }
        all = keys
        self.signing = signing
    }

    /// Makes a ring of one new key for each algorithm; they sign at once, as nobody can have cached the issuer's keys.
    ///
    /// - Throws: `TokenError` with code `keyRing` for an algorithm that is not signed with, or given twice.
    package static func generate(for algorithms: [SignatureAlgorithm]) throws(TokenError) -> IssuerKeys {
        var keys: [IssuerKey] = []
        for algorithm in algorithms {
            do throws(CryptoError) {
                keys.append(IssuerKey(try SigningKey.forIssuer(algorithm), .active))
            } catch {
                throw refused("\(algorithm.rawValue): \(error.detail)", wanted: "an algorithm that is signed with")
            }
        }
        return try IssuerKeys(keys)
    }

    /// The key that signs with an algorithm; nil where the ring has none.
    package func signing(_ algorithm: SignatureAlgorithm) -> IssuerKey? { signing[algorithm] }

    /// The algorithms that a key signs with, in the order of the keys.
    package var algorithms: [SignatureAlgorithm] { all.filter { $0.life.state == .active }.map(\.key.algorithm) }

    /// What is published: every key that signs or whose tokens may still be about.
    package var published: JWKSet { JWKSet(all.map(\.jwk)) }

    private static func refused(_ seen: String, wanted: String) -> TokenError {
        TokenError(.keyRing, "issuer's keys", seen: seen, wanted: wanted)
    }
}

/// One of an issuer's keys and how far its life has come.
package final class IssuerKey: Sendable {
    package let key: SigningKey
    package let life: KeyLife
    /// The key as relying parties see it.
    package let jwk: JWK
    /// The RFC 7638 thumbprint, by which headers name it.
    package let kid: String
    /// The first part of every token that the key signs, with its dot: it never changes, so it is encoded once.
    let headerPart: [UInt8]

    /// Makes a ring's key.
    package init(_ key: SigningKey, _ life: KeyLife) {
        self.key = key
        self.life = life
        jwk = JWK(of: key)
        kid = JWK.thumbprint(of: key.publicKey.components)
        let header: JSON = ["alg": .string(key.algorithm.rawValue), "kid": .string(kid), "typ": "JWT"]
        headerPart = Base64URL.encodedBytes(header.serialized()) + [UInt8(ascii: ".")]
    }

    /// Reads a key from the PEM that `pem()` wrote.
    ///
    /// - Throws: `CryptoError` with code `key`.
    package convenience init(pem: borrowing SecretBytes, _ life: KeyLife) throws(CryptoError) {
        self.init(try SigningKey(pem: pem), life)
    }

    /// Whether a person means this key: by its kid, or by the first eight characters or more, as its file is named.
    package func isCalled(_ name: String) -> Bool { kid == name || name.utf8.count >= 8 && kid.hasPrefix(name) }

    /// The same key, further in its life.
    func living(_ life: KeyLife) -> IssuerKey { IssuerKey(key, life) }

    /// The private key as PKCS#8 in PEM.
    ///
    /// - Throws: `CryptoError`.
    package func pem() throws(CryptoError) -> SecretBytes { try key.pem() }
}

extension SigningKey {
    /// Makes a new key for an issuer, whose kid does not begin with '-': one of 64 would, and commands take that for an option.
    ///
    /// - Throws: `CryptoError` with code `key` for an algorithm that this program does not sign with.
    package static func forIssuer(_ algorithm: SignatureAlgorithm) throws(CryptoError) -> SigningKey {
        while true {
            let key = try generate(for: algorithm)
            if !JWK.thumbprint(of: key.publicKey.components).hasPrefix("-") { return key }
        }
    }
}
