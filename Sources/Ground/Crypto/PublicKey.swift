internal import COpenSSL

/// A key that verifies signatures.
package final class PublicKey: Sendable {
    /// The key's public numbers.
    package let components: PublicKeyComponents
    private let handle: KeyHandle

    /// Makes a key of public numbers.
    ///
    /// - Throws: `CryptoError` with code `key` for a point that is not on its curve, a wrong length, an RSA key under 2048
    ///   or above 8192 bits, or an RSA exponent that no honest key has.
    package init(_ components: PublicKeyComponents) throws(CryptoError) {
        try components.checkShape()
        handle = try KeyHandle(components)
        self.components = components
        guard case .ec = components else { return }
        // NIST SP 800-56A, section 5.6.2.3.3: in the field, on the curve, of the group's order.
        guard unsafe Self.isValid(handle.pointer) else { throw .drained(.key, "checking a public key") }
    }

    init(of handle: KeyHandle) throws(CryptoError) {
        components = try handle.components()
        self.handle = handle
    }

    private static func isValid(_ key: OpaquePointer) -> Bool {
        guard let context = unsafe EVP_PKEY_CTX_new(key, nil) else { return false }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        return unsafe EVP_PKEY_public_check(context) == 1
    }

    /// Whether a signature in its JOSE form is this key's over a message.
    ///
    /// False too for an algorithm that is not for this kind of key or curve, and for a signature of another length than
    /// the algorithm's (RFC 7518, sections 3.3 to 3.5).
    package func verify(_ signature: [UInt8], of message: [UInt8], algorithm: SignatureAlgorithm) -> Bool {
        guard algorithm.fits(components) else { return false }
        defer { ERR_clear_error() }
        switch components {
        case .rsa(let modulus, _):
            guard signature.count == modulus.count else { return false }
            return verifyAsIs(signature, of: message, algorithm: algorithm)
        case .ec(let curve, _, _):
            guard let encoded = ECDSASignature.der(signature, curve: curve) else { return false }
            return verifyAsIs(encoded, of: message, algorithm: algorithm)
        case .ed25519:
            guard signature.count == 64 else { return false }
            return verifyAsIs(signature, of: message, algorithm: algorithm)
        }
    }

    private func verifyAsIs(_ signature: [UInt8], of message: [UInt8], algorithm: SignatureAlgorithm) -> Bool {
        guard let context = unsafe EVP_MD_CTX_new() else { return false }
        defer { unsafe EVP_MD_CTX_free(context) }
        var parameters: OpaquePointer?  // EVP_PKEY_CTX *, owned by the context
        let digest = unsafe algorithm.digest?.pointer
        guard unsafe EVP_DigestVerifyInit(context, &parameters, digest, nil, handle.pointer) == 1 else { return false }
        if algorithm.usesPSS {
            // RFC 7518, section 3.5: the salt is as long as the digest, and MGF1 uses the same digest (the default).
            guard unsafe EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1,
                unsafe EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1
            else { return false }
        }
        return unsafe EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}

extension PublicKey: Equatable {
    package static func == (left: PublicKey, right: PublicKey) -> Bool { left.components == right.components }
}
