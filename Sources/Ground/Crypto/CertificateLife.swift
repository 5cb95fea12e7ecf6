internal import COpenSSL

/// How long certificates of a PEM text still hold.
package enum CertificateLife {
    /// Until any certificate of the chain ends, by this machine's clock; negative where one has ended.
    ///
    /// - Throws: `CryptoError` with code `certificate`.
    package static func left(inPEM text: [UInt8]) throws(CryptoError) -> Duration {
        var shortest: Duration?
        for certificate in try Certificate.all(inPEM: text, "reading a certificate") {
            var days: Int32 = 0
            var seconds: Int32 = 0
            let isKnown = unsafe ASN1_TIME_diff(&days, &seconds, nil, X509_get0_notAfter(certificate.pointer))
            guard isKnown == 1 else { throw .drained(.certificate, "reading a certificate's end") }
            let left = Duration.seconds(Int64(days) * 86_400 + Int64(seconds))
            shortest = min(shortest ?? left, left)
        }
        return shortest ?? .zero
    }
}
