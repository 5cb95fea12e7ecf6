internal import Locks
internal import POSIX
package import Time

extension Ledger {
    /// What a ledger needs from outside.
    package struct Surroundings: Sendable {
        /// Where the entries are.
        package let storage: any LedgerStorage
        /// Signs the checkpoints; its name is the log's origin.
        package let signer: CheckpointSigner
        /// Tells the time of entries.
        package let clock: WallClock
        /// Gives as many unpredictable bytes as are asked for: OpenSSL's in a broker.
        package let entropy: @Sendable (Int) -> [UInt8]
        /// What every receipt tells the state of; optional.
        package let mark: (any CommitMark)?

        /// Gathers what a ledger needs.
        package init(
            storage: any LedgerStorage,
            signer: CheckpointSigner,
            clock: @escaping WallClock,
            entropy: @escaping @Sendable (Int) -> [UInt8],
            mark: (any CommitMark)? = nil
        ) {
            self.mark = mark
            self.storage = storage
            self.signer = signer
            self.clock = clock
            self.entropy = entropy
        }
    }

    /// Up to how many entries a ledger is verified as a whole before it opens: some 50 ms of work.
    ///
    /// A larger one is checked by its hashes from the root down to the last entry, opens, and is verified in the background.
    package static let verifiedAtOnce: UInt64 = 10_000

    /// Sets up a ledger without entries, with its first signed checkpoint; blocks.
    ///
    /// - Throws: `LedgerError`, with code `initialised` where there is one already.
    package static func create(in surroundings: Surroundings) throws(LedgerError) {
        let edge = TreeEdge()
        let checkpoint = try surroundings.signer.checkpoint(of: edge)
        try surroundings.storage.append { head, _ throws(LedgerError) in
            guard head == nil else { throw .initialised }
            let head = LedgerHead(size: 0, time: surroundings.clock(), checkpoint: checkpoint)
            return LedgerBatch(leaves: [], tiles: [], head: head)
        }
    }

    /// Opens a ledger once it has been checked against its last checkpoint; blocks.
    ///
    /// - Throws: `LedgerError` that names what was seen and wanted and what to do: nothing may be recorded then.
    package static func open(in surroundings: Surroundings) throws(LedgerError) -> Ledger {
        let storage = surroundings.storage
        let verifier = LedgerVerifier(storage: storage, key: surroundings.signer.verifier)
        let (head, edge) = try verifier.readHead()
        try head.size <= verifiedAtOnce ? verifier.verify(head) : verifier.checkEnd(head)
        try BatchWriter.check(surroundings.clock(), against: head.time)
        let writer = BatchWriter(
            storage: storage,
            signer: surroundings.signer,
            clock: surroundings.clock,
            entropy: surroundings.entropy,
            head: head,
            edge: edge
        )
        let ledger = Ledger(writer: writer, mark: surroundings.mark, thread: try startThread())
        if head.size > verifiedAtOnce { try ledger.verifyInBackground(head, verifier) }
        return ledger
    }

    /// Verifies every entry on a thread of its own, and stops the ledger where one is wrong.
    private func verifyInBackground(_ head: LedgerHead, _ verifier: LedgerVerifier) throws(LedgerError) {
        let thread = try Self.startThread()
        verified.withLock { $0 = .running }
        Task.detached(executorPreference: thread) { [weak self] in
            // Of ten million entries it takes most of a minute, in which jobs want their tokens.
            WorkerThread.giveWay()
            do throws(LedgerError) {
                try verifier.verify(head)
                self?.verified.withLock { $0 = .passed }
            } catch {
                // Stopped first: who reads that the verification has failed finds the fault as well.
                if error.isEvidence { self?.stop(error) }
                self?.verified.withLock { $0 = .failed(error) }
            }
            thread.stop()
        }
    }

    private static func startThread() throws(LedgerError) -> WorkerThread {
        do throws(POSIXError) {
            return try WorkerThread()
        } catch {
            throw LedgerError(
                .storage,
                seen: "\(error)",
                wanted: "a thread to write on",
                remedy: "raise the limit on threads (ulimit -u, or TasksMax of the systemd unit)"
            )
        }
    }
}

extension LedgerError {
    fileprivate static let initialised = LedgerError(
        .initialised,
        seen: "a store with a ledger",
        wanted: "one without",
        remedy: "use it as it is, or give another path: a ledger is never begun again"
    )
}
