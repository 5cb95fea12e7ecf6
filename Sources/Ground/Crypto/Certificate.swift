internal import COpenSSL

/// Owns one X.509 certificate.
@safe final class Certificate {
    let pointer: OpaquePointer  // X509 *

    deinit { unsafe X509_free(pointer) }

    private init(taking pointer: OpaquePointer) { unsafe self.pointer = pointer }

    /// Reads every certificate of a PEM text, of which there must be one at least.
    ///
    /// - Throws: `CryptoError` with code `certificate`.
    static func all(inPEM text: [UInt8], _ operation: String) throws(CryptoError) -> [Certificate] {
        var certificates: [Certificate] = []
        let isRead = unsafe text.withUnsafeBytes { text in
            guard let input = unsafe BIO_new_mem_buf(text.baseAddress, Int32(text.count)) else { return false }
            defer { unsafe BIO_free(input) }
            while let certificate = unsafe PEM_read_bio_X509(input, nil, nil, nil) {
                certificates.append(unsafe Certificate(taking: certificate))
            }
            // The one error that means the end of the text, not a broken certificate in it.
            return copenssl_is_end_of_pem(ERR_peek_last_error()) == 1
        }
        guard isRead else { throw .drained(.certificate, operation) }
        ERR_clear_error()
        guard !certificates.isEmpty else { throw CryptoError(.certificate, operation, detail: "there is none in it") }
        return certificates
    }
}
