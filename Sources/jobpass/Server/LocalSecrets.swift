internal import Configuration
internal import Crypto
internal import Delivery
internal import Encoding
internal import EventLoop
internal import Intake
internal import JSON
internal import Ledger
internal import POSIX
internal import Retirement
internal import Secrets
internal import Time

/// An administrator's work on static secrets on the broker's own host, in its store, beside the broker or without it.
///
/// Whoever may read the master key needs nobody's leave; the ledger still records each change before it comes about, with
/// the number of the user in place of a principal.
struct LocalSecrets: SecretsDesk {
    let opened: OpenedStore
    let settings: Settings
    let path: String

    /// Opens the store of a configuration.
    init(_ configuration: ConfigurationFile) throws {
        Files.setCreationMask(0o077)
        opened = try OpenedStore(configuration.settings)
        settings = configuration.settings
        path = configuration.path
    }

    func set(_ value: [UInt8], of name: String, in context: String, grace: Duration?) throws -> UInt64 {
        let (context, name) = (try known(context), try Self.secret(name))
        return try EventLoop.runToCompletion { _ in
            let sealed = try await opened.vault.prepareSet(
                SecretBytes(copying: value),
                of: name,
                in: context.name,
                grace: grace,
                recordedAs: Self.entry()
            )
            let version = sealed.entry.version ?? 0
            try await opened.vault.apply(try await opened.ledger.record(sealed))
            return version
        }
    }

    func rollBack(_ name: String, in context: String, to wanted: UInt64?) throws -> UInt64 {
        let (context, name) = (try known(context), try Self.secret(name))
        return try EventLoop.runToCompletion { _ in
            let sealed = try await opened.vault.prepareRollback(
                name,
                in: context.name,
                to: wanted,
                recordedAs: Self.entry()
            )
            let version = sealed.entry.version ?? 0
            try await opened.vault.apply(try await opened.ledger.record(sealed))
            return version
        }
    }

    func delete(_ name: String, in context: String) throws {
        let (context, name) = (try known(context), try Self.secret(name))
        try EventLoop.runToCompletion { _ in
            let sealed = try await opened.vault.prepareDelete(name, in: context.name, recordedAs: Self.entry())
            try await opened.vault.apply(try await opened.ledger.record(sealed))
        }
    }

    func list(_ context: String) throws -> JSON {
        let context = try known(context)
        let summaries = try EventLoop.runToCompletion { _ in try await opened.vault.list(context.name) }
        let now = SystemClock.now()
        return [
            "context": .string(context.name.text), "secrets": .array(summaries.map { $0.json(in: context, at: now) }),
        ]
    }

    func versions(of name: String, in context: String) throws -> JSON {
        let (context, name) = (try known(context), try Self.secret(name))
        let versions = try EventLoop.runToCompletion { _ in
            try await opened.vault.versions(of: name, in: context.name)
        }
        let now = SystemClock.now()
        return [
            "context": .string(context.name.text), "name": .string(name.text),
            "versions": .array(versions.map { $0.json(at: now) }),
        ]
    }

    func bring(_ values: SecretValues, into context: String, replacing: Bool, isDryRun: Bool) throws -> JSON {
        let context = try known(context)
        return try EventLoop.runToCompletion { _ in
            if isDryRun {
                let names = values.all.map(\.name)
                return try await opened.vault.plan(names, into: context.name, replacing: replacing).json(isDone: false)
            }
            var secrets = NamedSecrets()
            for (name, value) in values.all { secrets.append(name, SecretBytes(copying: value)) }
            let prepared = try await opened.vault.prepareImport(
                secrets,
                into: context.name,
                replacing: replacing,
                recordedAs: Self.entry()
            )
            let plan = prepared.plan
            if plan.changes > 0 {
                try await opened.vault.apply(try await prepared.record(in: opened.ledger))
            }
            return plan.json(isDone: true)
        }
    }

    func listElsewhere(_ items: [Listing.Item], of source: String, replacing: Bool, isDryRun: Bool) throws -> JSON {
        let now = SystemClock.now()
        let listed = try items.map { item in
            try InventoryItem(
                source: source,
                place: item.place,
                name: item.name,
                created: item.created,
                updated: item.updated,
                listed: now
            )
        }
        return try EventLoop.runToCompletion { _ in
            let plan = try await opened.vault.plan(listing: listed, of: source, replacing: replacing)
            if isDryRun { return plan.json(isDone: false) }
            let sealed = try opened.vault.prepareListing(
                listed,
                of: source,
                replacing: replacing,
                recordedAs: Self.entry()
            )
            try await opened.vault.apply(try await opened.ledger.record(sealed))
            return plan.json(isDone: true)
        }
    }

    func report(_ query: Form) throws -> JSON {
        var rules = RetirementRules()
        if let span = try query.value("unread_for") { rules.unreadFor = try Duration(parsing: span) }
        if let count = try query.value("exchanges").flatMap({ Int($0) }) { rules.exchanges = count }
        let moment = try query.value("at").map { try (try? RFC3339.parse($0)) ?? RFC3339.parseDate($0) }
        let now = moment ?? SystemClock.now()
        let chosen = rules
        return try EventLoop.runToCompletion { _ in
            var contexts: [RetirementStock.Context] = []
            for context in settings.contexts {
                let known = try await opened.vault.list(context.name)
                contexts.append(RetirementStock.Context(settings: context, secrets: known))
            }
            let stock = RetirementStock(
                contexts: contexts,
                fallbacks: settings.fallbacks,
                inventory: try await opened.vault.inventory()
            )
            let history = try UseHistory(of: opened.store, until: now)
            return RetirementReport(stock, history, rules: chosen, now: now).json
        }
    }

    /// An entry of a change by whoever runs this command.
    static func entry(_ kind: EntryKind = .secretChanged) -> Entry {
        var entry = Entry(kind, .succeeded, trace: Hex.encode(Entropy.bytes(16)))
        entry.principal = "uid \(ThisProcess.user), with the configuration"
        return entry
    }

    /// The settings of a context that the configuration has.
    func known(_ text: String) throws(CommandError) -> ContextSettings {
        if let context = settings.contexts.first(where: { $0.name.text == text }) { return context }
        let names = settings.contexts.map(\.name.text)
        throw CommandError(
            .badData,
            "\(path) has no context '\(text)'\(names.isEmpty ? "" : ", only \(names.joined(separator: ", "))")",
            advice: "add it under contexts, with a rule about who may read it"
        )
    }

    private static func secret(_ text: String) throws(CommandError) -> EnvironmentName {
        guard let name = EnvironmentName(text) else {
            throw CommandError(
                .badData,
                "'\(text)' is no name of a secret",
                advice: "it is the variable under which a job finds it: letters, digits and _, no digit first"
            )
        }
        return name
    }
}
