internal import Broker
internal import Crypto
internal import Encoding
internal import EventLoop
internal import HTTP
internal import HTTPClient
internal import Ledger
internal import Logs
internal import POSIX
internal import Stores
internal import Time

/// Brings every checkpoint to the configured witnesses, and their cosignatures home.
///
/// No token waits for it: a witness that is away is tried again, and what it has missed is proved to it then.
struct WitnessFeed: Sendable {
    /// A configured witness.
    struct Witness: Sendable {
        let key: CosignatureKey
        /// The address below which `add-checkpoint` is.
        let url: String
    }

    private static let every = Duration.seconds(1)
    /// How long a witness that did not answer is left alone, at most.
    private static let longestPause: Int64 = 60

    private let witnesses: [Witness]
    private let store: any BrokerStore
    /// The store's calls block, and the loop serves jobs.
    private let executor: WorkerThread
    private let log: VerifierKey
    private let broker: Broker
    private let lines: Log

    init(_ configured: [String], _ store: any BrokerStore, _ log: VerifierKey, _ broker: Broker, _ lines: Log) throws {
        witnesses = try configured.map { text in
            let parts = text.split(separator: " ").map(String.init)
            guard parts.count == 2 else {
                throw CommandError(
                    .configuration,
                    "ledger.witnesses: '\(text)' is no key and address",
                    advice: "write 'KEY URL'"
                )
            }
            return Witness(
                key: try CosignatureKey(parts[0]),
                url: parts[1].hasSuffix("/") ? String(parts[1].dropLast()) : parts[1]
            )
        }
        self.store = store
        executor = try WorkerThread()
        self.log = log
        self.broker = broker
        self.lines = lines
    }

    /// Feeds until it is cancelled.
    func run(on loop: EventLoop) async {
        let transport = HTTPClient(on: loop)
        await withTaskGroup(of: Void.self) { group in
            for witness in witnesses { group.addTask { await feed(witness, transport, on: loop) } }
        }
    }

    private func feed(_ witness: Witness, _ transport: any Transport, on loop: EventLoop) async {
        var known: UInt64 = 0
        var failures: Int64 = 0
        var last: [UInt8] = []
        while !Task.isCancelled {
            let note = broker.latestCheckpoint
            if note != last {
                do {
                    known = try await offer(note, from: known, to: witness, transport)
                    last = note
                    if failures > 0 { lines.info("the witness is back", ["witness": "\(witness.key.name)"]) }
                    failures = 0
                } catch {
                    failures += 1
                    // Once for each time that it goes away; a fork each time, since somebody has to look.
                    let error = CommandError(describing: error)
                    let facts: Log.Fields = ["witness": "\(witness.key.name)", "reason": error.message]
                    if error.exit == .badData {
                        lines.error("a witness refuses the ledger", facts)
                    } else if failures == 1 {
                        lines.warning("a witness does not cosign", facts)
                    }
                }
            }
            let pause = failures == 0 ? Self.every : .seconds(min(Self.longestPause, 1 << min(failures, 6)))
            guard (try? await loop.sleep(for: pause)) != nil else { return }
        }
    }

    /// Offers a checkpoint, and where the witness stands elsewhere than was thought, once more from there.
    private func offer(
        _ note: [UInt8],
        from known: UInt64,
        to witness: Witness,
        _ transport: any Transport
    ) async throws -> UInt64 {
        let checkpoint = try Checkpoint(note: note, verifiedBy: log)
        var old = known
        for _ in 0..<3 {
            guard old <= checkpoint.size else {
                throw CommandError(
                    .badData,
                    "it has cosigned \(old) entries, and the ledger has \(checkpoint.size): this is an older copy"
                )
            }
            let proof = try await prove(checkpoint.size, from: old)
            let answer = try await transport.send(
                OutgoingRequest(
                    .post,
                    url: "\(witness.url)/add-checkpoint",
                    body: CheckpointOffer(old: old, proof: proof, note: note).bytes,
                    limits: OutgoingRequest.Limits(responseBytes: SignedNote.largest)
                )
            )
            if answer.status == 409, let stands = Self.number(answer.body), stands != old {
                try await compare(checkpoint, with: witness, transport)
                old = stands
                continue
            }
            guard answer.status == 200 else {
                let said = String(decoding: answer.body.prefix(300), as: UTF8.self)
                throw CommandError(.badData, "\(witness.url) answered \(answer.status): \(said)")
            }
            let text = try SignedNote(note).text
            let good = try SignedNote.signatures(in: answer.body).filter { witness.key.time(of: $0, on: text) != nil }
            guard let signature = good.first else {
                throw CommandError(.badData, "\(witness.url) answered no cosignature of \(witness.key.name)")
            }
            await executor.run { [broker] in broker.keep(signature, on: note) }
            return checkpoint.size
        }
        throw CommandError(.badData, "\(witness.url) never stood where it said")
    }

    private func prove(_ size: UInt64, from old: UInt64) async throws(LedgerError) -> [SHA256Digest] {
        try await executor.run { [store] () throws(LedgerError) in
            try MerkleProver(size: size) { address throws(LedgerError) in try store.tile(address) }.consistency(
                from: old
            )
        }
    }

    /// Looks at the checkpoint that a witness keeps, where it shows it: one that we signed must be the beginning of ours.
    private func compare(_ ours: Checkpoint, with witness: Witness, _ transport: any Transport) async throws {
        let kept = try await transport.send(
            OutgoingRequest(
                .get,
                url: "\(witness.url)/\(SHA256.hash("\(ours.origin)").hex)/checkpoint",
                limits: OutgoingRequest.Limits(responseBytes: SignedNote.largest)
            )
        )
        // It need not be shown below the same address (C2SP tlog-witness); then the proof that comes next decides.
        guard kept.status == 200, let theirs = try? Checkpoint(note: kept.body, verifiedBy: log) else { return }
        guard theirs.size <= ours.size else { throw Self.fork(witness, theirs, "has only \(ours.size) entries") }
        let root = try await executor.run { [store] () throws(LedgerError) in
            try MerkleProver(size: theirs.size) { address throws(LedgerError) in try store.tile(address) }.root()
        }
        guard root == theirs.root else { throw Self.fork(witness, theirs, "has another root there, \(root)") }
    }

    private static func fork(_ witness: Witness, _ theirs: Checkpoint, _ but: String) -> CommandError {
        CommandError(
            .badData,
            "FORK: \(witness.key.name) keeps a checkpoint of \(theirs.size) entries that this ledger's key has signed, and the "
                + "store \(but): an older or another copy was put in its place; keep both as evidence"
        )
    }

    private static func number(_ body: [UInt8]) -> UInt64? {
        UInt64(String(decoding: body.prefix(32), as: UTF8.self).split(separator: "\n").first ?? "")
    }
}
