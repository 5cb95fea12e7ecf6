internal import Crypto
internal import Locks

/// Asks a shared store who speaks for which run, for many jobs at once: those that come while it is being asked are asked
/// about together next, so that a look costs a job one journey to the store, and the store one statement for all of them.
final class RunLookups: Sendable {
    private struct Pending {
        let digest: SHA256Digest
        let reply: Reply<Result<RunRecord?, RunError>>
    }

    private struct State {
        var waiting: [Pending] = []
        var isAsking = false
    }

    /// Digests of one statement.
    private static let most = 1_024

    private let storage: any SharedRunStorage
    private let executor: any TaskExecutor
    private let state = Lock(State())

    init(_ storage: any SharedRunStorage, on executor: any TaskExecutor) {
        self.storage = storage
        self.executor = executor
    }

    /// The run whose request token has a digest, as the store has it after this call has begun; nil where there is none.
    func find(_ digest: SHA256Digest) async throws(RunError) -> RunRecord? {
        let result = await Reply.wait { reply in
            let isFirst = state.withLock { state in
                state.waiting.append(Pending(digest: digest, reply: reply))
                let isFirst = !state.isAsking
                state.isAsking = true
                return isFirst
            }
            guard isFirst else { return }
            Task.detached(executorPreference: executor) { self.drain() }
        }
        return try result.get()
    }

    private func drain() {
        while let batch = take() {
            do throws(RunError) {
                var records: [SHA256Digest: RunRecord] = [:]
                for record in try storage.find(tokens: Array(Set(batch.map(\.digest)))) {
                    records[record.tokenDigest] = record
                }
                for pending in batch { pending.reply.give(.success(records[pending.digest])) }
            } catch {
                for pending in batch { pending.reply.give(.failure(error)) }
            }
        }
    }

    /// The next to ask about; nil where nobody waits, and the asking ends.
    private func take() -> [Pending]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isAsking = false
                return nil
            }
            let batch = Array(state.waiting.prefix(Self.most))
            state.waiting.removeFirst(batch.count)
            return batch
        }
    }
}
