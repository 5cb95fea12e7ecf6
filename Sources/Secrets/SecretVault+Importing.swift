package import Crypto
package import Encoding
package import Ledger

/// What an import would do, name by name; never a value.
package struct ImportPlan: Equatable, Sendable {
    package let context: ContextName
    /// Names that the context does not have yet, in the order of the file.
    package var added: [EnvironmentName] = []
    /// Names that get a new version.
    package var replaced: [EnvironmentName] = []
    /// Names that the context has and that stay as they are.
    package var kept: [EnvironmentName] = []

    /// How many secrets would change.
    package var changes: Int { added.count + replaced.count }

    /// What the ledger is told beside each secret's own entry.
    var reason: String { "imported: \(added.count) new, \(replaced.count) replaced, \(kept.count) left as they are" }
}

/// An import, sealed: the plan, an entry for each secret, and the change itself, which waits for the last entry.
package struct PreparedImport: ~Copyable, Sendable {
    package let plan: ImportPlan
    /// One for each secret that changes; all of them are recorded before `change`.
    package let entries: [Entry]
    fileprivate let change: Sealed<SecretChange>

    /// The change, behind an entry of its own for the import as a whole.
    package consuming func takeChange() -> Sealed<SecretChange> { change }
}

extension SecretVault {
    /// What an import of some names would do.
    ///
    /// - Throws: `SecretsError` with code `storage`.
    package func plan(
        _ names: [EnvironmentName],
        into context: ContextName,
        replacing: Bool
    ) async throws(SecretsError) -> ImportPlan {
        let known = try await list(context)
        var plan = ImportPlan(context: context)
        for name in names {
            let isKnown = known.contains { $0.name == name && $0.deleted == nil }
            switch (isKnown, replacing) {
            case (false, _): plan.added.append(name)
            case (true, true): plan.replaced.append(name)
            case (true, false): plan.kept.append(name)
            }
        }
        return plan
    }

    /// Seals many values, to be stored together or not at all once their entries are durable.
    ///
    /// - Throws: `SecretsError`: `value`, `storage`.
    package func prepareImport(
        _ values: borrowing NamedSecrets,
        into context: ContextName,
        replacing: Bool,
        recordedAs entry: Entry
    ) async throws(SecretsError) -> PreparedImport {
        precondition(entry.kind == .secretChanged, "a change of secrets is recorded as \(entry.kind)")
        let plan = try await plan(values.names, into: context, replacing: replacing)
        let changing = Set(plan.added + plan.replaced)
        let known = try await list(context)
        var sizes: [(name: EnvironmentName, bytes: Int)] = []
        values.withEach { name, bytes in if changing.contains(name) { sizes.append((name, bytes.count)) } }
        try Self.checkRoom(adding: sizes, to: known, of: context)
        let now = clock()
        let newest = Dictionary(uniqueKeysWithValues: known.map { ($0.name, $0.version) })
        let sealer = try await sealer()
        var new: [NewSecret] = []
        var entries: [Entry] = []
        for name in values.names where changing.contains(name) {
            guard let value = values.copy(of: name) else { continue }
            let address = SecretAddress(context, name, (newest[name] ?? 0) + 1)
            new.append(NewSecret(try sealer.seal(value, at: address, created: now)))
            var own = entry
            own.context = context.text
            own.secret = name.text
            own.version = address.version
            own.reason = "imported"
            entries.append(own)
        }
        var whole = entry
        whole.context = context.text
        whole.reason = plan.reason
        return PreparedImport(
            plan: plan,
            entries: entries,
            change: Sealed(SecretChange(.set(new)), recordedAs: whole)
        )
    }
}

extension PreparedImport {
    /// Records every entry and then the change, and releases it.
    ///
    /// - Throws: `LedgerError`; nothing is then changed.
    package consuming func record(in ledger: Ledger) async throws(LedgerError) -> Released<SecretChange> {
        let entries = entries
        // Together, so that the ledger writes them in few commits.
        let failures = await withTaskGroup(of: LedgerError?.self) { group in
            for entry in entries {
                group.addTask {
                    do throws(LedgerError) {
                        _ = try await ledger.record(entry)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            return await group.reduce(into: [LedgerError]()) { failures, failure in
                if let failure { failures.append(failure) }
            }
        }
        if let failure = failures.first { throw failure }
        return try await ledger.record(takeChange())
    }
}
