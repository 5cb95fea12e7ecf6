/// The public numbers of a key, as a JWK carries them (RFC 7518, section 6; RFC 8037, section 2).
package enum PublicKeyComponents: Hashable, Sendable {
    /// Modulus and exponent, big-endian without leading zeros.
    case rsa(modulus: [UInt8], exponent: [UInt8])
    /// A point's coordinates, each of the full width of the curve's field.
    case ec(curve: Curve, x: [UInt8], y: [UInt8])
    /// The 32 bytes of an Ed25519 key.
    case ed25519([UInt8])

    /// Checks what can be told without arithmetic.
    ///
    /// - Throws: `CryptoError` with code `key`.
    func checkShape() throws(CryptoError) {
        switch self {
        case .rsa(let modulus, let exponent): try Self.checkRSA(modulus: modulus, exponent: exponent)
        case .ec(let curve, let x, let y):
            guard x.count == curve.fieldByteCount, y.count == curve.fieldByteCount else {
                throw Self.refused("a coordinate on \(curve.rawValue) has \(curve.fieldByteCount) bytes")
            }
        case .ed25519(let point):
            guard point.count == 32 else { throw Self.refused("an Ed25519 key has 32 bytes, this \(point.count)") }
        }
    }

    /// The sizes of RSA keys that are used: RFC 7518, section 3.3, wants 2048 bits or more, and above 8192 one
    /// verification costs a stranger nothing and us milliseconds.
    static let modulusBits = 2048...8192

    private static func checkRSA(modulus: [UInt8], exponent: [UInt8]) throws(CryptoError) {
        guard let top = modulus.first, top != 0, let exponentTop = exponent.first, exponentTop != 0 else {
            throw refused("an RSA number is empty or has a leading zero")
        }
        let bits = modulus.count * 8 - top.leadingZeroBitCount
        guard modulusBits.contains(bits) else {
            throw refused("an RSA key of \(bits) bits; \(modulusBits.lowerBound) to \(modulusBits.upperBound) are used")
        }
        // With an exponent of 1 every text signs itself, an even one or an even modulus is no RSA, and a long one
        // makes verifying as slow as signing.
        guard let last = exponent.last, !last.isMultiple(of: 2), exponent != [1], exponent.count <= 8,
            let lowest = modulus.last, !lowest.isMultiple(of: 2)
        else { throw refused("an RSA exponent must be odd, from 3 and of 64 bits at most, and a modulus odd") }
    }

    private static func refused(_ detail: String) -> CryptoError {
        CryptoError(.key, "reading a public key", detail: detail)
    }
}
