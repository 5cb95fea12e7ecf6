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

    /// Seals a value for its place, under a new key of its own that is wrapped by this one.
    borrowing func seal(_ value: borrowing SecretBytes, at place: SecretPlace) throws(SecretsError) -> SealedSecret {
        let dataKey = SecretBytes(random: AESGCM.keyByteCount)
        let wrapped = try wrap(dataKey, at: place)
        do throws(CryptoError) {
            let box = try AESGCM.seal(value, key: dataKey, associatedData: place.associatedData(of: .value))
            return SealedSecret(keyName: name, content: .wrapped(dataKey: wrapped, box: box))
        } catch {
            throw SecretsError(.storage, "sealing \(place) failed: \(error.detail)")
        }
    }

    /// Opens what was sealed for a place.
    borrowing func open(_ sealed: SealedSecret, at place: SecretPlace) throws(SecretsError) -> SecretBytes {
        try checkIsMine(sealed, at: place)
        switch sealed.content {
        case .direct(let box):
            return try unseal(box, key: key, place.associatedData(directlyUnder: name), at: place)
        case .wrapped(let wrapped, let box):
            let dataKey = try unseal(wrapped, key: key, place.associatedData(of: .dataKey(name)), at: place)
            return try unseal(box, key: dataKey, place.associatedData(of: .value), at: place)
        }
    }

    /// The same secret wrapped by another key: its value is not opened, but where an older layout has no key of its own.
    borrowing func rewrap(
        _ sealed: SealedSecret,
        at place: SecretPlace,
        under other: borrowing MasterKey
    ) throws(SecretsError) -> SealedSecret {
        switch sealed.content {
        case .direct: return try other.seal(try open(sealed, at: place), at: place)
        case .wrapped(let wrapped, let box):
            try checkIsMine(sealed, at: place)
            let dataKey = try unseal(wrapped, key: key, place.associatedData(of: .dataKey(name)), at: place)
            let renewed = try other.wrap(dataKey, at: place)
            let result = SealedSecret(keyName: other.name, content: .wrapped(dataKey: renewed, box: box))
            // What does not open now would be found out when somebody needs it, with the old key gone.
            _ = try other.open(result, at: place)
            return result
        }
    }

    private borrowing func wrap(_ dataKey: borrowing SecretBytes, at place: SecretPlace) throws(SecretsError) -> [UInt8]
    {
        do throws(CryptoError) {
            return try AESGCM.seal(dataKey, key: key, associatedData: place.associatedData(of: .dataKey(name)))
        } catch {
            throw SecretsError(.storage, "wrapping the key of \(place) failed: \(error.detail)")
        }
    }

    private borrowing func checkIsMine(_ sealed: SealedSecret, at place: SecretPlace) throws(SecretsError) {
        guard sealed.keyName == name else {
            throw SecretsError(
                .damaged,
                "\(place) was sealed with the master key \(Hex.encode(sealed.keyName)), and this one is \(Hex.encode(name))"
            )
        }
    }

    private borrowing func unseal(
        _ box: [UInt8],
        key: borrowing SecretBytes,
        _ associatedData: [UInt8],
        at place: SecretPlace
    ) throws(SecretsError) -> SecretBytes {
        do throws(CryptoError) {
            return try AESGCM.open(box, key: key, associatedData: associatedData)
        } catch {
            throw SecretsError(.damaged, "\(place) does not open: \(error.detail)")
        }
    }

    /// The name of the key, which tells nothing of it, as the ledger and messages have it.
    package var publicName: String { Hex.encode(name) }
}
