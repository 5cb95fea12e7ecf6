package import Crypto
package import Encoding
package import Ledger
internal import Time

/// A change of one secret, sealed and numbered, that waits for its entry.
package struct SecretChange: Sendable {
    enum Action: Sendable {
        case set(StoredSecret)
        case delete(EnvironmentName, ContextName, version: UInt64)
    }

    let action: Action

    init(_ action: Action) { self.action = action }
}

// In two steps, with the ledger between them: a change that has no entry is never stored.
extension SecretVault {
    /// Seals a new value of a secret, to be stored once its entry of kind `secret.changed` is durable.
    ///
    /// The entry gets context, name and version. A crash after it leaves an entry of a change that did not come about, never
    /// a change without an entry.
    ///
    /// - Throws: `SecretsError`: `value` for an empty value, one over 64 KiB or a full context; `storage`.
    package func prepareSet(
        _ value: borrowing SecretBytes,
        of name: EnvironmentName,
        in context: ContextName,
        recordedAs entry: Entry
    ) async throws(SecretsError) -> Sealed<SecretChange> {
        guard (1...SecretValue.limit).contains(value.count) else {
            throw SecretsError(.value, "a secret has 1 to \(SecretValue.limit) bytes, and this one \(value.count)")
        }
        let (store, known) = try await blocking { storage throws(SecretsError) in
            (try storage.identity(), try storage.summaries(of: context))
        }
        let last = known.first { $0.name == name }?.version
        guard last != nil || known.count < SecretValue.perContext else {
            throw SecretsError(
                .value,
                "context \(context) has its \(SecretValue.perContext) secrets; use another context"
            )
        }
        let place = SecretPlace(store: store, context: context, name: name, version: (last ?? 0) + 1)
        let sealed = try key.seal(value, at: place).record
        let row = StoredSecret(context: context, name: name, version: place.version, created: clock(), sealed: sealed)
        return Self.sealed(SecretChange(.set(row)), name: name, version: row.version, context: context, entry: entry)
    }

    /// Prepares the deletion of a secret, to come about once its entry of kind `secret.changed` is durable.
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
        let change = SecretChange(.delete(name, context, version: summary.version))
        return Self.sealed(change, name: name, version: summary.version, context: context, entry: entry)
    }

    /// Brings about a change whose entry is durable.
    ///
    /// - Throws: `SecretsError`: `conflict` where the secret was changed in between, else `storage`.
    package func apply(_ released: consuming Released<SecretChange>) async throws(SecretsError) {
        let now = clock()
        let action = released.take().action
        try await blocking { storage throws(SecretsError) in
            switch action {
            case .set(let row): try storage.insert(row)
            case .delete(let name, let context, let version):
                try storage.delete(name, in: context, upTo: version, at: now)
            }
        }
    }

    private static func sealed(
        _ change: SecretChange,
        name: EnvironmentName,
        version: UInt64,
        context: ContextName,
        entry: Entry
    ) -> Sealed<SecretChange> {
        precondition(entry.kind == .secretChanged, "a change of a secret is recorded as \(entry.kind)")
        var entry = entry
        entry.context = context.text
        entry.secret = name.text
        entry.version = version
        return Sealed(change, recordedAs: entry)
    }
}
