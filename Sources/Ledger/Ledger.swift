internal import Locks
internal import POSIX

/// Ledger owns the append-only record of every token, exchange, denial and secret read: the entries' canonical bytes, the
/// Merkle tree over them, and its signed checkpoints.
///
/// It never changes or removes an entry, never says that something is recorded before it is durable, and never signs a tree
/// that does not begin with all it has signed before. It neither decides what is recorded nor knows where it is stored.
///
/// RFC 9162 section 2.1 (tree and proofs), C2SP signed-note, tlog-checkpoint and tlog-tiles.
///
/// One thread writes. Entries that arrive while a commit is under way form the next one: one transaction, one flush, one
/// signature; then all who wait get their receipts.
package final class Ledger: Sendable {
    /// The most entries of one commit: what comes first shall not wait for the last of a long queue.
    private static let largestBatch = 1_024

    /// The public half of the key that signs the checkpoints.
    package let verifier: VerifierKey
    private let queue = Lock(EntryQueue())
    private let published: Lock<[UInt8]>
    private let writer: Lock<BatchWriter>
    let verified = Lock(Verification.passed)
    private let thread: WorkerThread
    private let mark: (any CommitMark)?
    /// Who waits for the head to be read again, while that is about to be done.
    private let awaitingRefresh = Lock<[Reply<Void>]>([])

    init(writer: BatchWriter, mark: (any CommitMark)?, thread: WorkerThread) {
        self.mark = mark
        verifier = writer.verifier
        published = Lock(writer.head.checkpoint)
        self.writer = Lock(writer)
        self.thread = thread
    }

    deinit { thread.stop() }

    /// Records an entry that releases nothing.
    ///
    /// When this returns, the entry is durable and `checkpoint` covers it. After an error it may still turn out to be
    /// recorded, as when the disk's answer to a commit was lost; it is then recorded once.
    ///
    /// - Throws: `LedgerError`: `entryTooLarge`, `storage`, `storageFull`, `clockBehind`, `closed`, or what stopped the ledger.
    package func record(_ entry: Entry) async throws(LedgerError) -> Receipt {
        let body = try entry.body()
        let result = await Reply.wait { reply in
            let pending = PendingEntry(body: body, reply: reply)
            switch queue.withLock({ $0.add(pending) }) {
            case .wait: break
            case .start: Task.detached(executorPreference: thread) { self.drain() }
            case .refuse(let error): reply.give(.failure(error))
            }
        }
        return try result.get()
    }

    /// Records entries that release nothing as one commit, and returns the index of the first: for filling a ledger fast.
    ///
    /// - Throws: `LedgerError`, as `record` does.
    package func record(batch entries: [Entry]) async throws(LedgerError) -> UInt64 {
        var bodies: [[UInt8]] = []
        for entry in entries { bodies.append(try entry.body()) }
        let batch = bodies
        return try await thread.run { () throws(LedgerError) in
            try self.write { writer throws(LedgerError) in try writer.commit(batch) }
        }
    }

    /// The signed note over all entries that anyone has a receipt for, as it is published.
    package var checkpoint: [UInt8] { published.withLock { $0 } }

    /// How many entries wait for a commit.
    package var waiting: Int { queue.withLock { $0.count } }

    /// Why the ledger takes no more entries; nil while it does.
    package var fault: LedgerError? { queue.withLock { $0.fault } }

    /// How far the verification of what was there at the start has come.
    package var verification: Verification { verified.withLock { $0 } }

    /// How far a verification has come.
    package enum Verification: Equatable, Sendable {
        case running
        /// All entries that were there at the start are as they were recorded.
        case passed
        /// It found a wrong entry, and `fault` says so too; or the store could not be read to its end.
        case failed(LedgerError)
    }

    /// Takes no more entries; those that wait are still recorded.
    package func close() { stop(.closed) }

    /// Takes no more entries, for a reason that everyone who tries is told.
    func stop(_ reason: LedgerError) { queue.withLock { $0.stop(reason) } }

    /// Reads the head again, so that `checkpoint` covers what another process has appended to the store.
    ///
    /// - Throws: `LedgerError`; what shows that the store was tampered with stops the ledger.
    package func refresh() async throws(LedgerError) {
        try await thread.run { () throws(LedgerError) in
            _ = try self.write { writer throws(LedgerError) in try writer.refresh() }
        }
    }

    /// Reads the head again for all who ask before that begins: one read, however many they are.
    ///
    /// Where it cannot be read, the checkpoint stays what it was.
    package func refreshTogether() async {
        await Reply<Void>.wait { reply in
            let isFirst = awaitingRefresh.withLock { waiting in
                waiting.append(reply)
                return waiting.count == 1
            }
            guard isFirst else { return }
            Task.detached(executorPreference: thread) {
                let waiting = self.awaitingRefresh.withLock { waiting in
                    defer { waiting = [] }
                    return waiting
                }
                _ = try? self.write { writer throws(LedgerError) in try writer.refresh() }
                for reply in waiting { reply.give() }
            }
        }
    }

    /// Commits what waits, batch after batch, until nothing does; one at a time, on the writer's thread.
    private func drain() {
        while let pause = queue.withLock({ $0.next() }) {
            if pause > .zero { WorkerThread.pause(for: pause) }
            let batch = queue.withLock { $0.take(atMost: Self.largestBatch) }
            do throws(LedgerError) {
                let first = try write { writer throws(LedgerError) in try writer.commit(batch.map(\.body)) }
                let mark = try mark?.mark() ?? 0
                for (offset, entry) in batch.enumerated() {
                    let receipt = Receipt(index: first + UInt64(offset), mark: mark)
                    entry.reply.give(.success(receipt))
                }
            } catch {
                for entry in batch { entry.reply.give(.failure(error)) }
            }
        }
    }

    /// Lets the writer work, and publishes the checkpoint that it is left with.
    private func write<Answer: Sendable>(
        _ work: (inout BatchWriter) throws(LedgerError) -> Answer
    ) throws(LedgerError) -> Answer {
        do throws(LedgerError) {
            if let fault, fault.isEvidence { throw fault }
            let (answer, checkpoint) = try writer.withLock { writer throws(LedgerError) in
                (try work(&writer), writer.head.checkpoint)
            }
            published.withLock { $0 = checkpoint }
            return answer
        } catch {
            if error.isEvidence { stop(error) }
            throw error
        }
    }
}

extension LedgerError {
    fileprivate static let closed = LedgerError(
        .closed,
        seen: "an entry",
        wanted: "none, since the ledger has been closed",
        remedy: "try again when the broker has started anew"
    )
}
