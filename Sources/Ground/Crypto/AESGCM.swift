internal import COpenSSL

/// AES-256 in Galois/Counter Mode (NIST SP 800-38D).
///
/// Each sealing draws a nonce of 96 random bits, so one key may seal 2^32 texts (SP 800-38D, section 8.3).
package enum AESGCM {
    /// Bytes of a key.
    package static let keyByteCount = 32

    private static let nonceByteCount = 12
    private static let tagByteCount = 16

    /// Seals a text under a 32-byte key and binds it to `associatedData`, which is not part of the result.
    ///
    /// The result is the nonce (12 bytes), the ciphertext (as long as the text) and the tag (16 bytes).
    ///
    /// - Throws: `CryptoError` with code `key` for a key of another length, with `library` where OpenSSL fails.
    package static func seal(
        _ plaintext: borrowing SecretBytes,
        key: borrowing SecretBytes,
        associatedData: [UInt8]
    ) throws(CryptoError) -> [UInt8] {
        let operation = "sealing a secret"
        let nonce = Entropy.bytes(nonceByteCount)
        let cipher = try Cipher(isSealing: true, key: key, nonce: nonce, operation: operation)
        try cipher.authenticate(associatedData)
        let ciphertext = try plaintext.withBytes { text throws(CryptoError) in
            try unsafe text.withUnsafeBytes { input throws(CryptoError) in
                var output = [UInt8](repeating: 0, count: input.count)
                var failure: CryptoError?
                unsafe output.withUnsafeMutableBytes { output in
                    do throws(CryptoError) { unsafe try cipher.update(input, into: output) } catch { failure = error }
                }
                if let failure { throw failure }
                return output
            }
        }
        return nonce + ciphertext + (try cipher.finishSealing(tagByteCount: tagByteCount))
    }

    /// The text that `seal` sealed under the same key and associated data.
    ///
    /// - Throws: `CryptoError` with code `authentication` where anything differs, with `key` for a key of another length.
    package static func open(
        _ sealed: [UInt8],
        key: borrowing SecretBytes,
        associatedData: [UInt8]
    ) throws(CryptoError) -> SecretBytes {
        let operation = "opening a sealed secret"
        guard sealed.count >= nonceByteCount + tagByteCount else {
            throw CryptoError(.authentication, operation, detail: "\(sealed.count) bytes are too few")
        }
        let tagStart = sealed.count - tagByteCount
        let nonce = Array(sealed[..<nonceByteCount])
        let cipher = try Cipher(isSealing: false, key: key, nonce: nonce, operation: operation)
        try cipher.authenticate(associatedData)
        var failure: CryptoError?
        let text = unsafe SecretBytes(count: tagStart - nonceByteCount) { output in
            unsafe sealed.withUnsafeBytes { input in
                let ciphertext = unsafe UnsafeRawBufferPointer(rebasing: input[nonceByteCount..<tagStart])
                do throws(CryptoError) { unsafe try cipher.update(ciphertext, into: output) } catch { failure = error }
            }
        }
        if let failure { throw failure }
        try cipher.finishOpening(tag: Array(sealed[tagStart...]))
        return text
    }
}

/// One run of the cipher.
@safe private final class Cipher {
    private let context: OpaquePointer  // EVP_CIPHER_CTX *
    private let operation: String

    deinit { unsafe EVP_CIPHER_CTX_free(context) }

    init(isSealing: Bool, key: borrowing SecretBytes, nonce: [UInt8], operation: String) throws(CryptoError) {
        guard let context = unsafe EVP_CIPHER_CTX_new() else { throw .drained(.library, operation) }
        unsafe self.context = context
        self.operation = operation
        guard key.count == AESGCM.keyByteCount else {
            throw CryptoError(.key, operation, detail: "the key has \(key.count) bytes, wanted \(AESGCM.keyByteCount)")
        }
        let isReady = key.withBytes { key in
            unsafe key.withUnsafeBufferPointer { key in
                unsafe EVP_CipherInit_ex(
                    context,
                    EVP_aes_256_gcm(),
                    nil,
                    key.baseAddress,
                    nonce,
                    isSealing ? 1 : 0
                ) == 1
            }
        }
        guard isReady else { throw .drained(.library, operation) }
    }

    func authenticate(_ associatedData: [UInt8]) throws(CryptoError) {
        var written: Int32 = 0
        guard unsafe EVP_CipherUpdate(context, nil, &written, associatedData, Int32(associatedData.count)) == 1 else {
            throw .drained(.library, operation)
        }
    }

    func update(
        _ input: UnsafeRawBufferPointer,
        into output: UnsafeMutableRawBufferPointer
    ) throws(CryptoError) {
        guard input.count > 0 else { return }
        var written: Int32 = 0
        let isDone =
            unsafe EVP_CipherUpdate(
                context,
                output.baseAddress?.assumingMemoryBound(to: UInt8.self),
                &written,
                input.baseAddress?.assumingMemoryBound(to: UInt8.self),
                Int32(input.count)
            ) == 1
        guard isDone, Int(written) == input.count else { throw .drained(.library, operation) }
    }

    func finishSealing(tagByteCount: Int) throws(CryptoError) -> [UInt8] {
        var tag = [UInt8](repeating: 0, count: tagByteCount)
        var written: Int32 = 0
        var rest = [UInt8](repeating: 0, count: tagByteCount)
        guard unsafe EVP_CipherFinal_ex(context, &rest, &written) == 1,
            unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagByteCount), &tag) == 1
        else { throw .drained(.library, operation) }
        return tag
    }

    func finishOpening(tag: [UInt8]) throws(CryptoError) {
        var tag = tag
        var written: Int32 = 0
        var rest = [UInt8](repeating: 0, count: tag.count)
        guard unsafe EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tag.count), &tag) == 1 else {
            throw .drained(.library, operation)
        }
        guard unsafe EVP_CipherFinal_ex(context, &rest, &written) == 1 else {
            ERR_clear_error()
            throw CryptoError(
                .authentication,
                operation,
                detail: "it was changed, or sealed with another key or for another place"
            )
        }
    }
}
