package import Crypto
package import Encoding
package import Ledger
internal import Locks
package import Policy
package import Time

/// The static secrets of a broker: sealed on their way into a store, opened on their way to the ledger.
///
/// Calls come from any thread; the store's block, and run on the executor that is given. Nothing is kept in memory between
/// calls but the master keys.
package final class SecretVault: Sendable {
    /// How long the sealed bytes of a deleted or former version are kept, in case somebody wants it back.
    package static let keptFor = Duration.seconds(7 * 86_400)

    /// The longest that a former version may stay readable.
    package static let longestGrace = Duration.seconds(30 * 86_400)

    private let storage: any SecretStorage
    private let source: any MasterKeySource
    private let keys: Lock<MasterKeyRing>
    let clock: WallClock
    private let executor: any TaskExecutor

    /// Makes a vault over a store, with the keys that the source has now.
    ///
    /// - Throws: `SecretsError` with code `masterKey`.
    package init(
        storage: any SecretStorage,
        keys source: any MasterKeySource,
        clock: @escaping WallClock,
        executor: any TaskExecutor
    ) throws(SecretsError) {
        self.storage = storage
        self.source = source
        keys = Lock(try source.ring())
        self.clock = clock
        self.executor = executor
    }

    /// Opens the secrets of a context for a run that may have them, behind an entry of kind `secret.read`.
    ///
    /// The entry gets the context, and what of it was asked for; who reads, and in which request, is the caller's to say. What was
    /// drawn from a manager elsewhere is handed out with them.
    ///
    /// - Throws: `SecretsError`: `notFound` for a name or version that is not there or not readable, `conflict` where a name is
    ///   stored and drawn, `damaged`, `storage`.
    package func read(
        _ grant: ContextGrant,
        _ wish: SecretWish = .all,
        besides drawn: borrowing NamedSecrets = NamedSecrets(),
        recordedAs entry: Entry
    ) async throws(SecretsError) -> Sealed<ContextValues> {
        precondition(entry.kind == .secretRead, "a read of secrets is recorded as \(entry.kind)")
        let context = try Self.name(of: grant)
        var entry = entry
        entry.context = context.text
        switch wish {
        case .all:
            var secrets = try await open(context)
            for name in drawn.names {
                guard !secrets.has(name), let value = drawn.copy(of: name) else {
                    throw SecretsError(
                        .conflict,
                        "secret \(name) is stored in context \(context) and drawn from elsewhere too; delete the stored one"
                    )
                }
                secrets.append(name, value)
            }
            return Sealed(ContextValues(context: context, secrets: secrets), recordedAs: entry)
        case .one(let name, let version):
            var secrets = NamedSecrets()
            if let value = drawn.copy(of: name) {
                secrets.append(name, value)
                entry.secret = name.text
                return Sealed(ContextValues(context: context, secrets: secrets), recordedAs: entry)
            }
            let stored = try await find(name, version: version, in: context)
            secrets.append(name, try await open(stored, in: try await identity()))
            entry.secret = name.text
            entry.version = stored.version
            return Sealed(ContextValues(context: context, secrets: secrets), recordedAs: entry)
        }
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

    /// What is known of the versions of a secret, the newest first; never a value.
    ///
    /// - Throws: `SecretsError`: `notFound`, `storage`.
    package func versions(
        of name: EnvironmentName,
        in context: ContextName
    ) async throws(SecretsError) -> [SecretVersion] {
        let versions = try await blocking { storage throws(SecretsError) in try storage.versions(of: name, in: context)
        }
        guard !versions.isEmpty else { throw SecretsError(.notFound, "context \(context) has no secret \(name)") }
        return versions
    }

    /// Opens everything that a context holds, for whoever has the master key anyway; for a job there is `read`.
    ///
    /// - Throws: `SecretsError`: `damaged`, `storage`.
    package func export(_ context: ContextName) async throws(SecretsError) -> NamedSecrets { try await open(context) }

    private func open(_ context: ContextName) async throws(SecretsError) -> NamedSecrets {
        let (store, rows) = try await blocking { storage throws(SecretsError) in
            (try storage.identity(), try storage.current(in: context))
        }
        var secrets = NamedSecrets()
        for row in rows {
            let value = try await open(row, in: store)
            guard !secrets.has(row.name) else {
                throw SecretsError(.storage, "the store has \(row.address) twice")
            }
            secrets.append(row.name, value)
        }
        return secrets
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

    /// The keys as their source has them now.
    func freshKeys() async throws(SecretsError) -> MasterKeyRing {
        let source = source
        let ring = try await blocking { _ throws(SecretsError) in try source.ring() }
        keys.withLock { $0 = ring }
        return ring
    }

    /// Keys among which is one of a name, if the source has it at all.
    func keys(with name: [UInt8]) async throws(SecretsError) -> MasterKeyRing {
        let known = keys.withLock { $0 }
        return known.has(name) ? known : try await freshKeys()
    }
}

/// What of a context a run wants to have.
package enum SecretWish: Equatable, Sendable {
    /// The newest version of every secret.
    case all
    /// One secret, in its newest version or in another that may be read.
    case one(EnvironmentName, version: UInt64?)
}
