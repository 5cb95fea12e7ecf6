package import Crypto
package import Encoding
internal import Locks
package import Policy
package import Secrets
package import Time

/// A store of secrets in memory, open to whoever wants to tamper with it, and told to fail before or after an effect.
package final class MemorySecretStorage: SecretStorage {
    /// Where the next change fails.
    package enum Fault: Sendable {
        /// Nothing has happened.
        case before
        /// It has happened, and a failure is reported all the same.
        case after
    }

    /// One version, with the moment at which it was deleted.
    package struct Row: Equatable, Sendable {
        package var stored: StoredSecret
        package var deleted: UnixTime?
        package var superseded: UnixTime?
        package var readableUntil: UnixTime?
        package var isPurged = false

        /// Makes a row.
        package init(_ stored: StoredSecret, deleted: UnixTime? = nil) {
            self.stored = stored
            self.deleted = deleted
        }
    }

    private struct State {
        var identity: [UInt8]
        var rows: [Row] = []
        var items: [InventoryItem] = []
        var fault: Fault?
        var isDown = false
    }

    private let state: Lock<State>

    /// Makes an empty store of some name.
    package init(identity: [UInt8] = Array("store-1".utf8)) { state = Lock(State(identity: identity)) }

    /// Every row in the order of insertion.
    package var rows: [Row] { state.withLock { $0.rows } }

    /// Changes the rows, past the vault.
    package func tamper(_ change: @Sendable (inout [Row]) -> Void) { state.withLock { change(&$0.rows) } }

    /// Gives the store another name.
    package func rename(to identity: [UInt8]) { state.withLock { $0.identity = identity } }

    /// Lets the next change fail.
    package func plan(_ fault: Fault) { state.withLock { $0.fault = fault } }

    /// Lets every call fail, until told otherwise.
    package func setDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }

    package func identity() throws(SecretsError) -> [UInt8] { try read { $0.identity } }

    package func insert(_ new: [NewSecret]) throws(SecretsError) {
        try change { state throws(SecretsError) in
            var rows = state.rows
            for new in new {
                let stored = new.stored
                let newest = rows.lastIndex {
                    $0.stored.context == stored.context && $0.stored.name == stored.name
                }
                guard stored.version == (newest.map { rows[$0].stored.version } ?? 0) + 1 else {
                    throw SecretsError(.conflict, "another version is the newest")
                }
                if let newest {
                    rows[newest].superseded = stored.created
                    rows[newest].readableUntil = new.formerReadableUntil
                }
                rows.append(Row(stored))
            }
            state.rows = rows
        }
    }

    package func version(
        _ version: UInt64,
        of name: EnvironmentName,
        in context: ContextName
    ) throws(SecretsError) -> StoredSecret? {
        try read { state in
            state.rows.first {
                $0.stored.address == SecretAddress(context, name, version) && !$0.isPurged
            }?.stored
        }
    }

    package func versions(
        of name: EnvironmentName,
        in context: ContextName
    ) throws(SecretsError) -> [SecretVersion] {
        try read { state in
            state.rows.filter { $0.stored.context == context && $0.stored.name == name }.reversed().map { row in
                SecretVersion(
                    number: row.stored.version,
                    created: row.stored.created,
                    superseded: row.superseded,
                    readableUntil: row.readableUntil,
                    deleted: row.deleted,
                    isPurged: row.isPurged
                )
            }
        }
    }

    package func purgeable(
        before limit: UnixTime,
        at now: UnixTime,
        count: Int
    ) throws(SecretsError) -> [SecretAddress] {
        try read { state in
            let rows = state.rows.filter { row in
                let isDeleted = row.deleted.map { $0 <= limit } ?? false
                let isFormer = row.superseded.map { $0 <= limit } ?? false
                let isReadable = row.readableUntil.map { $0 > now } ?? false
                return !row.isPurged && (isDeleted || isFormer && !isReadable)
            }
            return Self.ordered(rows.map(\.stored)).prefix(count).map(\.address)
        }
    }

    package func purge(_ address: SecretAddress) throws(SecretsError) {
        try change { state in
            for index in state.rows.indices where state.rows[index].stored.address == address {
                state.rows[index].isPurged = true
            }
        }
    }

    package func sealed(behind address: SecretAddress?, count: Int) throws(SecretsError) -> [StoredSecret] {
        try read { state in
            let all = Self.ordered(state.rows.filter { !$0.isPurged }.map(\.stored))
            let start = address.map { last in all.firstIndex { Self.precedes(last, $0.address) } ?? all.count } ?? 0
            return Array(all[start...].prefix(count))
        }
    }

    package func replace(_ changes: [(old: StoredSecret, new: [UInt8])]) throws(SecretsError) -> Int {
        let done = Lock(0)
        try change { state in
            for change in changes {
                guard let index = state.rows.firstIndex(where: { $0.stored == change.old && !$0.isPurged }) else {
                    continue
                }
                let old = change.old
                state.rows[index].stored = StoredSecret(
                    context: old.context,
                    name: old.name,
                    version: old.version,
                    created: old.created,
                    sealed: change.new
                )
                done.withLock { $0 += 1 }
            }
        }
        return done.withLock { $0 }
    }

    package func inventory() throws(SecretsError) -> [InventoryItem] {
        try read { state in
            state.items.sorted { ($0.source, $0.place, $0.name) < ($1.source, $1.place, $1.name) }
        }
    }

    package func list(_ items: [InventoryItem], of source: String, replacing: Bool) throws(SecretsError) {
        try change { state in
            state.items.removeAll { known in
                replacing && known.source == source || items.contains { $0.isSame(as: known) }
            }
            state.items += items
        }
    }

    private static func ordered(_ rows: [StoredSecret]) -> [StoredSecret] {
        rows.sorted { precedes($0.address, $1.address) }
    }

    private static func precedes(_ left: SecretAddress, _ right: SecretAddress) -> Bool {
        (left.context.text, left.name.text, left.version) < (right.context.text, right.name.text, right.version)
    }

    package func current(in context: ContextName) throws(SecretsError) -> [StoredSecret] {
        try newest(in: context).filter { $0.deleted == nil && !$0.isPurged }.map(\.stored)
    }

    package func summaries(of context: ContextName) throws(SecretsError) -> [SecretSummary] {
        let rows = try read { $0.rows }
        return try newest(in: context).map { newest in
            let first = rows.first { $0.stored.context == context && $0.stored.name == newest.stored.name }
            return SecretSummary(
                name: newest.stored.name,
                version: newest.stored.version,
                created: first?.stored.created ?? newest.stored.created,
                changed: newest.stored.created,
                deleted: newest.deleted,
                bytes: newest.isPurged ? 0 : newest.stored.sealed.count
            )
        }
    }

    package func delete(
        _ name: EnvironmentName,
        in context: ContextName,
        upTo version: UInt64,
        at moment: UnixTime
    ) throws(SecretsError) {
        try change { state throws(SecretsError) in
            let indices = state.rows.indices.filter {
                state.rows[$0].stored.context == context && state.rows[$0].stored.name == name
            }
            guard let newest = indices.last.map({ state.rows[$0] }), newest.stored.version == version,
                newest.deleted == nil
            else { throw SecretsError(.conflict, "another version is the newest, or it is deleted") }
            for index in indices where state.rows[index].deleted == nil { state.rows[index].deleted = moment }
        }
    }

    private func newest(in context: ContextName) throws(SecretsError) -> [Row] {
        let rows = try read { $0.rows.filter { $0.stored.context == context } }
        return Dictionary(grouping: rows, by: \.stored.name).values.compactMap(\.last)
            .sorted { $0.stored.name < $1.stored.name }
    }

    private func read<Answer: Sendable>(_ body: (State) -> Answer) throws(SecretsError) -> Answer {
        try state.withLock { state throws(SecretsError) in
            guard !state.isDown else { throw SecretsError(.storage, "the store is down") }
            return body(state)
        }
    }

    private func change(_ body: (inout State) throws(SecretsError) -> Void) throws(SecretsError) {
        try state.withLock { state throws(SecretsError) in
            guard !state.isDown else { throw SecretsError(.storage, "the store is down") }
            let fault = state.fault
            state.fault = nil
            if fault == .before { throw SecretsError(.storage, "it failed before the change") }
            try body(&state)
            if fault == .after { throw SecretsError(.storage, "it failed after the change") }
        }
    }
}

extension ContextGrant {
    /// A grant that a real policy gives the example run for a context.
    ///
    /// - Throws: `AttestationError` where the example breaks a rule.
    package static func sample(_ context: String) throws -> ContextGrant {
        let rules = try RuleList([try .of(["project": ["acme/web"]])])
        return try Policy(PolicyRules(contexts: [context: rules])).contextGrant(for: .sample(), context: context)
            .allowed()
    }
}

extension NamedSecrets {
    /// The values as text, for comparing.
    package borrowing func texts() -> [String: String] {
        var texts: [String: String] = [:]
        withEach { name, bytes in texts[name.text] = String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
        return texts
    }
}
