internal import COpenSSL

/// The two forms of an ECDSA signature: OpenSSL's DER, and JOSE's R and S behind each other (RFC 7518, section 3.4).
enum ECDSASignature {
    /// The DER form; nil where the length is not that of the curve.
    static func der(_ signature: [UInt8], curve: Curve) -> [UInt8]? {
        let width = curve.fieldByteCount
        guard signature.count == 2 * width, let pair = unsafe ECDSA_SIG_new() else { return nil }
        defer { unsafe ECDSA_SIG_free(pair) }
        let isSet = unsafe signature.withUnsafeBufferPointer { bytes in
            let r = unsafe BN_bin2bn(bytes.baseAddress, Int32(width), nil)
            let s = unsafe BN_bin2bn(bytes.baseAddress?.advanced(by: width), Int32(width), nil)
            // Takes over both numbers, or neither.
            guard unsafe ECDSA_SIG_set0(pair, r, s) == 1 else {
                unsafe BN_free(r)
                unsafe BN_free(s)
                return false
            }
            return true
        }
        guard isSet else { return nil }
        let count = unsafe i2d_ECDSA_SIG(pair, nil)
        guard count > 0 else { return nil }
        return unsafe [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, filled in
            var position = buffer.baseAddress
            filled = unsafe Int(max(0, i2d_ECDSA_SIG(pair, &position)))
        }
    }

    /// The JOSE form of a signature that OpenSSL made.
    ///
    /// - Throws: `CryptoError` with code `library` where it is none.
    static func jose(_ der: UnsafeBufferPointer<UInt8>, curve: Curve) throws(CryptoError) -> [UInt8] {
        let width = curve.fieldByteCount
        var position = der.baseAddress
        guard let pair = unsafe d2i_ECDSA_SIG(nil, &position, der.count) else {
            throw .drained(.library, "signing")
        }
        defer { unsafe ECDSA_SIG_free(pair) }
        var isWhole = false
        let signature = unsafe [UInt8](unsafeUninitializedCapacity: 2 * width) { buffer, count in
            let r = unsafe BN_bn2binpad(ECDSA_SIG_get0_r(pair), buffer.baseAddress, Int32(width))
            let s = unsafe BN_bn2binpad(ECDSA_SIG_get0_s(pair), buffer.baseAddress?.advanced(by: width), Int32(width))
            isWhole = r == width && s == width
            count = isWhole ? 2 * width : 0
        }
        guard isWhole else { throw .drained(.library, "signing") }
        return signature
    }
}
