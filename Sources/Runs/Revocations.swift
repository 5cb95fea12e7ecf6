internal import Crypto
internal import Encoding
internal import Locks
internal import Text
package import Time

/// The revocations in force, asked for every token without touching the store.
///
/// The store's epoch says whether what is here is all: whoever is about to release something compares it, as it stood when the
/// entry was durable, with `epoch`, and refreshes where it is ahead. Calls come from any thread; blocking ones run on the
/// storage executor.
package final class Revocations: Sendable {
    private struct Table: Sendable {
        var epoch: Int64 = 0
        var all: [Revocation] = []
        var runs: [String: Revocation] = [:]
        var keys: [String: Revocation] = [:]
        /// Those that are found by looking at a run alone.
        var others: [Revocation] = []
    }

    private let storage: any RevocationStorage
    private let executor: any TaskExecutor
    private let entropy: @Sendable (Int) -> [UInt8]
    private let clock: WallClock
    private let table = Lock(Table())

    /// Makes an empty list, which `refresh` fills; bytes of `entropy` become IDs.
    package init(
        storage: any RevocationStorage,
        executor: any TaskExecutor,
        entropy: @escaping @Sendable (Int) -> [UInt8],
        clock: @escaping WallClock
    ) {
        self.storage = storage
        self.executor = executor
        self.entropy = entropy
        self.clock = clock
    }

    /// The store's epoch as of which this list is whole.
    package var epoch: Int64 { table.withLock { $0.epoch } }

    /// All that are in force, in the order in which they were made.
    package var inForce: [Revocation] {
        let now = clock()
        return table.withLock { $0.all }.filter { $0.isInForce(at: now) }
    }

    /// What shuts a run out; nil where nothing does.
    package func revocation(of run: Run) -> Revocation? {
        table.withLock { table in
            guard !table.all.isEmpty else { return nil }
            let now = clock()
            if let own = table.runs[run.id], own.isInForce(at: now) { return own }
            return table.others.first { $0.isAbout(run) && $0.isInForce(at: now) }
        }
    }

    /// What shuts a project's runs out before they are registered; nil where nothing does.
    package func revocation(ofProject project: String) -> Revocation? {
        table.withLock { table in
            let now = clock()
            return table.others.first { revocation in
                guard case .project(let pattern) = revocation.scope else { return false }
                return pattern.matches(project) && revocation.isInForce(at: now)
            }
        }
    }

    /// What withdrew a key; nil where nothing did.
    package func revocation(ofKey kid: String) -> Revocation? {
        let found = table.withLock { $0.keys[kid] }
        return found.flatMap { $0.isInForce(at: clock()) ? $0 : nil }
    }

    /// A revocation that is not stored yet, so that it can be recorded first.
    package func prepare(
        _ scope: Revocation.Scope,
        until: UnixTime?,
        by principal: String?,
        reason: String
    ) -> Revocation {
        Revocation(
            id: "rev_" + Hex.encode(entropy(16)),
            scope: scope,
            made: clock(),
            until: until,
            principal: principal,
            reason: reason
        )
    }

    /// Puts a revocation in force: when this returns, every broker of the store refuses what it shuts out.
    ///
    /// - Throws: `RunError` with code `storage`.
    package func add(_ revocation: Revocation) async throws(RunError) {
        try await blocking { storage throws(RunError) in try storage.add(revocation) }
        try await refresh()
    }

    /// Takes a revocation back.
    ///
    /// - Throws: `RunError` with code `storage`.
    package func lift(_ id: String) async throws(RunError) {
        let now = clock()
        try await blocking { storage throws(RunError) in try storage.lift(id, at: now) }
        try await refresh()
    }

    /// Takes in what others have stored, and answers whether there was anything.
    ///
    /// - Throws: `RunError` with code `storage` or `damaged`; then the list stays as it was.
    @discardableResult
    package func refresh() async throws(RunError) -> Bool {
        let now = clock()
        let (epoch, inForce) = try await blocking { storage throws(RunError) in try storage.revocations(at: now) }
        return table.withLock { table in
            // An older state may come in behind a newer one.
            guard epoch > table.epoch else { return false }
            table = Table(epoch: epoch, all: inForce)
            for revocation in inForce {
                switch revocation.scope {
                case .run(let id): table.runs[id] = revocation
                case .key(let kid): table.keys[kid] = revocation
                case .project, .since: table.others.append(revocation)
                }
            }
            return true
        }
    }

    private func blocking<Answer: Sendable>(
        _ call: @Sendable (any RevocationStorage) throws(RunError) -> Answer
    ) async throws(RunError) -> Answer {
        try await withTaskExecutorPreference(executor) { () async throws(RunError) -> Answer in try call(storage) }
    }
}
