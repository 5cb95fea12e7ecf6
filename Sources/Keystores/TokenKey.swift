internal import Crypto
internal import Encoding
internal import Locks
internal import PKCS11
internal import Tokens

/// A private key in a token, which signs there.
///
/// The first signature of each value is verified before it is let in, and every first one after a failure: an ID may name
/// another key by now, or the token may be another one of the same name.
final class TokenKey: RemoteSigner {
    let token: PKCS11Token?
    let id: [UInt8]
    private let publicKey: PublicKey
    private let algorithm: SignatureAlgorithm
    private let isProven = Lock(false)

    var reference: String { Hex.encode(id) }

    init(_ id: [UInt8], _ publicKey: PublicKey, in token: PKCS11Token?) {
        self.id = id
        self.publicKey = publicKey
        self.token = token
        algorithm = SignatureAlgorithm.allCases.first { $0.canSign && $0.fits(publicKey.components) } ?? .rs256
    }

    func sign(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
        let operation = "signing in the token"
        guard let token else {
            throw CryptoError(.away, operation, detail: "the key is in a PKCS#11 token, and keys.pkcs11 names none")
        }
        let signature: [UInt8]
        do throws(PKCS11Error) { signature = try token.sign(message, by: id, algorithm) } catch {
            isProven.withLock { $0 = false }
            throw CryptoError(.away, operation, detail: error.detail)
        }
        if isProven.withLock({ $0 }) { return signature }
        guard publicKey.verify(signature, of: message, algorithm: algorithm) else {
            throw CryptoError(
                .away,
                operation,
                detail: "its signature is not this key's: another key has the ID \(reference)"
            )
        }
        isProven.withLock { $0 = true }
        return signature
    }
}

extension PKCS11Token {
    /// Makes a key for an issuer, and proves that it signs.
    func issuerKey(_ algorithm: SignatureAlgorithm) throws(TokenError) -> SigningKey {
        do {
            while true {
                let (id, components) = try generate(algorithm)
                let kid = JWK.thumbprint(of: components)
                // One of 64 would begin so, and commands take that for an option.
                guard !kid.hasPrefix("-") else {
                    try destroy(id)
                    continue
                }
                let publicKey = try PublicKey(components)
                let signer = TokenKey(id, publicKey, in: self)
                _ = try signer.sign(Array("jobpass".utf8))
                try name(id, "jobpass \(algorithm.rawValue) \(kid)")
                return SigningKey(publicKey, signer: signer)
            }
        } catch let error as PKCS11Error where error.code == .unsupported {
            throw TokenError(
                .keyLife,
                algorithm.rawValue,
                seen: "\(error)",
                wanted: "an algorithm that the token has keys for; take it out of keys.algorithms"
            )
        } catch {
            throw TokenError(.keyRing, "token \(settings.token)", seen: "\(error)", wanted: "a new key in it")
        }
    }
}
