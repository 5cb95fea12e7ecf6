internal import COpenSSL

/// A private key, which signs with the one algorithm of its kind.
package final class SigningKey: Sendable {
    /// The one algorithm that this key signs with: RS256 for RSA, the curve's for EC, EdDSA for Ed25519.
    package let algorithm: SignatureAlgorithm
    /// The key that verifies what this one signs.
    package let publicKey: PublicKey
    private let half: PrivateHalf

    /// Where the private half is.
    private enum PrivateHalf: Sendable {
        /// In this process, with the operations that are prepared for it.
        case here(KeyHandle, SigningContexts?)
        /// Elsewhere, and it never comes here.
        case elsewhere(any RemoteSigner)
    }

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
        algorithm = Self.algorithm(of: publicKey)
        let contexts = try algorithm.digest.map { digest throws(CryptoError) in try SigningContexts(handle, digest) }
        half = .here(handle, contexts)
    }

    /// Takes a key whose private half is elsewhere.
    package init(_ publicKey: PublicKey, signer: any RemoteSigner) {
        self.publicKey = publicKey
        algorithm = Self.algorithm(of: publicKey)
        half = .elsewhere(signer)
    }

    private static func algorithm(of publicKey: PublicKey) -> SignatureAlgorithm {
        switch publicKey.components {
        case .rsa: .rs256
        case .ec(.p256, _, _): .es256
        case .ec(.p384, _, _): .es384
        case .ec(.p521, _, _): .es512
        case .ed25519: .edDSA
        }
    }

    /// Who signs in the place of a private half that is elsewhere; nil where it is here.
    package var signer: (any RemoteSigner)? {
        if case .elsewhere(let signer) = half { signer } else { nil }
    }

    /// Lends OpenSSL's own key (`EVP_PKEY *`), which is here.
    func withPointer<Result>(_ body: (OpaquePointer) -> Result) -> Result {
        guard case .here(let handle, _) = half else {
            preconditionFailure("OpenSSL is to use a private key that is in a token")
        }
        return unsafe body(handle.pointer)
    }

    /// The key as unencrypted PKCS#8 in PEM (RFC 5958, RFC 7468).
    ///
    /// - Throws: `CryptoError` with code `library`; `key` for one that is elsewhere.
    package func pem() throws(CryptoError) -> SecretBytes {
        let operation = "writing a private key"
        guard case .here(let handle, _) = half else {
            throw CryptoError(.key, operation, detail: "it is in a token, which it never leaves")
        }
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
    /// - Throws: `CryptoError` with code `library`; `away` where the private half is elsewhere and cannot be reached.
    package func sign(_ message: [UInt8]) throws(CryptoError) -> [UInt8] {
        switch half {
        case .here(_, let contexts?): try contexts.sign(message, curve: algorithm.curve)
        case .here(let handle, nil): try Self.signWhole(message, handle)
        case .elsewhere(let signer): try signer.sign(message)
        }
    }

    /// Ed25519 takes the message itself (RFC 8032): no digest, no prepared context.
    private static func signWhole(_ message: [UInt8], _ handle: KeyHandle) throws(CryptoError) -> [UInt8] {
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

/// What signs by a private key that never comes into this process.
///
/// Calls block, and may come from several threads. What it makes is checked against the public half by whoever lets it in.
package protocol RemoteSigner: Sendable {
    /// By what the key is found again where it is.
    var reference: String { get }

    /// Signs a message; the signature is in its JOSE form.
    ///
    /// - Throws: `CryptoError` with code `away`.
    func sign(_ message: [UInt8]) throws(CryptoError) -> [UInt8]
}
