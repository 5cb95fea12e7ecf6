internal import Crypto
internal import Encoding
internal import JSON
internal import PKCS11
internal import Secrets
package import Tokens

/// A ring's keys as one document of the store: a line of JSON, and behind it the private keys in PEM, in the order of `keys`.
///
/// `{"ring": "trusted", "life": {…as life.json…}, "keys": [{"kid": …, "pem": bytes}, {"kid": …, "token": ID, "jwk": {…}}, …]}`
package struct RingDocument: Sendable {
    /// In the order in which they are published.
    package let keys: [IssuerKey]
    /// The kids of keys that the ring had, the last of them last.
    package let removed: [String]

    init(keys: [IssuerKey], removed: [String]) {
        self.keys = keys
        self.removed = removed
    }

    /// Reads what `content` wrote.
    ///
    /// - Throws: `SecretsError` with code `damaged`; `CryptoError` with code `key`.
    init(_ content: borrowing SecretBytes, of ring: IssuerRing, token: PKCS11Token?) throws {
        let damaged = SecretsError(.damaged, "the document of the ring '\(ring)' is not what this version writes")
        let head = try content.withBytes { span throws(SecretsError) -> [UInt8] in
            guard let end = span.indices.first(where: { span[$0] == UInt8(ascii: "\n") }) else { throw damaged }
            return Array(copying: span.extracting(0..<end))
        }
        guard let json = try? JSON.parse(head), json["ring"]?.asString == ring.rawValue,
            let life = json["life"].flatMap({ LifeFile($0) }), let entries = json["keys"]?.asArray
        else { throw damaged }
        var keys: [IssuerKey] = []
        var start = head.count + 1
        for entry in entries {
            guard let kid = entry["kid"]?.asString, let life = life.lives[kid] else { throw damaged }
            if let id = entry["token"]?.asString {
                guard let jwk = entry["jwk"], let id = try? Hex.decode(id) else { throw damaged }
                let publicKey = try JWK(jwk).key
                let key = IssuerKey(SigningKey(publicKey, signer: TokenKey(id, publicKey, in: token)), life)
                guard key.kid == kid else { throw damaged }
                keys.append(key)
                continue
            }
            guard let count = entry["pem"]?.asInteger.flatMap({ Int(exactly: $0) }), count > 0,
                count <= content.count - start
            else { throw damaged }
            var pem = content.withBytes { span in Array(copying: span.extracting(start..<start + count)) }
            let key = try IssuerKey(pem: SecretBytes(consuming: &pem), life)
            guard key.kid == kid else { throw damaged }
            keys.append(key)
            start += count
        }
        guard start == content.count else { throw damaged }
        self.init(keys: keys, removed: life.removed)
    }

    /// The document.
    ///
    /// - Throws: `CryptoError`.
    func content(of ring: IssuerRing) throws(CryptoError) -> SecretBytes {
        var entries: [JSON] = []
        var pems: [UInt8] = []
        // An array that grows leaves its bytes behind.
        pems.reserveCapacity(SealedDocuments.limit)
        for key in keys {
            if let signer = key.key.signer {
                entries.append(["kid": .string(key.kid), "token": .string(signer.reference), "jwk": key.jwk.json])
                continue
            }
            let count = try key.pem().withBytes { span in
                for place in span.indices { pems.append(span[place]) }
                return span.count
            }
            entries.append(["kid": .string(key.kid), "pem": .integer(Int64(count))])
        }
        let head: JSON = [
            "ring": .string(ring.rawValue), "life": LifeFile(of: keys, removed: removed).json,
            "keys": .array(entries),
        ]
        var bytes: [UInt8] = []
        bytes.reserveCapacity(SealedDocuments.limit * 2)
        bytes += head.serialized() + [UInt8(ascii: "\n")]
        bytes += pems
        _ = SecretBytes(consuming: &pems)
        return SecretBytes(consuming: &bytes)
    }
}
