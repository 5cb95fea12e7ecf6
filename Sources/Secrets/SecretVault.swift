internal import Crypto
internal import Encoding
package import Ledger
package import Policy
package import Time

/// The static secrets of a broker: sealed on their way into a store, opened on their way to the ledger.
///
/// Calls come from any thread; the store's block, and run on the executor that is given. Nothing is kept in memory between
/// calls but the master key.
package final class SecretVault: Sendable {
    private let storage: any SecretStorage
    let key: MasterKey
    let clock: WallClock
    private let executor: any TaskExecutor

    /// Makes a vault over a store.
    package init(
        storage: any SecretStorage,
        key: consuming MasterKey,
        clock: @escaping WallClock,
        executor: any TaskExecutor
    ) {
        self.storage = storage
        self.key = key
        self.clock = clock
        self.executor = executor
    }

    /// Opens the secrets of a context for a run that may have them, behind an entry of kind `secret.read`.
    ///
    /// The entry gets the context; who reads, and in which request, is the caller's to say.
    ///
    /// - Throws: `SecretsError`: `undeliverable` for a value that is no text, `damaged`, `storage`.
    package func read(
        _ grant: ContextGrant,
        recordedAs entry: Entry
    ) async throws(SecretsError) -> Sealed<ContextValues> {
        precondition(entry.kind == .secretRead, "a read of secrets is recorded as \(entry.kind)")
        let context = try Self.name(of: grant)
        var entry = entry
        entry.context = context.text
        return Sealed(ContextValues(context: context, secrets: try await open(context)), recordedAs: entry)
    }

    /// Opens the secrets of a fallback's context for a run that may have them, behind an entry of kind `fallback.used`.
    ///
    /// The entry gets the context and the reason; the target, and what had happened there, is the caller's to say.
    ///
    /// - Throws: `SecretsError`: `notFound` where the context holds nothing that could stand in, else as `read`.
    package func read(
        _ use: FallbackUse,
        for grant: ContextGrant,
        recordedAs entry: Entry
    ) async throws(SecretsError) -> Sealed<ContextValues> {
        precondition(entry.kind == .fallbackUsed, "the use of a fallback is recorded as \(entry.kind)")
        let context = try Self.name(of: grant)
        precondition(context == use.fallback.context, "a grant of \(context) does not open \(use.fallback.context)")
        let secrets = try await open(context)
        guard !secrets.names.isEmpty else {
            throw SecretsError(
                .notFound,
                "context \(context) is to stand in and holds no secrets; 'jobpass secret set' adds them"
            )
        }
        var entry = entry
        entry.context = context.text
        entry.reason = use.reason
        return Sealed(ContextValues(context: context, secrets: secrets), recordedAs: entry)
    }

    /// What is known of the secrets of a context, deleted ones included; never a value.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    package func list(_ context: ContextName) async throws(SecretsError) -> [SecretSummary] {
        try await blocking { storage throws(SecretsError) in try storage.summaries(of: context) }
    }

    private func open(_ context: ContextName) async throws(SecretsError) -> NamedSecrets {
        let (store, rows) = try await blocking { storage throws(SecretsError) in
            (try storage.identity(), try storage.current(in: context))
        }
        var secrets = NamedSecrets()
        for row in rows {
            // What the row says of itself goes into the associated data, so that it opens only if all of it is true.
            let place = SecretPlace(store: store, context: context, name: row.name, version: row.version)
            let value = try key.open(SealedSecret(record: row.sealed, at: place), at: place)
            try Self.checkDeliverable(value, of: row.name, in: context)
            guard !secrets.names.contains(row.name) else {
                throw SecretsError(.storage, "the store has \(place) twice")
            }
            secrets.append(row.name, value)
        }
        return secrets
    }

    /// An environment variable and a JSON string carry text alone; who set a binary value has to encode it.
    private static func checkDeliverable(
        _ value: borrowing SecretBytes,
        of name: EnvironmentName,
        in context: ContextName
    ) throws(SecretsError) {
        let isText = value.withBytes { span in
            span.indices.allSatisfy { span[$0] != 0 } && (try? UTF8Span(validating: span)) != nil
        }
        guard isText else {
            throw SecretsError(
                .undeliverable,
                "secret \(name) in context \(context) is no UTF-8 text without NUL, as an environment variable must be; "
                    + "store it encoded, for example as base64"
            )
        }
    }

    private static func name(of grant: ContextGrant) throws(SecretsError) -> ContextName {
        guard let name = ContextName(grant.context) else {
            throw SecretsError(.notFound, "'\(grant.context)' is no name of a context: \(ContextName.wanted)")
        }
        return name
    }

    func blocking<Answer: Sendable>(
        _ call: @Sendable (any SecretStorage) throws(SecretsError) -> Answer
    ) async throws(SecretsError) -> Answer {
        let storage = storage
        return try await withTaskExecutorPreference(executor) { () async throws(SecretsError) -> Answer in
            try call(storage)
        }
    }
}
