package import Crypto
package import Encoding
package import Time

/// Documents that the broker keeps for itself in its store, such as the issuers' private keys, sealed as static secrets are.
///
/// They lie in a context that no configuration, request or person can name, so that no rule ever reads one. A change is made to
/// the newest version or not at all: of two brokers that change one at once, the second is refused. What was there before is
/// dropped. Whatever is done to sealed bytes as such (another master key, backups, a move to another store) is done to them
/// too, and who can only read the store learns their lengths and dates. Calls block.
package struct SealedDocuments: Sendable {
    /// The most bytes of a document.
    package static let limit = SecretValue.limit

    private let storage: any SecretStorage
    private let keys: any MasterKeySource
    private let store: [UInt8]

    /// Takes a store and the keys under which it is sealed.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    package init(storage: any SecretStorage, keys: any MasterKeySource) throws(SecretsError) {
        self.storage = storage
        self.keys = keys
        store = try storage.identity()
    }

    /// The newest version of each document, as it is sealed.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    package func newest() throws(SecretsError) -> [EnvironmentName: StoredSecret] {
        let rows = try storage.current(in: .reserved)
        return Dictionary(rows.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Opens a document.
    ///
    /// - Throws: `SecretsError`: `damaged` where it was changed, lies in another's place or is under a master key that is not here;
    ///   `masterKey`.
    package func open(_ document: StoredSecret) throws(SecretsError) -> SecretBytes {
        let place = place(document.name, document.version)
        let sealed = try SealedSecret(record: document.sealed, at: place)
        return try keys.ring().opening(sealed.keyName) { key throws(SecretsError) in try key.open(sealed, at: place) }
    }

    /// Seals what is to be a version of a document.
    ///
    /// - Throws: `SecretsError`: `value` above `limit`; `masterKey`; `storage`.
    package func seal(
        _ content: borrowing SecretBytes,
        as name: EnvironmentName,
        version: UInt64,
        at moment: UnixTime
    ) throws(SecretsError) -> StoredSecret {
        guard content.count > 0, content.count <= Self.limit else {
            throw SecretsError(.value, "\(name) has \(content.count) bytes; wanted 1 to \(Self.limit)")
        }
        let place = place(name, version)
        let record = try keys.ring().sealing { key throws(SecretsError) in try key.seal(content, at: place).record }
        return StoredSecret(context: .reserved, name: name, version: version, created: moment, sealed: record)
    }

    /// Adds sealed versions, all or none, and drops the bytes of those before.
    ///
    /// - Throws: `SecretsError`: `conflict` where one is not the version after its newest; `storage`.
    package func add(_ documents: [StoredSecret]) throws(SecretsError) {
        try storage.insert(documents.map { NewSecret($0) })
        for document in documents where document.version > 1 {
            // Where this fails the broker's sweep does it, after the days for which former versions are kept.
            try? storage.purge(SecretAddress(.reserved, document.name, document.version - 1))
        }
    }

    private func place(_ name: EnvironmentName, _ version: UInt64) -> SecretPlace {
        SecretPlace(store: store, context: .reserved, name: name, version: version)
    }
}
