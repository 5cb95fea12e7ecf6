package import Crypto
internal import Encoding

/// The key under which every static secret of a broker is sealed at rest; whoever holds it and the store has them all.
package struct MasterKey: ~Copyable, Sendable {
    /// Bytes of the name that sealed secrets carry of their key.
    static let nameLength = 8

    private static let prefix = "jobpass-master-key-v1:"
    /// Base64url digits of 32 bytes.
    private static let digits = 43

    private let key: SecretBytes
    /// A name of the key that tells nothing of it.
    let name: [UInt8]

    private init(_ key: consuming SecretBytes) {
        let bytes = key.withBytes { span in Array(copying: span) }
        name = Array(
            HMAC.sha256(key: bytes, message: Array("jobpass master key name v1".utf8)).bytes.prefix(Self.nameLength)
        )
        self.key = key
    }

    /// Makes a new key, which nothing has been sealed with.
    package static func generate() -> MasterKey { MasterKey(SecretBytes(random: AESGCM.keyByteCount)) }

    /// Reads a key file: `jobpass-master-key-v1:`, 43 digits of base64url, and perhaps the end of the line.
    ///
    /// - Throws: `SecretsError` with code `masterKey`, which quotes nothing of the file.
    package init(file contents: borrowing SecretBytes) throws(SecretsError) {
        let wanted = SecretsError(
            .masterKey,
            "this is no master key: wanted one line of '\(Self.prefix)' and \(Self.digits) characters, as 'jobpass init' writes it"
        )
        // Measured before it is read: a wrong path may lead to a file of any size.
        guard contents.count <= Self.prefix.utf8.count + Self.digits + 1 else { throw wanted }
        var line = contents.withBytes { span in Array(copying: span) }
        if line.last == UInt8(ascii: "\n") { line.removeLast() }
        let text = String(decoding: line, as: UTF8.self)
        guard text.hasPrefix(Self.prefix), var bytes = try? Base64URL.decode(text.dropFirst(Self.prefix.count)),
            bytes.count == AESGCM.keyByteCount
        else { throw wanted }
        self.init(SecretBytes(consuming: &bytes))
    }

    /// What a key file holds.
    package borrowing func file() -> SecretBytes {
        let digits = key.withBytes { span in Base64URL.encodedBytes(Array(copying: span)) }
        var text = Array(Self.prefix.utf8) + digits + [UInt8(ascii: "\n")]
        return SecretBytes(consuming: &text)
    }

    /// Seals a value for its place.
    borrowing func seal(_ value: borrowing SecretBytes, at place: SecretPlace) throws(SecretsError) -> SealedSecret {
        do throws(CryptoError) {
            let box = try AESGCM.seal(value, key: key, associatedData: place.associatedData(sealedBy: name))
            return SealedSecret(keyName: name, box: box)
        } catch {
            throw SecretsError(.storage, "sealing \(place) failed: \(error.detail)")
        }
    }

    /// Opens what was sealed for a place.
    borrowing func open(_ sealed: SealedSecret, at place: SecretPlace) throws(SecretsError) -> SecretBytes {
        guard sealed.keyName == name else {
            throw SecretsError(
                .damaged,
                "\(place) was sealed with the master key \(Hex.encode(sealed.keyName)), and this one is \(Hex.encode(name))"
            )
        }
        do throws(CryptoError) {
            return try AESGCM.open(sealed.box, key: key, associatedData: place.associatedData(sealedBy: name))
        } catch {
            throw SecretsError(.damaged, "\(place) does not open: \(error.detail)")
        }
    }
}
