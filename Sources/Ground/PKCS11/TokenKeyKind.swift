internal import CP11Kit
internal import Crypto

/// What a token has to know to make a key for an algorithm.
struct TokenKeyKind {
    let algorithm: SignatureAlgorithm
    let mechanism: CK_MECHANISM_TYPE
    /// Of the modulus, for RSA.
    var bits: CK_ULONG = 0
    /// The curve's name in DER (RFC 5480, section 2.1.1.1), for the others.
    var parameters: [UInt8] = []

    init(_ algorithm: SignatureAlgorithm) throws(PKCS11Error) {
        self.algorithm = algorithm
        switch algorithm.curve {
        case .p256:
            mechanism = CKM_EC_KEY_PAIR_GEN
            parameters = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
        case .p384:
            mechanism = CKM_EC_KEY_PAIR_GEN
            parameters = [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22]
        case .p521:
            mechanism = CKM_EC_KEY_PAIR_GEN
            parameters = [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23]
        case nil where algorithm == .edDSA:
            mechanism = CKM_EC_EDWARDS_KEY_PAIR_GEN
            // PKCS#11 v3.0, section 2.3.10: a PrintableString.
            parameters = [0x13, 0x0C] + Array("edwards25519".utf8)
        case nil where algorithm == .rs256:
            mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN
            bits = 2_048
        case nil: throw PKCS11Error(.unsupported, "no key is made for \(algorithm.rawValue)")
        }
    }

    /// The coordinates in CKA_EC_POINT: a DER OCTET STRING, as PKCS#11 v2.40 has it, or what that would hold, as some tokens answer.
    func point(_ attribute: [UInt8]) throws(PKCS11Error) -> [UInt8] {
        let head: [UInt8] = algorithm == .edDSA ? [] : [0x04]  // SEC 1, section 2.3.3: not compressed
        let wanted = head.count + (algorithm.curve.map { $0.fieldByteCount * 2 } ?? 32)
        let octets: [UInt8] = wanted < 128 ? [0x04, UInt8(wanted)] : [0x04, 0x81, UInt8(wanted)]
        let point = attribute.starts(with: octets) ? Array(attribute.dropFirst(octets.count)) : attribute
        guard point.count == wanted, point.starts(with: head) else {
            throw PKCS11Error(
                .unsupported,
                "the token's public key has \(attribute.count) bytes, in no form that is known"
            )
        }
        return Array(point.dropFirst(head.count))
    }
}

/// What a token is given to sign.
struct TokenMessage {
    let mechanism: CK_MECHANISM_TYPE
    let bytes: [UInt8]

    /// RFC 8017, section 9.2: what stands before a SHA-256 hash.
    private static let sha256Info: [UInt8] = [
        0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04,
        0x20,
    ]

    /// Hashes a message by OpenSSL, but for Ed25519, which takes it whole (RFC 8032).
    init(_ message: [UInt8], for algorithm: SignatureAlgorithm) {
        switch algorithm.hash(message) {
        case let hash? where algorithm.curve != nil: (mechanism, bytes) = (CKM_ECDSA, hash)
        case let hash?: (mechanism, bytes) = (CKM_RSA_PKCS, Self.sha256Info + hash)
        case nil: (mechanism, bytes) = (CKM_EDDSA, message)
        }
    }
}
