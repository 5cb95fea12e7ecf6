internal import COpenSSL

/// Owns one EVP_PKEY, which is never changed after it was made.
@safe final class KeyHandle: @unchecked Sendable {  // openssl-threads(7): unchanging objects may be shared by threads.
    let pointer: OpaquePointer  // EVP_PKEY *

    deinit { unsafe EVP_PKEY_free(pointer) }

    /// Takes over a key that OpenSSL made, or throws what it reported where it made none.
    init(taking pointer: OpaquePointer?, _ operation: String) throws(CryptoError) {
        guard let pointer = unsafe pointer else { throw .drained(.key, operation) }
        unsafe self.pointer = pointer
    }

    /// Reads an unencrypted private key.
    convenience init(pem: borrowing SecretBytes, _ operation: String) throws(CryptoError) {
        let key: OpaquePointer? = unsafe pem.withBytes { text in
            unsafe text.withUnsafeBytes { text in
                guard let input = unsafe BIO_new_mem_buf(text.baseAddress, Int32(text.count)) else { return nil }
                defer { unsafe BIO_free(input) }
                // Without a callback OpenSSL would ask the terminal for the passphrase of an encrypted key.
                return unsafe PEM_read_bio_PrivateKey(input, nil, { _, _, _, _ in -1 }, nil)
            }
        }
        unsafe try self.init(taking: key, operation)
    }

    /// Makes a public key of numbers that `checkShape` has passed.
    convenience init(_ components: PublicKeyComponents) throws(CryptoError) {
        let operation = "reading a public key"
        switch components {
        case .ed25519(let point):
            unsafe try self.init(
                taking: EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, point, point.count),
                operation
            )
        case .rsa(let modulus, let exponent):
            unsafe try self.init(
                taking: Self.publicKey(
                    type: "RSA",
                    Parameter(name: OSSL_PKEY_PARAM_RSA_N, number: modulus),
                    Parameter(name: OSSL_PKEY_PARAM_RSA_E, number: exponent)
                ),
                operation
            )
        case .ec(let curve, let x, let y):
            // 4: an uncompressed point (SEC 1, section 2.3.3). OpenSSL refuses one that is not on the curve.
            unsafe try self.init(
                taking: Self.publicKey(
                    type: "EC",
                    Parameter(name: OSSL_PKEY_PARAM_GROUP_NAME, text: curve.rawValue),
                    Parameter(name: OSSL_PKEY_PARAM_PUB_KEY, bytes: [4] + x + y)
                ),
                operation
            )
        }
    }

    /// A new key, which the caller owns; nil with the reason in OpenSSL's queue.
    private static func publicKey(type: String, _ first: Parameter, _ second: Parameter) -> OpaquePointer? {
        guard let context = unsafe EVP_PKEY_CTX_new_from_name(nil, type, nil) else { return nil }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        return unsafe first.withParameter { first in
            unsafe second.withParameter { second in
                var parameters = unsafe [first, second, OSSL_PARAM_construct_end()]
                var key: OpaquePointer?
                guard unsafe EVP_PKEY_fromdata_init(context) == 1,
                    unsafe EVP_PKEY_fromdata(context, &key, copenssl_public_key_selection(), &parameters) == 1
                else { return nil }
                return unsafe key
            }
        }
    }

    /// The public numbers.
    ///
    /// - Throws: `CryptoError` with code `key` for a kind, curve or size that is not used here.
    func components() throws(CryptoError) -> PublicKeyComponents {
        let components: PublicKeyComponents
        switch unsafe EVP_PKEY_get_base_id(pointer) {
        case EVP_PKEY_RSA:
            components = .rsa(
                modulus: try number(OSSL_PKEY_PARAM_RSA_N),
                exponent: try number(OSSL_PKEY_PARAM_RSA_E)
            )
        case EVP_PKEY_EC:
            let curve = try curve()
            components = .ec(
                curve: curve,
                x: try number(OSSL_PKEY_PARAM_EC_PUB_X, width: curve.fieldByteCount),
                y: try number(OSSL_PKEY_PARAM_EC_PUB_Y, width: curve.fieldByteCount)
            )
        case EVP_PKEY_ED25519:
            var point = [UInt8](repeating: 0, count: 32)
            var count = point.count
            guard unsafe EVP_PKEY_get_raw_public_key(pointer, &point, &count) == 1, count == 32 else {
                throw .drained(.key, "reading an Ed25519 key")
            }
            components = .ed25519(point)
        default:
            throw CryptoError(.key, "reading a key", detail: "it is neither RSA, nor P-256, P-384, P-521, nor Ed25519")
        }
        try components.checkShape()
        return components
    }

    private func curve() throws(CryptoError) -> Curve {
        var name = [CChar](repeating: 0, count: 64)
        var count = 0
        guard unsafe EVP_PKEY_get_group_name(pointer, &name, name.count, &count) == 1 else {
            throw .drained(.key, "reading a key's curve")
        }
        switch name.prefix(count).map({ UInt8(bitPattern: $0) }) {
        case Array("prime256v1".utf8): return .p256
        case Array("secp384r1".utf8): return .p384
        case Array("secp521r1".utf8): return .p521
        default: throw CryptoError(.key, "reading a key", detail: "its curve is not P-256, P-384 or P-521")
        }
    }

    /// One of the key's numbers, big-endian: of `width` bytes, or without leading zeros.
    private func number(_ name: String, width: Int? = nil) throws(CryptoError) -> [UInt8] {
        var number: OpaquePointer?  // BIGNUM *
        guard unsafe EVP_PKEY_get_bn_param(pointer, name, &number) == 1 else {
            throw .drained(.key, "reading a key's numbers")
        }
        defer { unsafe BN_free(number) }
        let width = unsafe width ?? Int(BN_num_bits(number) + 7) / 8
        var bytes = [UInt8](repeating: 0, count: width)
        guard unsafe BN_bn2binpad(number, &bytes, Int32(width)) == width else {
            throw .drained(.key, "reading a key's numbers")
        }
        return bytes
    }
}

/// One of the values that a key is made from.
private struct Parameter {
    private let name: String
    private let kind: UInt32
    private let bytes: [UInt8]
    private let count: Int

    /// A number given big-endian; OpenSSL takes numbers in the machine's order.
    init(name: String, number: [UInt8]) {
        self.name = name
        kind = UInt32(OSSL_PARAM_UNSIGNED_INTEGER)
        bytes = UInt16(littleEndian: 1) == 1 ? number.reversed() : number
        count = number.count
    }

    // OpenSSL 3.0 reads a curve's name to its NUL, whatever length it is given.
    init(name: String, text: String) {
        self.name = name
        kind = UInt32(OSSL_PARAM_UTF8_STRING)
        bytes = Array(text.utf8) + [0]
        count = bytes.count - 1
    }

    init(name: String, bytes: [UInt8]) {
        self.name = name
        kind = UInt32(OSSL_PARAM_OCTET_STRING)
        self.bytes = bytes
        count = bytes.count
    }

    /// Lends the value in OpenSSL's form, whose pointers end with `body`.
    func withParameter(_ body: (OSSL_PARAM) -> OpaquePointer?) -> OpaquePointer? {
        var bytes = bytes
        return unsafe name.withCString { name in
            unsafe bytes.withUnsafeMutableBytes { data in
                unsafe body(
                    OSSL_PARAM(
                        key: name,
                        data_type: kind,
                        data: data.baseAddress,
                        data_size: count,
                        return_size: 0
                    )
                )
            }
        }
    }
}
