internal import Crypto
internal import Time

/// Turns entries into a batch behind the present head, and commits it; owned by one thread at a time.
struct BatchWriter: Sendable {
    /// How far the wall clock may be behind the last entry before nothing more is recorded.
    ///
    /// Clocks are stepped by milliseconds as a matter of course: an entry's time is then that of the one before, so
    /// that times never decrease and an auditor can search by them. Five minutes is what AWS forgives in a token's times; a
    /// clock that is further off would have tokens issued that nobody accepts, and a record that misleads.
    static let toleratedStep = Duration.seconds(300)

    private let storage: any LedgerStorage
    private let signer: CheckpointSigner
    private let clock: WallClock
    private let entropy: @Sendable (Int) -> [UInt8]
    /// What this process last committed or read; another process may have appended since.
    private(set) var head: LedgerHead
    private var edge: TreeEdge

    init(
        storage: any LedgerStorage,
        signer: CheckpointSigner,
        clock: @escaping WallClock,
        entropy: @escaping @Sendable (Int) -> [UInt8],
        head: LedgerHead,
        edge: TreeEdge
    ) {
        self.storage = storage
        self.signer = signer
        self.clock = clock
        self.entropy = entropy
        self.head = head
        self.edge = edge
    }

    var verifier: VerifierKey { signer.verifier }

    /// Commits entries, given by their bodies, and returns the index of the first.
    ///
    /// After an error it is not known whether the batch is there; the next commit sees by the head what is, and goes on
    /// behind it.
    mutating func commit(_ bodies: [[UInt8]]) throws(LedgerError) -> UInt64 {
        let salts = entropy(bodies.count * Leaf.saltLength)
        var committed = (head: head, edge: edge)
        try storage.append { stored, tiles throws(LedgerError) in
            committed = try present(stored, tiles)
            // Read behind the lock, so that no other process's entry can be later and yet stand before.
            let now = clock()
            try Self.check(now, against: committed.head.time)
            let time = max(now, committed.head.time)
            let leaves = bodies.enumerated().map { offset, body in
                Leaf.bytes(time: time, salt: salts[(offset * Leaf.saltLength)...].prefix(Leaf.saltLength), body: body)
            }
            for leaf in leaves { committed.edge.append(Merkle.leafHash(leaf)) }
            let tiles = committed.edge.takeChangedTiles()
            committed.head = LedgerHead(
                size: committed.edge.size,
                time: time,
                checkpoint: try signer.checkpoint(of: committed.edge)
            )
            return LedgerBatch(leaves: leaves, tiles: tiles, head: committed.head)
        }
        (head, edge) = committed
        return edge.size - UInt64(bodies.count)
    }

    /// Reads the head again, which another process may have moved on.
    ///
    /// The tiles are read after the head, not with it: they only grow, so that they hold at least what the head covers.
    mutating func refresh() throws(LedgerError) {
        (head, edge) = try present(try storage.head()) { address throws(LedgerError) in try storage.tile(address) }
    }

    /// The head to go on behind: our own, or that of another process which has appended to the same tree.
    private func present(
        _ stored: LedgerHead?,
        _ tiles: TileSource
    ) throws(LedgerError) -> (head: LedgerHead, edge: TreeEdge) {
        guard stored != head else { return (head, edge) }
        let (stored, theirs) = try LedgerCheck.edge(of: stored, tiles: tiles, key: signer.verifier)
        guard stored.size >= head.size else {
            throw LedgerError(
                .shorter,
                index: stored.size,
                seen: "a store of \(stored.size) entries",
                wanted: "the \(head.size) that have been committed to it",
                remedy: "stop every broker on this store and find out who put an older copy in its place"
            )
        }
        // Whatever the head says, what this process has signed before must still be the tree's beginning.
        guard try TreeEdge(size: head.size, tiles: tiles).root == edge.root else {
            throw LedgerError(
                .altered,
                seen: "a store whose first \(head.size) entries have another root",
                wanted: "the root that this broker has signed",
                remedy: "stop every broker on this store: the log has been forked; keep both copies as evidence"
            )
        }
        return (stored, theirs)
    }

    /// Checks that the clock is not further behind the last entry than is tolerated.
    static func check(_ now: UnixTime, against last: UnixTime) throws(LedgerError) {
        guard now + toleratedStep < last else { return }
        throw LedgerError(
            .clockBehind,
            seen: "a clock at \(RFC3339.format(now))",
            wanted: "one that is not before the last entry, at \(RFC3339.format(last))",
            remedy: "set this machine's clock right; was it the last entry's that was wrong, wait until that time"
        )
    }
}

extension CheckpointSigner {
    /// The signed note over a tree.
    func checkpoint(of edge: TreeEdge) throws(LedgerError) -> [UInt8] {
        do throws(CryptoError) {
            return try sign(size: edge.size, root: edge.root)
        } catch {
            throw LedgerError(.signing, seen: "\(error)", wanted: "a signed checkpoint", remedy: "try again")
        }
    }
}
