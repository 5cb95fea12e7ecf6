package import Crypto
package import Encoding
package import Ledger
internal import Time

/// A change of secrets, sealed and numbered, that waits for its entry.
package struct SecretChange: Sendable {
    enum Action: Sendable {
        case set([NewSecret])
        case delete(SecretAddress)
        case purge(SecretAddress)
        case list([InventoryItem], source: String, replacing: Bool)
    }

    let action: Action

    init(_ action: Action) { self.action = action }
}

// In two steps, with the ledger between them: a change that has no entry is never stored.
extension SecretVault {
    /// Seals a new value of a secret, to be stored once its entry of kind `secret.changed` is durable.
    ///
    /// With `grace` the version before it may be read by its number for that long. The entry gets context, name and version. A
    /// crash after it leaves an entry of a change that did not come about, never a change without an entry.
    ///
    /// - Throws: `SecretsError`: `value` for an empty value, one over 64 KiB or a full context; `notFound` where there is
    ///   nothing to have a grace period; `storage`.
    package func prepareSet(
        _ value: borrowing SecretBytes,
        of name: EnvironmentName,
        in context: ContextName,
        grace: Duration? = nil,
        recordedAs entry: Entry
    ) async throws(SecretsError) -> Sealed<SecretChange> {
        let known = try await list(context)
        let former = known.first { $0.name == name }
        if grace != nil, former.map({ $0.deleted != nil }) ?? true {
            throw SecretsError(.notFound, "context \(context) has no secret \(name) to rotate; set it first")
        }
        try Self.checkRoom(adding: [(name, value.count)], to: known, of: context)
        let now = clock()
        let address = SecretAddress(context, name, (former?.version ?? 0) + 1)
        let row = try await sealer().seal(value, at: address, created: now)
        let new = NewSecret(row, formerReadableUntil: grace.map { now + $0 })
        var entry = entry
        if let grace { entry.reason = "rotated; version \(address.version - 1) stays readable for \(grace.text)" }
        return Self.sealed(SecretChange(.set([new])), address, entry)
    }

    /// Seals the value of a former version, or of a deleted secret, as the newest version.
    ///
    /// - Throws: `SecretsError`: `notFound` where there is no such version or its value was purged, `damaged`, `storage`.
    package func prepareRollback(
        _ name: EnvironmentName,
        in context: ContextName,
        to wanted: UInt64? = nil,
        recordedAs entry: Entry
    ) async throws(SecretsError) -> Sealed<SecretChange> {
        let versions = try await versions(of: name, in: context)
        let newest = versions[0]
        let candidates = newest.deleted == nil ? versions.dropFirst() : versions[...]
        guard let version = candidates.first(where: { $0.number == wanted ?? $0.number }) else {
            throw SecretsError(
                .notFound,
                "secret \(name) in context \(context) has no former version\(wanted.map { " \($0)" } ?? "") to go back to"
            )
        }
        let old = SecretAddress(context, name, version.number)
        guard let stored = try await stored(old) else {
            throw SecretsError(
                .notFound,
                "the value of \(old) is gone: it is kept for \(Self.keptFor.text), and then numbers and dates alone"
            )
        }
        let address = SecretAddress(context, name, newest.number + 1)
        let sealer = try await sealer()
        let row = try sealer.seal(try await open(stored, in: sealer.store), at: address, created: clock())
        var entry = entry
        entry.reason = "rolled back to the value of version \(version.number)"
        return Self.sealed(SecretChange(.set([NewSecret(row)])), address, entry)
    }

    /// Prepares the deletion of a secret, to come about once its entry of kind `secret.changed` is durable; its value can be
    /// brought back for `keptFor`, by `prepareRollback`.
    ///
    /// - Throws: `SecretsError`: `notFound`, `storage`.
    package func prepareDelete(
        _ name: EnvironmentName,
        in context: ContextName,
        recordedAs entry: Entry
    ) async throws(SecretsError) -> Sealed<SecretChange> {
        let known = try await list(context)
        guard let summary = known.first(where: { $0.name == name }), summary.deleted == nil else {
            throw SecretsError(.notFound, "context \(context) has no secret \(name)")
        }
        let address = SecretAddress(context, name, summary.version)
        var entry = entry
        entry.reason = "deleted; its value is kept for \(Self.keptFor.text)"
        return Self.sealed(SecretChange(.delete(address)), address, entry)
    }

