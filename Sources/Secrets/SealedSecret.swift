/// A secret's value as it lies in a store, which can neither read it nor pass it off as another.
///
/// | bytes | meaning |
/// | --- | --- |
/// | 1 | version of the layout, 2 |
/// | 8 | name of the master key: HMAC-SHA-256 under it of `jobpass master key name v1`, the first 8 bytes |
/// | 60 | the value's own key, sealed with the master key: nonce 12, ciphertext 32, tag 16 |
/// | 12 | nonce, random |
/// | n | ciphertext, as long as the value |
/// | 16 | tag of AES-256-GCM, over these and the associated data of `SecretPlace` |
///
/// Layout 1 had no key for each value: behind the name stand nonce, ciphertext and tag under the master key itself. It is
/// still opened, and becomes layout 2 when it is rewrapped.
struct SealedSecret: Equatable, Sendable {
    /// What stands behind the name of the master key.
    enum Content: Equatable, Sendable {
        /// Layout 1: nonce, ciphertext and tag under the master key.
        case direct([UInt8])
        /// Layout 2: the sealed key, and what is sealed with it.
        case wrapped(dataKey: [UInt8], box: [UInt8])
    }

    /// Bytes by which a record of layout 2 is longer than its value.
    static let overhead = headerLength + wrappedLength + sealLength

    private static let headerLength = 1 + MasterKey.nameLength
    private static let sealLength = 12 + 16
    private static let wrappedLength = 32 + sealLength

    let keyName: [UInt8]
    let content: Content

    init(keyName: [UInt8], content: Content) {
        self.keyName = keyName
        self.content = content
    }

    /// Takes apart what a store gave back.
    init(record: [UInt8], at place: SecretPlace) throws(SecretsError) {
        guard let version = record.first, version == 1 || version == 2 else {
            throw SecretsError(
                .damaged,
                "\(place) is stored in layout \(record.first ?? 0), and this version reads 1 and 2"
            )
        }
        let extra = version == 1 ? Self.headerLength + Self.sealLength : Self.overhead
        guard record.count > extra, record.count <= extra + SecretValue.limit else {
            throw SecretsError(.damaged, "\(place) is stored as \(record.count) bytes, which no sealed value has")
        }
        keyName = Array(record[1..<Self.headerLength])
        guard version == 2 else {
            content = .direct(Array(record[Self.headerLength...]))
            return
        }
        let box = Self.headerLength + Self.wrappedLength
        content = .wrapped(dataKey: Array(record[Self.headerLength..<box]), box: Array(record[box...]))
    }

    var record: [UInt8] {
        switch content {
        case .direct(let box): [1] + keyName + box
        case .wrapped(let dataKey, let box): [2] + keyName + dataKey + box
        }
    }
}

/// What a secret's value may be.
package enum SecretValue {
    /// The most bytes of a value.
    package static let limit = 65_536
    /// The most secrets of a context, deleted ones included.
    package static let perContext = 1_000
    /// The most bytes that the values of a context have together, so that one answer can carry them.
    package static let bytesPerContext = 8 << 20
}
