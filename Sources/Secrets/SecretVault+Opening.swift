internal import Crypto
internal import Encoding
internal import Time

/// From the store's bytes to a value.
extension SecretVault {
    /// Opens a row; what it says of itself goes into the associated data, so that it opens only if all of it is true.
    func open(_ row: StoredSecret, in store: [UInt8]) async throws(SecretsError) -> SecretBytes {
        let place = SecretPlace(store: store, context: row.context, name: row.name, version: row.version)
        let sealed = try SealedSecret(record: row.sealed, at: place)
        return try await keys(with: sealed.keyName)
            .opening(sealed.keyName) { key throws(SecretsError) in
                try key.open(sealed, at: place)
            }
    }

    /// The version of a secret that may be read: the newest, or a former one in its grace period.
    func find(
        _ name: EnvironmentName,
        version wanted: UInt64?,
        in context: ContextName
    ) async throws(SecretsError) -> StoredSecret {
        let versions = try await versions(of: name, in: context)
        guard let newest = versions.first, newest.deleted == nil else {
            throw SecretsError(.notFound, "context \(context) has no secret \(name): it was deleted")
        }
        let number = wanted ?? newest.number
        guard let version = versions.first(where: { $0.number == number }) else {
            throw SecretsError(.notFound, "secret \(name) in context \(context) has no version \(number)")
        }
        let isReadable = version.number == newest.number || version.readableUntil.map { clock() < $0 } ?? false
        let address = SecretAddress(context, name, number)
        guard isReadable, !version.isPurged, version.deleted == nil, let stored = try await stored(address) else {
            throw SecretsError(
                .notFound,
                "\(address) cannot be read any more"
                    + (version.readableUntil.map { ": its grace period ended at \(RFC3339.format($0))" } ?? "")
                    + "; the newest is version \(newest.number)"
            )
        }
        return stored
    }

    /// One version with its sealed bytes.
    func stored(_ address: SecretAddress) async throws(SecretsError) -> StoredSecret? {
        try await blocking { storage throws(SecretsError) in
            try storage.version(address.version, of: address.name, in: address.context)
        }
    }

    /// What tells the store from every other.
    func identity() async throws(SecretsError) -> [UInt8] {
        try await blocking { storage throws(SecretsError) in try storage.identity() }
    }
}
