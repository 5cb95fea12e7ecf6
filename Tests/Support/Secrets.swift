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

        /// Makes a row.
        package init(_ stored: StoredSecret, deleted: UnixTime? = nil) {
            self.stored = stored
            self.deleted = deleted
        }
    }

    private struct State {
        var identity: [UInt8]
        var rows: [Row] = []
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

    package func insert(_ stored: StoredSecret) throws(SecretsError) {
        try change { state throws(SecretsError) in
            let newest = state.rows.last { $0.stored.context == stored.context && $0.stored.name == stored.name }
            guard stored.version == (newest?.stored.version ?? 0) + 1 else {
                throw SecretsError(.conflict, "another version is the newest")
            }
            state.rows.append(Row(stored))
        }
    }

    package func current(in context: ContextName) throws(SecretsError) -> [StoredSecret] {
        try newest(in: context).filter { $0.deleted == nil }.map(\.stored)
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
                deleted: newest.deleted
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