    /// Versions whose value has been kept long enough.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    package func purgeable(count: Int) async throws(SecretsError) -> [SecretAddress] {
        let now = clock()
        return try await blocking { storage throws(SecretsError) in
            try storage.purgeable(before: now - Self.keptFor, at: now, count: count)
        }
    }

    /// Prepares the end of a version's value.
    package func preparePurge(_ address: SecretAddress, recordedAs entry: Entry) -> Sealed<SecretChange> {
        var entry = entry
        entry.reason = "purged: its value was kept for \(Self.keptFor.text) after it had been replaced or deleted"
        return Self.sealed(SecretChange(.purge(address)), address, entry)
    }

    /// Brings about a change whose entry is durable.
    ///
    /// - Throws: `SecretsError`: `conflict` where the secret was changed in between, else `storage`.
    package func apply(_ released: consuming Released<SecretChange>) async throws(SecretsError) {
        let now = clock()
        let action = released.take().action
        try await blocking { storage throws(SecretsError) in
            switch action {
            case .set(let new): try storage.insert(new)
            case .delete(let address):
                try storage.delete(address.name, in: address.context, upTo: address.version, at: now)
            case .purge(let address): try storage.purge(address)
            case .list(let items, let source, let replacing):
                try storage.list(items, of: source, replacing: replacing)
            }
        }
    }

    /// What seals now; read anew each time, since a key that is on its way out must not be sealed with.
    ///
    /// A key that opens nothing of what is there is somebody's mistake, and is not sealed with.
    func sealer() async throws(SecretsError) -> Sealer {
        let ring = try await freshKeys()
        let first = try await blocking { storage throws(SecretsError) in try storage.sealed(behind: nil, count: 1).first
        }
        let store = try await identity()
        if let first {
            let place = SecretPlace(store: store, context: first.context, name: first.name, version: first.version)
            if let sealed = try? SealedSecret(record: first.sealed, at: place), !ring.has(sealed.keyName) {
                throw SecretsError(
                    .masterKey,
                    "the secrets in the store are under the master key \(Hex.encode(sealed.keyName)), and this one is "
                        + "\(ring.names[0]): put the copy of it back that you keep; nothing was changed"
                )
            }
        }
        return Sealer(ring: ring, store: store)
    }

    /// Refuses values that a context cannot take beside what it has.
    static func checkRoom(
        adding new: [(name: EnvironmentName, bytes: Int)],
        to known: [SecretSummary],
        of context: ContextName
    ) throws(SecretsError) {
        for (name, bytes) in new where !(1...SecretValue.limit).contains(bytes) {
            throw SecretsError(
                .value,
                "a secret has 1 to \(SecretValue.limit) bytes, and the value of \(name) has \(bytes)"
            )
        }
        let names = Set(known.map(\.name)).union(new.map(\.name))
        guard names.count <= SecretValue.perContext else {
            throw SecretsError(
                .value,
                "context \(context) would have \(names.count) secrets, and one has at most \(SecretValue.perContext); use another context"
            )
        }
        let kept = known.filter { summary in
            summary.deleted == nil && !new.contains { $0.name == summary.name }
        }
        let bytes = kept.reduce(0) { $0 + $1.bytes } + new.reduce(0) { $0 + $1.bytes }
        guard bytes <= SecretValue.bytesPerContext else {
            throw SecretsError(
                .value,
                "context \(context) would have \(bytes) bytes, and one has at most \(SecretValue.bytesPerContext); use another context"
            )
        }
    }

    private static func sealed(
        _ change: SecretChange,
        _ address: SecretAddress,
        _ entry: Entry
    ) -> Sealed<SecretChange> {
        precondition(entry.kind == .secretChanged, "a change of a secret is recorded as \(entry.kind)")
        var entry = entry
        entry.context = address.context.text
        entry.secret = address.name.text
        entry.version = address.version
        return Sealed(change, recordedAs: entry)
    }
}

/// Seals values for their places in one store.
struct Sealer: Sendable {
    let ring: MasterKeyRing
    let store: [UInt8]

    /// Seals a value as a row.
    func seal(
        _ value: borrowing SecretBytes,
        at address: SecretAddress,
        created: UnixTime
    ) throws(SecretsError) -> StoredSecret {
        let place = SecretPlace(store: store, context: address.context, name: address.name, version: address.version)
        let sealed = try ring.sealing { key throws(SecretsError) in try key.seal(value, at: place) }
        return StoredSecret(
            context: address.context,
            name: address.name,
            version: address.version,
            created: created,
            sealed: sealed.record
        )
    }
}
