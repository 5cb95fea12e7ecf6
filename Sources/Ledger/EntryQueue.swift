internal import Locks

/// An entry that waits to be recorded, and who waits for it.
struct PendingEntry {
    let body: [UInt8]
    let reply: Reply<Result<Receipt, LedgerError>>
}

/// The entries that wait for the next commit: a state machine that says what to do and does none of it.
struct EntryQueue {
    /// What the caller has to do about an entry.
    enum Answer {
        /// The writer is at work and will come to it.
        case wait
        /// Start the writer.
        case start
        case refuse(LedgerError)
    }

    /// How long the writer lingers before a commit while others are at work too.
    ///
    /// A commit costs the same processor time for one entry as for thirty: transaction, signature, flush. With two loops
    /// that sign RS256 beside it, batches without this are of two entries and eat a third of a core.
    private static let lingering = Duration.milliseconds(2)
    /// Entries from which a commit is worth its cost at once.
    private static let enough = 64
    /// Entries that must come while the writer lingers, or it was for nothing: a few clients that each wait for their
    /// answer before they ask again send nothing more, however long it waits.
    private static let worthwhile = 2
    /// Batches until lingering is tried again after it was for nothing.
    private static let abstinence = 32

    private var waiting: [PendingEntry] = []
    private var isWriting = false
    /// Whether entries came while the last batch was written: who is alone never waits for others.
    private var isShared = false
    /// How many entries waited when the writer began to linger; nil where it does not.
    private var waitingBefore: Int?
    /// Batches still to be written without lingering.
    private var abstaining = 0
    /// Why no more entries are taken.
    private(set) var fault: LedgerError?

    var count: Int { waiting.count }

    mutating func add(_ entry: PendingEntry) -> Answer {
        if let fault { return .refuse(fault) }
        waiting.append(entry)
        guard !isWriting else {
            isShared = true
            return .wait
        }
        isWriting = true
        return .start
    }

    /// How long the writer should linger before it takes a batch; nil where nothing waits and it may go to rest.
    mutating func next() -> Duration? {
        guard !waiting.isEmpty else {
            isWriting = false
            return nil
        }
        guard isShared, waiting.count < Self.enough, abstaining == 0 else {
            abstaining = max(0, abstaining - 1)
            return .zero
        }
        waitingBefore = waiting.count
        return Self.lingering
    }

    /// Takes a batch, in the order in which the entries came.
    mutating func take(atMost limit: Int) -> [PendingEntry] {
        if let before = waitingBefore, waiting.count < before + Self.worthwhile { abstaining = Self.abstinence }
        waitingBefore = nil
        isShared = waiting.count > limit
        var batch: [PendingEntry] = []
        guard isShared else {
            swap(&batch, &waiting)
            return batch
        }
        batch = Array(waiting.prefix(limit))
        waiting.removeFirst(limit)
        return batch
    }

    /// Takes no more entries; evidence outlasts every other reason.
    mutating func stop(_ reason: LedgerError) {
        if fault?.isEvidence != true { fault = reason }
    }
}
