internal import Crypto
package import Ledger
internal import Locks
package import Runs
internal import Text
package import Time

extension RunRequest {
    /// What the contract's example run asks: `acme/web`, job `release` of workflow `deploy` on `main`.
    ///
    /// A value in `changes` replaces the example's; an empty one takes the member away.
    package static func sample(
        _ changes: [StandardClaim: String] = [:],
        trust: Trust = .trusted,
        further: [Claim] = [],
        expiresIn: Int64? = nil
    ) -> RunRequest {
        let example: [StandardClaim: String] = [
            .project: "acme/web", .workflow: "deploy", .job: "release", .ref: "refs/heads/main", .refType: "branch",
            .environment: "production", .runID: "4711", .attempt: "1", .event: "push", .actor: "ada",
            .sha: "9fceb02d0ae598e95dc970b74767f19372d61af8",
        ]
        let values = example.merging(changes) { $1 }.filter { !$0.value.isEmpty }
        return RunRequest(values, trust: trust, further: further, expiresIn: expiresIn)
    }
}

extension Attestor {
    /// The contract's example principal: any project of acme, and the further claims `team` and `tier`.
    package static let sample = Attestor(
        name: "runner-fleet",
        projects: [Pattern(exactly: "acme/web"), Pattern(exactly: "acme/api")],
        claims: ["team", "tier"]
    )
}

extension Attestation {
    /// What the example principal attests of an example run.
    ///
    /// - Throws: `AttestationError` where the changes break a rule.
    package static func sample(
        _ changes: [StandardClaim: String] = [:],
        trust: Trust = .trusted,
        further: [Claim] = [],
        expiresIn: Int64? = nil
    ) throws(AttestationError) -> Attestation {
        let request = RunRequest.sample(changes, trust: trust, further: further, expiresIn: expiresIn)
        return try Attestation(request, by: .sample, limits: .standard)
    }
}

extension Run {
    /// A run of what was attested, registered in a registry of its own.
    ///
    /// - Throws: `RunError`, which an empty registry never does.
    package static func sample(_ attestation: Attestation) throws -> Run {
        let registry = RunRegistry(
            storage: MemoryRunStorage(),
            executor: globalConcurrentExecutor,
            entropy: Entropy.bytes,
            clock: TestClock().wall
        )
        return try registry.registerBlocking(attestation, limit: 1).run
    }
}

/// A store of runs in memory, which can be told to fail before or after the effect.
package final class MemoryRunStorage: RunStorage {
    /// Where a call fails.
    package enum Fault: Sendable {
        /// Nothing has happened.
        case before
        /// It has happened, but the caller cannot know.
        case after
    }

    private let state = Lock((records: [String: RunRecord](), fault: Fault?.none))

    /// Makes an empty store.
    package init() {}

    /// Whether and where every call fails from now on.
    package var fault: Fault? {
        get { state.withLock { $0.fault } }
        set { state.withLock { $0.fault = newValue } }
    }

    /// Everything that is stored.
    package var records: [RunRecord] { state.withLock { $0.records.values.sorted { $0.id < $1.id } } }

    package func insert(_ record: RunRecord) throws(RunError) {
        try change { records throws(RunError) in
            guard records[record.id] == nil, records.values.allSatisfy({ $0.tokenDigest != record.tokenDigest }) else {
                throw RunError(.storage, "the run is there already")
            }
            records[record.id] = record
        }
    }

    package func end(_ id: String, at moment: UnixTime) throws(RunError) {
        try change { records throws(RunError) in
            guard let record = records[id], record.ended == nil else { return }
            records[id] = RunRecord(
                id: record.id,
                principal: record.principal,
                claims: record.claims,
                tokenDigest: record.tokenDigest,
                registered: record.registered,
                expires: record.expires,
                ended: moment
            )
        }
    }

    package func find(_ id: String) throws(RunError) -> RunRecord? {
        var found: RunRecord?
        try change { records throws(RunError) in found = records[id] }
        return found
    }

    package func active(at moment: UnixTime) throws(RunError) -> [RunRecord] {
        var found: [RunRecord] = []
        try change { records throws(RunError) in
            found = records.values.filter { $0.ended == nil && moment < $0.expires }
        }
        return found
    }

    package func remove(expiredBefore moment: UnixTime) throws(RunError) {
        try change { records throws(RunError) in records = records.filter { $0.value.expires >= moment } }
    }

    private func change(_ body: (inout [String: RunRecord]) throws(RunError) -> Void) throws(RunError) {
        let failure = state.withLock { state -> RunError? in
            if state.fault == .before { return RunError(.storage, "the disk is full") }
            do throws(RunError) { try body(&state.records) } catch { return error }
            return state.fault == .after ? RunError(.storage, "the answer was lost") : nil
        }
        if let failure { throw failure }
    }
}

/// Revocations in memory, shared by whoever holds the object as brokers share a store.
package final class MemoryRevocationStorage: RevocationStorage, CommitMark {
    private struct State {
        var epoch: Int64 = 0
        var all: [Revocation] = []
        var isBroken = false
    }

    private let state = Lock(State())

    /// Makes an empty store.
    package init() {}

    /// Whether every call fails from now on.
    package var isBroken: Bool {
        get { state.withLock { $0.isBroken } }
        set { state.withLock { $0.isBroken = newValue } }
    }

    package func add(_ revocation: Revocation) throws(RunError) {
        try change { state throws(RunError) in
            guard !state.all.contains(where: { $0.id == revocation.id }) else {
                throw RunError(.storage, "the revocation is there already")
            }
            state.all.append(revocation)
            state.epoch += 1
        }
    }

    package func lift(_ id: String, at moment: UnixTime) throws(RunError) {
        try change { state throws(RunError) in
            guard let index = state.all.firstIndex(where: { $0.id == id && $0.lifted == nil }) else { return }
            let old = state.all[index]
            state.all[index] = Revocation(
                id: old.id,
                scope: old.scope,
                made: old.made,
                until: old.until,
                principal: old.principal,
                reason: old.reason,
                lifted: moment
            )
            state.epoch += 1
        }
    }

    package func revocations(at moment: UnixTime) throws(RunError) -> (epoch: Int64, inForce: [Revocation]) {
        var found: (epoch: Int64, inForce: [Revocation]) = (0, [])
        try change { state throws(RunError) in found = (state.epoch, state.all.filter { $0.isInForce(at: moment) }) }
        return found
    }

    package func revocationEpoch() throws(RunError) -> Int64 {
        var epoch: Int64 = 0
        try change { state throws(RunError) in epoch = state.epoch }
        return epoch
    }

    package func mark() throws(LedgerError) -> Int64 {
        do throws(RunError) { return try revocationEpoch() } catch {
            throw LedgerError(.storage, seen: error.reason, wanted: "a store", remedy: "mend it")
        }
    }

    private func change(_ body: (inout State) throws(RunError) -> Void) throws(RunError) {
        let failure = state.withLock { state -> RunError? in
            if state.isBroken { return RunError(.storage, "the disk is gone") }
            do throws(RunError) { try body(&state) } catch { return error }
            return nil
        }
        if let failure { throw failure }
    }
}
