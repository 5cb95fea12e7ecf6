internal import COpenSSL

/// A private key, which signs with the one algorithm of its kind.
package final class SigningKey: Sendable {
    /// The one algorithm that this key signs with: RS256 for RSA, the curve's for EC, EdDSA for Ed25519.
    package let algorithm: SignatureAlgorithm
    /// The key that verifies what this one signs.
    package let publicKey: PublicKey
    private let handle: KeyHandle
    private let contexts: SigningContexts?

    /// Makes a new key: 2048 bits for RSA.
    ///
    /// - Throws: `CryptoError` with code `key` for an algorithm that this program does not sign with.
    package static func generate(for algorithm: SignatureAlgorithm) throws(CryptoError) -> SigningKey {
        let operation = "making a key for \(algorithm.rawValue)"
        let key: OpaquePointer?  // EVP_PKEY *
        switch (algorithm, algorithm.curve) {
        case (_, let curve?): unsafe key = copenssl_generate_ec(curve.rawValue)
        case (.rs256, nil): unsafe key = copenssl_generate_rsa(2048)
        case (.edDSA, nil): unsafe key = copenssl_generate_ed25519()
        default: throw CryptoError(.key, operation, detail: "a private key file cannot say this algorithm")
        }
        return unsafe try SigningKey(KeyHandle(taking: unsafe key, operation))
    }

    /// Reads a key from PEM, as `pem()` writes it.
    ///
    /// - Throws: `CryptoError` with code `key` for anything but one unencrypted private key of a kind that is used here.
    package convenience init(pem: borrowing SecretBytes) throws(CryptoError) {
        try self.init(KeyHandle(pem: pem, "reading a private key"))
    }

    private init(_ handle: KeyHandle) throws(CryptoError) {
        publicKey = try PublicKey(of: handle)
        switch publicKey.components {
        case .rsa: algorithm = .rs256
        case .ec(.p256, _, _): algorithm = .es256
        case .ec(.p384, _, _): algorithm = .es384
        case .ec(.p521, _, _): algorithm = .es512
        case .ed25519: algorithm = .edDSA
        }
        self.handle = handle
        contexts = try algorithm.digest.map { digest throws(CryptoError) in try SigningContexts(handle, digest) }
    }

    /// Lends OpenSSL's own key (`EVP_PKEY *`).
    func withPointer<Result>(_ body: (OpaquePointer) -> Result) -> Result { unsafe body(handle.pointer) }

    /// The key as unencrypted PKCS#8 in PEM (RFC 5958, RFC 7468).
    ///
    /// - Throws: `CryptoError` with code `library`.
    package func pem() throws(CryptoError) -> SecretBytes {
        let operation = "writing a private key"
        // Memory of the `secmem` kind is overwritten before it is freed.
        guard let output = unsafe BIO_new(BIO_s_secmem()) else { throw .drained(.library, operation) }
        defer { unsafe BIO_free(output) }
        guard unsafe PEM_write_bio_PKCS8PrivateKey(output, handle.pointer, nil, nil, 0, nil, nil) == 1 else {
            throw .drained(.library, operation)
        }
        var start: UnsafeMutablePointer<CChar>?
        let count = unsafe copenssl_bio_data(output, &start)
        let text = unsafe UnsafeRawBufferPointer(start: start, count: Int(count))
        return unsafe SecretBytes(count: text.count) { buffer in unsafe buffer.copyMemory(from: text) }
    }

    /// Signs a message; the signature is in its JOSE form (for ES256, R and S of 32 bytes each).
    ///
    /// - Throws: `CryptoError` with code `library`.
    package func sign(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
        if let contexts { return try contexts.sign(message, curve: algorithm.curve) }
        return try signWhole(message)
    }

    /// Ed25519 takes the message itself (RFC 8032): no digest, no prepared context.
    private func signWhole(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
        guard let context = unsafe EVP_MD_CTX_new() else { throw .drained(.library, "signing") }
        defer { unsafe EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: 64)
        var count = signature.count
        guard unsafe EVP_DigestSignInit(context, nil, nil, nil, handle.pointer) == 1,
            unsafe EVP_DigestSign(context, &signature, &count, message, message.count) == 1, count == 64
        else { throw .drained(.library, "signing") }
        return signature
    }
}
