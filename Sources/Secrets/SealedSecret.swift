/// A secret's value as it lies in a store, which can neither read it nor pass it off as another.
///
/// | bytes | meaning |
/// | --- | --- |
/// | 1 | version of the layout, 1 |
/// | 8 | name of the master key: HMAC-SHA-256 under it of `jobpass master key name v1`, the first 8 bytes |
/// | 12 | nonce, random |
/// | n | ciphertext, as long as the value |
/// | 16 | tag of AES-256-GCM, over these and the associated data of `SecretPlace` |
struct SealedSecret: Equatable, Sendable {
    static let version: UInt8 = 1
    private static let headerLength = 1 + MasterKey.nameLength
    private static let shortest = headerLength + 12 + 1 + 16

    let keyName: [UInt8]
    /// Nonce, ciphertext and tag.
    let box: [UInt8]

    init(keyName: [UInt8], box: [UInt8]) {
        self.keyName = keyName
        self.box = box
    }

    /// Takes apart what a store gave back.
    init(record: [UInt8], at place: SecretPlace) throws(SecretsError) {
        guard record.count >= Self.shortest, record.count <= Self.shortest - 1 + SecretValue.limit else {
            throw SecretsError(.damaged, "\(place) is stored as \(record.count) bytes, which no sealed value has")
        }
        guard record[0] == Self.version else {
            throw SecretsError(
                .damaged,
                "\(place) is stored in layout \(record[0]), and this version reads \(Self.version)"
            )
        }
        keyName = Array(record[1..<Self.headerLength])
        box = Array(record[Self.headerLength...])
    }

    var record: [UInt8] { [Self.version] + keyName + box }
}

/// What a secret's value may be.
package enum SecretValue {
    /// The most bytes of a value.
    package static let limit = 65_536
    /// The most secrets of a context, deleted ones included.
    package static let perContext = 128
}
