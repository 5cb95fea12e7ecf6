internal import COpenSSL

/// A certificate that vouches for itself, for a server that nobody else has to trust: who connects is given its file.
package struct SelfSignedCertificate: ~Copyable {
    /// The certificate, PEM; also the authority to trust.
    package let certificate: [UInt8]
    /// Its private key, PEM.
    package let privateKey: SecretBytes

    /// Makes a certificate with a new key for names such as `DNS:localhost` and `IP:127.0.0.1`, good for some days from `now`
    /// (seconds since the epoch).
    ///
    /// - Throws: `CryptoError` with code `certificate`.
    package static func make(
        for names: [String],
        days: Int,
        from now: Int64
    ) throws(CryptoError) -> SelfSignedCertificate {
        let operation = "making a certificate"
        let key = try SigningKey.generate(for: .es256)
        guard let certificate = unsafe X509_new() else { throw .drained(.certificate, operation) }
        defer { unsafe X509_free(certificate) }
        let isMade =
            unsafe X509_set_version(certificate, 2) == 1  // 2 is version 3 (RFC 5280, section 4.1.2.1).
            && number(certificate) && name(certificate) && validity(certificate, days, now)
            && extend(certificate, NID_basic_constraints, "critical,CA:TRUE")
            && extend(certificate, NID_subject_alt_name, names.joined(separator: ","))
            && key.withPointer { key in
                unsafe X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0
            }
        guard isMade else { throw .drained(.certificate, operation) }
        return SelfSignedCertificate(certificate: try unsafe pem(certificate, operation), privateKey: try key.pem())
    }

    /// A serial number of 120 random bits (RFC 5280, section 4.1.2.2, wants it positive and unique).
    private static func number(_ certificate: OpaquePointer) -> Bool {
        let bytes = [UInt8(1)] + Entropy.bytes(15)
        guard let number = unsafe BN_bin2bn(bytes, Int32(bytes.count), nil) else { return false }
        defer { unsafe BN_free(number) }
        return unsafe BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nil
    }

    /// The same name for subject and issuer.
    private static func name(_ certificate: OpaquePointer) -> Bool {
        guard let name = unsafe X509_get_subject_name(certificate) else { return false }
        let text = Array("Jobpass sandbox".utf8)
        return unsafe X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, Int32(text.count), -1, 0) == 1
            && X509_set_issuer_name(certificate, name) == 1
    }

    /// From an hour ago, since clocks differ.
    private static func validity(_ certificate: OpaquePointer, _ days: Int, _ now: Int64) -> Bool {
        guard let begin = unsafe ASN1_TIME_adj(nil, Int(now), 0, -3_600) else { return false }
        defer { unsafe ASN1_STRING_free(begin) }
        guard let end = unsafe ASN1_TIME_adj(nil, Int(now), Int32(days), 0) else { return false }
        defer { unsafe ASN1_STRING_free(end) }
        return unsafe X509_set1_notBefore(certificate, begin) == 1 && X509_set1_notAfter(certificate, end) == 1
    }

    private static func extend(_ certificate: OpaquePointer, _ identifier: Int32, _ value: String) -> Bool {
        guard let made = unsafe X509V3_EXT_conf_nid(nil, nil, identifier, value) else { return false }
        defer { unsafe X509_EXTENSION_free(made) }
        return unsafe X509_add_ext(certificate, made, -1) == 1
    }

    private static func pem(_ certificate: OpaquePointer, _ operation: String) throws(CryptoError) -> [UInt8] {
        guard let output = unsafe BIO_new(BIO_s_mem()) else { throw .drained(.library, operation) }
        defer { unsafe BIO_free(output) }
        guard unsafe PEM_write_bio_X509(output, certificate) == 1 else { throw .drained(.library, operation) }
        var start: UnsafeMutablePointer<CChar>?
        let count = unsafe copenssl_bio_data(output, &start)
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: Int(count)))
    }
}
