internal import Crypto
package import Encoding
package import Ledger
internal import Policy
package import Secrets

/// A vault on a store in memory, and the ledger that everything passes on its way in or out.
package struct VaultHarness {
    /// The context that is meant where none is named.
    package static let context = "aws-legacy"

    package let storage: MemorySecretStorage
    package let ledger: Ledger
    package let book: LedgerHarness
    package let vault: SecretVault

    /// Makes a vault with a new key over an empty store, or over others.
    package init(
        storage: MemorySecretStorage = MemorySecretStorage(),
        key: consuming MasterKey = MasterKey.generate(),
        ledgerStorage: any LedgerStorage = MemoryLedgerStorage()
    ) throws {
        try self.init(storage: storage, keys: FixedMasterKeys(key), ledgerStorage: ledgerStorage)
    }

    /// Makes a vault whose keys come from a source.
    package init(
        storage: MemorySecretStorage = MemorySecretStorage(),
        keys: any MasterKeySource,
        ledgerStorage: any LedgerStorage = MemoryLedgerStorage()
    ) throws {
        book = try LedgerHarness(storage: ledgerStorage)
        try book.create()
        ledger = try book.open()
        self.storage = storage
        vault = try SecretVault(
            storage: storage,
            keys: keys,
            clock: book.clock.wall,
            executor: globalConcurrentExecutor
        )
    }

    /// Sets a secret as the broker does: prepared, recorded, applied.
    package func set(
        _ name: String,
        _ value: [UInt8],
        in context: String = VaultHarness.context,
        grace: Duration? = nil
    ) async throws {
        let sealed = try await vault.prepareSet(
            SecretBytes(copying: value),
            of: .named(name),
            in: .named(context),
            grace: grace,
            recordedAs: Entry(.secretChanged, .succeeded, trace: "set")
        )
        try await vault.apply(try await ledger.record(sealed))
    }

    /// Sets a secret to a text.
    package func set(_ name: String, _ value: String, in context: String = VaultHarness.context) async throws {
        try await set(name, Array(value.utf8), in: context)
    }

    /// Deletes a secret as the broker does.
    package func delete(_ name: String, in context: String = VaultHarness.context) async throws {
        let sealed = try await vault.prepareDelete(
            .named(name),
            in: .named(context),
            recordedAs: Entry(.secretChanged, .succeeded, trace: "delete")
        )
        try await vault.apply(try await ledger.record(sealed))
    }

    /// Reads a context as the broker does: opened, recorded, released.
    package func read(_ context: String = VaultHarness.context) async throws -> [String: String] {
        let sealed = try await vault.read(.sample(context), recordedAs: Entry(.secretRead, .succeeded, trace: "read"))
        return try await ledger.record(sealed).open().secrets.texts()
    }

    /// Makes a former value the newest, as the broker does.
    package func rollBack(_ name: String, to version: UInt64? = nil) async throws {
        let sealed = try await vault.prepareRollback(
            .named(name),
            in: .named(Self.context),
            to: version,
            recordedAs: Entry(.secretChanged, .succeeded, trace: "rollback")
        )
        try await vault.apply(try await ledger.record(sealed))
    }

    /// Imports texts, as the broker does.
    @discardableResult
    package func bring(
        _ values: [(name: String, value: String)],
        in context: String = VaultHarness.context,
        replacing: Bool = false
    ) async throws -> ImportPlan {
        var secrets = NamedSecrets()
        for (name, value) in values { secrets.append(try .named(name), text: value) }
        let prepared = try await vault.prepareImport(
            secrets,
            into: .named(context),
            replacing: replacing,
            recordedAs: Entry(.secretChanged, .succeeded, trace: "import")
        )
        let plan = prepared.plan
        try await vault.apply(try await prepared.record(in: ledger))
        return plan
    }

    /// Purges what was kept long enough, as the broker does; answers how many values went.
    package func purge() async throws -> Int {
        let addresses = try await vault.purgeable(count: 100)
        for address in addresses {
            let entry = Entry(.secretChanged, .succeeded, trace: "purge")
            try await vault.apply(try await ledger.record(vault.preparePurge(address, recordedAs: entry)))
        }
        return addresses.count
    }

    /// Reads one secret as the broker does.
    package func read(_ name: String, version: UInt64?) async throws -> [String: String] {
        let sealed = try await vault.read(
            .sample(Self.context),
            .one(.named(name), version: version),
            recordedAs: Entry(.secretRead, .succeeded, trace: "read")
        )
        return try await ledger.record(sealed).open().secrets.texts()
    }

    /// Why a context cannot be read; nil where it can.
    package func readingFails(_ context: String = VaultHarness.context) async throws -> SecretsError? {
        let grant = try ContextGrant.sample(context)
        do throws(SecretsError) {
            _ = try await vault.read(grant, recordedAs: Entry(.secretRead, .succeeded, trace: "read"))
            return nil
        } catch {
            return error
        }
    }

    /// Every entry of the ledger, oldest first.
    package func entries() throws -> [Entry] {
        let count = try book.check()
        return try book.storage.entries(in: 0..<count).map { try Leaf(bytes: $0.bytes).entry }
    }
}

/// A name of a test's own that is none.
package struct NoName: Error {
    package let text: String
}

extension EnvironmentName {
    /// The name of a text that is one.
    ///
    /// - Throws: `NoName`.
    package static func named(_ text: String) throws -> EnvironmentName {
        guard let name = EnvironmentName(text) else { throw NoName(text: text) }
        return name
    }
}

extension ContextName {
    /// The name of a text that is one.
    ///
    /// - Throws: `NoName`.
    package static func named(_ text: String) throws -> ContextName {
        guard let name = ContextName(text) else { throw NoName(text: text) }
        return name
    }
}
