internal import Crypto
internal import Encoding
internal import Locks
package import Time

/// All runs that are alive, found by the digest of a request token without touching the store.
///
/// Every change is written through to the store before it counts here, so after a crash the store knows at least what any
/// client was told. Calls come from any thread; blocking ones run on the storage executor, never on an event loop.
///
/// Where several brokers share the store, each of them asks it anew whether a run goes on: one that another broker has ended is
/// refused at once, and one that another has registered is known.
package final class RunRegistry: Sendable {
    /// How long an ended or expired run is remembered in memory, so that its token is refused with the reason.
    private static let memory = Duration.seconds(3_600)
    /// How long the store keeps a run that is over; the ledger keeps what it did for ever.
    private static let retention = Duration.seconds(30 * 86_400)

    private let storage: any RunStorage
    private let executor: any TaskExecutor
    private let entropy: @Sendable (Int) -> [UInt8]
    private let clock: WallClock
    private let table = Lock(RunTable())
    /// What asks the store on behalf of each job; nil where this process alone changes it.
    private let lookups: RunLookups?

    /// Makes an empty registry, which `load` fills.
    ///
    /// Bytes of `entropy` become IDs and request tokens: OpenSSL's in a broker. A shared store is asked by jobs on an executor
    /// of its own where one is given, so that none waits for a registration.
    package init(
        storage: any RunStorage,
        executor: any TaskExecutor,
        lookupExecutor: (any TaskExecutor)? = nil,
        entropy: @escaping @Sendable (Int) -> [UInt8],
        clock: @escaping WallClock
    ) {
        self.storage = storage
        self.executor = executor
        self.entropy = entropy
        self.clock = clock
        lookups = (storage as? any SharedRunStorage).map { RunLookups($0, on: lookupExecutor ?? executor) }
    }

    /// Reads the active runs of the store, so that jobs under way survive a restart of the broker.
    ///
    /// - Throws: `RunError` with code `storage` or `damaged`.
    package func load() async throws(RunError) {
        let now = clock()
        let records = try await blocking { storage throws(RunError) in try storage.active(at: now) }
        for record in records {
            let run = try record.run()
            table.withLock { $0.insert(run) }
        }
    }

    /// Registers a run; its request token is in the answer and nowhere else.
    ///
    /// - Throws: `RunError` with code `capacity` or `storage`; then nothing was registered.
    package func register(
        _ attestation: consuming Attestation,
        limit activeRuns: Int
    ) async throws(RunError) -> Registration {
        let registration = try prepare(attestation, limit: activeRuns)
        let record = RunRecord(registration.run)
        try await blocking { storage throws(RunError) in try storage.insert(record) }
        return admit(registration)
    }

    /// Registers a run on the calling thread, which waits for the store: for programs without an event loop.
    ///
    /// - Throws: `RunError` with code `capacity` or `storage`; then nothing was registered.
    package func registerBlocking(
        _ attestation: consuming Attestation,
        limit activeRuns: Int
    ) throws(RunError) -> Registration {
        let registration = try prepare(attestation, limit: activeRuns)
        try storage.insert(RunRecord(registration.run))
        return admit(registration)
    }

    /// A run that gets one token and is over: it has no request token, so nothing of it is kept but what the ledger says.
    package func passing(_ attestation: consuming Attestation) -> Run {
        var bytes = entropy(32)
        return Run(
            id: Self.identifier(entropy),
            attestation: attestation,
            registered: clock(),
            tokenDigest: RequestToken(random: &bytes).digest
        )
    }

    private static func identifier(_ entropy: (Int) -> [UInt8]) -> String { "run_" + Hex.encode(entropy(16)) }

    /// Finds the run for which a bearer speaks; this is on the path of every token, and takes a lock or, of a shared store, a
    /// question that many ask together.
    ///
    /// - Throws: `RunError` with code `storage` or `damaged`, of a shared store.
    package func authenticate(_ bearer: String) async throws(RunError) -> Authentication {
        guard let digest = RequestToken.digest(ofPresented: bearer) else { return .refused(.malformed) }
        guard let (run, ended) = try await present(digest) else { return .refused(.unknown) }
        switch run.state(at: clock(), ended: ended) {
        case .active: return .active(run)
        case .ended(let moment): return .refused(.ended(run.id, moment))
        case .expired(let moment): return .refused(.expired(run.id, moment))
        }
    }

    /// The run of a token's digest, and when it was ended.
    private func present(_ digest: SHA256Digest) async throws(RunError) -> (run: Run, ended: UnixTime?)? {
        let known = table.withLock { $0.find(digest) }
        guard let lookups else { return known }
        guard let record = try await lookups.find(digest) else { return nil }
        // What was attested never changes, so that it is read once.
        guard let known else {
            let run = try record.run()
            table.withLock { $0.insert(run, ended: record.ended) }
            return (run, record.ended)
        }
        if let ended = record.ended, known.ended == nil { _ = table.withLock { $0.end(known.run.id, at: ended) } }
        return (known.run, record.ended)
    }

    /// The run of an ID, also one that is over; nil where there is none.
    ///
    /// - Throws: `RunError` with code `storage` or `damaged`.
    package func find(_ id: String) async throws(RunError) -> RunStatus? {
        if lookups == nil, let (run, ended) = table.withLock({ $0.find(id) }) {
            return RunStatus(run: run, state: run.state(at: clock(), ended: ended))
        }
        guard let record = try await blocking({ storage throws(RunError) in try storage.find(id) }) else { return nil }
        let run = try record.run()
        return RunStatus(run: run, state: run.state(at: clock(), ended: record.ended))
    }

    /// Ends a run: its request token is dead when this returns.
    ///
    /// Returns how the run stood before, so that only the call that ended it records that it did; nil where there is none.
    ///
    /// - Throws: `RunError` with code `storage` or `damaged`; then the run still lives.
    package func end(_ id: String) async throws(RunError) -> RunStatus? {
        guard let status = try await find(id) else { return nil }
        guard status.state == .active else { return status }
        let now = clock()
        try await blocking { storage throws(RunError) in try storage.end(id, at: now) }
        let earlier = table.withLock { $0.end(id, at: now) }
        return RunStatus(run: status.run, state: status.run.state(at: now, ended: earlier))
    }

    /// Forgets runs that have long been over; called from time to time.
    ///
    /// - Throws: `RunError` with code `storage`.
    package func sweep() async throws(RunError) {
        let now = clock()
        table.withLock { $0.remove(expiredBefore: now - Self.memory) }
        try await blocking { storage throws(RunError) in try storage.remove(expiredBefore: now - Self.retention) }
    }

    /// The active runs of the store, whichever broker registered them.
    ///
    /// - Throws: `RunError` with code `storage` or `damaged`.
    package func stored() async throws(RunError) -> [Run] {
        let now = clock()
        let records = try await blocking { storage throws(RunError) in try storage.active(at: now) }
        var found: [Run] = []
        for record in records { found.append(try record.run()) }
        return found
    }

    /// The active runs that this process knows, without touching the store.
    package var active: [Run] {
        let now = clock()
        return table.withLock { $0.active(at: now) }
    }

    /// A run that this process knows, whatever its state.
    package func remembered(_ id: String) -> Run? { table.withLock { $0.find(id)?.run } }

    /// How many runs are active.
    package var activeCount: Int {
        let now = clock()
        return table.withLock { $0.count(activeAt: now) }
    }

    /// A run with its token, which nobody knows of yet.
    private func prepare(_ attestation: Attestation, limit activeRuns: Int) throws(RunError) -> Registration {
        let now = clock()
        guard !table.withLock({ $0.isFull(activeRuns, at: now) }) else {
            throw RunError(.capacity, "\(activeRuns) runs are active, which is the limit (runs.active)")
        }
        var bytes = entropy(32)
        let token = RequestToken(random: &bytes)
        let run = Run(
            id: Self.identifier(entropy),
            attestation: attestation,
            registered: now,
            tokenDigest: token.digest
        )
        return Registration(run: run, token: token)
    }

    /// Lets a run in that the store has.
    private func admit(_ registration: consuming Registration) -> Registration {
        let run = registration.run
        table.withLock { $0.insert(run) }
        return registration
    }

    private func blocking<Answer: Sendable>(
        _ call: @Sendable (any RunStorage) throws(RunError) -> Answer
    ) async throws(RunError) -> Answer {
        try await withTaskExecutorPreference(executor) { () async throws(RunError) -> Answer in try call(storage) }
    }
}

/// What a bearer turned out to be.
package enum Authentication: Sendable {
    case active(Run)
    case refused(DeadToken)
}

/// Why a bearer speaks for no run.
package enum DeadToken: Equatable, Sendable, CustomStringConvertible {
    /// It is not written as a request token is.
    case malformed
    /// No run has it; runs that have long been over are among these.
    case unknown
    case ended(String, UnixTime)
    case expired(String, UnixTime)

    package var description: String {
        switch self {
        case .malformed: "the bearer is no request token; one begins with jpr_"
        case .unknown: "no run has this request token; it may have ended long ago"
        case .ended(let id, let moment): "\(id) ended at \(RFC3339.format(moment)), and its request token with it"
        case .expired(let id, let moment):
            "\(id) expired at \(RFC3339.format(moment)); its orchestrator sets expires_in"
        }
    }
}
