internal import COpenSSL

/// What a TLS connection's verified client certificate says of its holder.
package struct TLSPeer: Equatable, Sendable {
    /// The subject alternative names that are DNS names or URIs, in the certificate's order.
    package let names: [String]
    /// SHA-256 of the DER certificate.
    package let sha256: SHA256Digest
    /// SHA-256 of the DER of its SubjectPublicKeyInfo.
    package let publicKeySHA256: SHA256Digest

    /// Reads the peer of a session (`SSL *`) after its handshake; nil where it sent no certificate.
    ///
    /// A session whose certificate did not verify has not completed its handshake, and counts as one without.
    package init?(of session: OpaquePointer) {
        guard let certificate = unsafe SSL_get1_peer_certificate(session) else { return nil }
        defer { unsafe X509_free(certificate) }
        guard unsafe SSL_get_verify_result(session) == Int(X509_V_OK) else { return nil }
        var isHashed = false
        sha256 = unsafe SHA256Digest { output in
            isHashed = unsafe X509_digest(certificate, MessageDigest.sha256.pointer, output, nil) == 1
        }
        guard isHashed, let key = unsafe Self.publicKey(of: certificate) else { return nil }
        publicKeySHA256 = SHA256.hash(key)
        names = unsafe Self.names(of: certificate)
    }

    /// The SubjectPublicKeyInfo as it stands in the certificate.
    private static func publicKey(of certificate: OpaquePointer) -> [UInt8]? {
        let key = unsafe X509_get_X509_PUBKEY(certificate)
        let count = unsafe i2d_X509_PUBKEY(key, nil)
        guard count > 0 else { return nil }
        var der = [UInt8](repeating: 0, count: Int(count))
        let written = unsafe der.withUnsafeMutableBufferPointer { buffer in
            var place = buffer.baseAddress
            return unsafe i2d_X509_PUBKEY(key, &place)
        }
        return written == count ? der : nil
    }

    private static func names(of certificate: OpaquePointer) -> [String] {
        guard let extensionValue = unsafe X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else {
            ERR_clear_error()
            return []
        }
        let all = OpaquePointer(extensionValue)  // GENERAL_NAMES *
        defer { unsafe GENERAL_NAMES_free(all) }
        var names: [String] = []
        for index in 0..<(unsafe copenssl_names_count(all)) {
            guard let text = unsafe copenssl_name_text(copenssl_name(all, index)) else { continue }
            let bytes = unsafe UnsafeBufferPointer(
                start: ASN1_STRING_get0_data(text),
                count: Int(ASN1_STRING_length(text))
            )
            // An IA5String is ASCII. A NUL in one has been used to cut names short (CVE-2009-2408); neither it nor
            // anything else that is no visible character belongs in a DNS name or URI.
            guard unsafe bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else { continue }
            names.append(unsafe String(decoding: bytes, as: UTF8.self))
        }
        return names
    }
}
