internal import CP11Kit
internal import Crypto

/// One session of a token, which one thread at a time uses; it ends with its value, and is given up with the first error.
@safe final class TokenSession: @unchecked Sendable {  // Handed on under the token's lock, never shared.
    private let connection: TokenConnection
    private let handle: CK_SESSION_HANDLE
    /// Private keys that were found, by their IDs.
    private var keys: [[UInt8]: CK_OBJECT_HANDLE] = [:]

    deinit { _ = TokenTurn.take { unsafe cp11kit_close(connection.functions, handle) } }

    init(_ connection: TokenConnection, writing: Bool) throws(PKCS11Error) {
        handle = try connection.open(writing: writing)
        self.connection = connection
    }

    /// Logs in, which counts for every session of the process.
    func logIn(_ pin: borrowing SecretBytes) throws(PKCS11Error) {
        let result = pin.withBytes { span in
            unsafe span.withUnsafeBufferPointer { text in
                TokenTurn.take {
                    unsafe cp11kit_login(connection.functions, handle, text.baseAddress, CK_ULONG(text.count))
                }
            }
        }
        guard result == CKR_OK || result == CKR_USER_ALREADY_LOGGED_IN else {
            throw PKCS11Error(result, "logging in to \(connection.place)")
        }
    }

    /// The objects of an ID, two at most.
    private func search(_ id: [UInt8], isPrivate: Bool) throws(PKCS11Error) -> ArraySlice<CK_OBJECT_HANDLE> {
        var found: [CK_OBJECT_HANDLE] = [0, 0]
        var count: CK_ULONG = 0
        let result = TokenTurn.take {
            unsafe cp11kit_find(
                connection.functions,
                handle,
                isPrivate ? 1 : 0,
                id,
                CK_ULONG(id.count),
                &found,
                &count
            )
        }
        guard result == CKR_OK else { throw PKCS11Error(result, "looking for a key in \(connection.place)") }
        return found.prefix(Int(count))
    }

    /// The private key of an ID, which the token must have once.
    private func find(_ id: [UInt8]) throws(PKCS11Error) -> CK_OBJECT_HANDLE {
        let found = try search(id, isPrivate: true)
        guard let key = found.first, found.count == 1 else {
            throw PKCS11Error(
                .key,
                "\(connection.place) has \(found.isEmpty ? "no key" : "several keys") of the ID \(Self.hex(id))"
            )
        }
        return key
    }

    /// Whether the token has a private key of an ID now.
    func check(_ id: [UInt8]) throws(PKCS11Error) { keys[id] = try find(id) }

    /// Signs by the key of an ID; EC signatures are R and S, one behind the other.
    func sign(_ message: TokenMessage, by id: [UInt8]) throws(PKCS11Error) -> [UInt8] {
        if let key = keys[id] { return try sign(message, key) }
        let key = try find(id)
        let signature = try sign(message, key)
        keys[id] = key
        return signature
    }

    func sign(_ message: TokenMessage, _ key: CK_OBJECT_HANDLE) throws(PKCS11Error) -> [UInt8] {
        var signature = [UInt8](repeating: 0, count: 1_024)
        var count = CK_ULONG(signature.count)
        let result = TokenTurn.take {
            unsafe cp11kit_sign(
                connection.functions,
                handle,
                key,
                message.mechanism,
                message.bytes,
                CK_ULONG(message.bytes.count),
                &signature,
                &count
            )
        }
        guard result == CKR_OK, count <= signature.count else {
            throw PKCS11Error(result, "signing in \(connection.place)")
        }
        return Array(signature.prefix(Int(count)))
    }

    /// Makes a pair of keys, for good or until the session ends.
    func generate(
        _ kind: TokenKeyKind,
        id: [UInt8],
        label: String,
        forGood stays: Bool
    ) throws(PKCS11Error) -> (privateKey: CK_OBJECT_HANDLE, components: PublicKeyComponents) {
        var publicKey: CK_OBJECT_HANDLE = 0
        var privateKey: CK_OBJECT_HANDLE = 0
        let label = Array(label.utf8.map { CChar(bitPattern: $0) })
        let result = TokenTurn.take {
            unsafe cp11kit_generate(
                connection.functions,
                handle,
                kind.mechanism,
                kind.bits,
                kind.parameters,
                CK_ULONG(kind.parameters.count),
                id,
                CK_ULONG(id.count),
                label,
                CK_ULONG(label.count),
                stays ? 1 : 0,
                &publicKey,
                &privateKey
            )
        }
        guard result == CKR_OK else {
            throw PKCS11Error(result, "making a key for \(kind.algorithm.rawValue) in \(connection.place)")
        }
        do throws(PKCS11Error) { return (privateKey, try components(of: publicKey, kind)) } catch {
            try? destroy(id)
            throw error
        }
    }

    private func components(
        of key: CK_OBJECT_HANDLE,
        _ kind: TokenKeyKind
    ) throws(PKCS11Error) -> PublicKeyComponents {
        switch kind.algorithm.curve {
        case let curve?:
            let point = try kind.point(attribute(CKA_EC_POINT, of: key))
            let (x, y) = (point.prefix(curve.fieldByteCount), point.dropFirst(curve.fieldByteCount))
            return .ec(curve: curve, x: Array(x), y: Array(y))
        case nil where kind.algorithm == .edDSA:
            return .ed25519(try kind.point(attribute(CKA_EC_POINT, of: key)))
        case nil:
            let modulus = try attribute(CKA_MODULUS, of: key).drop { $0 == 0 }
            let exponent = try attribute(CKA_PUBLIC_EXPONENT, of: key).drop { $0 == 0 }
            return .rsa(modulus: Array(modulus), exponent: Array(exponent))
        }
    }

    private func attribute(_ type: CK_ATTRIBUTE_TYPE, of key: CK_OBJECT_HANDLE) throws(PKCS11Error) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 2_048)
        var count = CK_ULONG(bytes.count)
        let result = TokenTurn.take {
            unsafe cp11kit_attribute(connection.functions, handle, key, type, &bytes, &count)
        }
        guard result == CKR_OK, count <= bytes.count else {
            throw PKCS11Error(result, "reading a public key of \(connection.place)")
        }
        return Array(bytes.prefix(Int(count)))
    }

    /// Gives both halves of a key a name that a person finds them by; a token that cannot is left as it is.
    func name(_ id: [UInt8], _ label: String) {
        let label = Array(label.utf8.map { CChar(bitPattern: $0) })
        for isPrivate in [true, false] {
            for object in (try? search(id, isPrivate: isPrivate)) ?? [] {
                _ = TokenTurn.take {
                    unsafe cp11kit_relabel(connection.functions, handle, object, label, CK_ULONG(label.count))
                }
            }
        }
    }

    /// Destroys both halves of a key; one that is not there is no matter.
    func destroy(_ id: [UInt8]) throws(PKCS11Error) {
        keys[id] = nil
        for isPrivate in [true, false] {
            for object in try search(id, isPrivate: isPrivate) {
                let result = TokenTurn.take { unsafe cp11kit_destroy(connection.functions, handle, object) }
                guard result == CKR_OK else { throw PKCS11Error(result, "destroying a key in \(connection.place)") }
            }
        }
    }

    static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
