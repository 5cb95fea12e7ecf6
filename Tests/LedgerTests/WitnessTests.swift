import Crypto
import Encoding
import Ledger
import Support
import Testing
import Time

@Suite("A witness")
struct WitnessTests {
    private let storage = MemoryLedgerStorage()
    private let harness: LedgerHarness
    private let ledger: Ledger

    init() throws {
        harness = try LedgerHarness(storage: storage)
        try harness.create()
        ledger = try harness.open()
    }

    private func offer(from old: UInt64) throws -> CheckpointOffer {
        let size = try #require(storage.head()).size
        let prover = MerkleProver(size: size) { address throws(LedgerError) in storage.tile(address) }
        return CheckpointOffer(old: old, proof: try prover.consistency(from: old), note: ledger.checkpoint)
    }

    @Test("cosigns what has grown, and says where it stands to who does not know")
    func growth() async throws {
        var state = WitnessState(log: ledger.verifier, latest: nil)
        try await ledger.record(tokens: 5)
        guard case .cosign(let text) = state.consider(try offer(from: 0)) else { throw Unexpected() }
        #expect(text == (try SignedNote(ledger.checkpoint).text))
        try await ledger.record(tokens: 700)
        #expect(state.consider(try offer(from: 0)) == .stale(size: 5))
        #expect(state.latest?.size == 5)
        guard case .cosign = state.consider(try offer(from: 5)) else { throw Unexpected() }
        guard case .cosign = state.consider(try offer(from: 705)) else { throw Unexpected() }
    }

    @Test("refuses a fork, of the same size and of a greater one, and does not move")
    func fork() async throws {
        try await ledger.record(tokens: 300)
        var state = WitnessState(log: ledger.verifier, latest: nil)
        guard case .cosign = state.consider(try offer(from: 0)) else { throw Unexpected() }
        let other = MemoryLedgerStorage()
        let forked = try LedgerHarness(storage: other)
        try forked.create()
        let second = try forked.open()
        _ = try await second.record(batch: (1...300).map { Entry.token($0) })
        let same = CheckpointOffer(old: 300, proof: [], note: second.checkpoint)
        guard case .fork = state.consider(same) else { throw Unexpected() }
        _ = try await second.record(.token(301))
        let prover = MerkleProver(size: 301) { address throws(LedgerError) in other.tile(address) }
        let longer = CheckpointOffer(old: 300, proof: try prover.consistency(from: 300), note: second.checkpoint)
        guard case .fork = state.consider(longer) else { throw Unexpected() }
        // However it is offered: a second tree of the size that was cosigned is evidence.
        for old in [0, 299, 7_000] as [UInt64] {
            guard case .fork = state.consider(CheckpointOffer(old: old, proof: [], note: same.note)) else {
                throw Unexpected()
            }
        }
        #expect(state.latest?.root == (try Checkpoint(note: ledger.checkpoint, verifiedBy: ledger.verifier).root))
    }

    @Test("refuses another log, another key, an old size above the checkpoint's, and what is no offer")
    func refusals() async throws {
        try await ledger.record(tokens: 3)
        let good = try offer(from: 0)
        let stranger = try LedgerHarness(storage: MemoryLedgerStorage(), seed: 9)
        var state = WitnessState(log: stranger.signer.verifier, latest: nil)
        guard case .refuse(403, _) = state.consider(good) else { throw Unexpected() }
        let named = try LedgerHarness(storage: MemoryLedgerStorage(), name: "other.example/log")
        state = WitnessState(log: named.signer.verifier, latest: nil)
        guard case .refuse(404, _) = state.consider(good) else { throw Unexpected() }
        state = WitnessState(log: ledger.verifier, latest: nil)
        guard case .refuse(400, _) = state.consider(CheckpointOffer(old: 4, proof: [], note: good.note)) else {
            throw Unexpected()
        }
        #expect(try CheckpointOffer(good.bytes) == good)
        for text in ["", "old 1", "old 01\n\nx", "old 1\nAA==\n\nx", "new 1\n\nx", "old -1\n\nx"] {
            #expect(throws: LedgerError.self, "\(text)") { try CheckpointOffer(Array(text.utf8)) }
        }
    }

    @Test("has the key and makes the cosignature of the vector in protocols.md, section 9.8")
    func vector() throws {
        let cosigner = try Cosigner(name: KeyName("witness.example.test/w1"), key: .ed25519(seed: Array(32..<64)))
        let vkey = "witness.example.test/w1+e07bb2cd+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
        #expect("\(cosigner.verifier)" == vkey)
        #expect(try CosignatureKey(vkey) == cosigner.verifier)
        let text = "broker.example.test/log\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
        let signature = try cosigner.sign(text, at: UnixTime(seconds: 1_700_000_000))
        #expect(
            Base64.encode(Array(signature.signature))
                == Base64.encode(
                    Array(
                        try Base64.decode(
                            "4HuyzQAAAABlU/EADCWbVQK2KsNnJW2F/kokWVyWibaoMFRJzpzSIzZSs08SZFS/P+ngm3Cqah6yoK1Go7PCIugeToqRPosHsUX9AA=="
                        ).dropFirst(4)
                    )
                )
        )
        #expect(cosigner.verifier.time(of: signature, on: text) == UnixTime(seconds: 1_700_000_000))
        #expect(cosigner.verifier.time(of: signature, on: text + "x\n") == nil)
        #expect(throws: LedgerError.self) { try CosignatureKey(vkey.replacing("+BC", with: "+AC")) }
    }

    private struct Unexpected: Error {}
}

@Suite("The path of a tile")
struct TilePathTests {
    @Test(
        "is read and written in its one spelling",
        arguments: [
            ("0/000", TilePath(.hashes(level: 0), number: 0)),
            ("0/x001/x234/067", TilePath(.hashes(level: 0), number: 1_234_067)),
            ("1/000.p/1", TilePath(.hashes(level: 1), number: 0, width: 1)),
            ("entries/001.p/44", TilePath(.entries, number: 1, width: 44)),
            ("7/x999/999", TilePath(.hashes(level: 7), number: 999_999)),
        ]
    )
    func spelling(_ text: String, _ path: TilePath) {
        let segments = text.split(separator: "/").map(String.init)
        #expect(TilePath(segments: segments) == path)
        #expect(path.segments == segments)
    }

    @Test(
        "is refused in any other",
        arguments: [
            "0", "00/000", "8/000", "0/0", "0/x000/000", "0/000.p/0", "0/000.p/256", "0/000.p/01", "0/000/001",
            "0/x001", "entries", "-1/000", "0/٠٠٠",
        ]
    )
    func refusals(_ text: String) { #expect(TilePath(segments: text.split(separator: "/").map(String.init)) == nil) }
}

@Suite("Pruning")
struct PruningTests {
    private let storage = PrunableStorage()

    @Test("keeps every proof, is recorded first, and reaches whole bundles of old entries alone")
    func pruning() async throws {
        let harness = try LedgerHarness(storage: storage)
        try harness.create()
        let ledger = try harness.open()
        var key = Entry(.keyChanged, .succeeded, trace: "key")
        key.kid = "kid-1"
        key.claims = Array(#"{"jwk":{}}"#.utf8)
        _ = try await ledger.record(key)
        _ = try await ledger.record(batch: (0..<700).map { Entry.token($0) })
        harness.clock.advance(by: .seconds(100))
        _ = try await ledger.record(.token(900))
        let pruner = LedgerPruner(storage: storage)
        let end = try pruner.reach(before: harness.clock.wall())
        #expect(end == 512)
        #expect(try pruner.reach(before: UnixTime(milliseconds: 0)) == 0)
        #expect(try pruner.keyEntries(below: end).map(\.kid) == ["kid-1"])
        var entry = Entry(.ledgerPruned, .succeeded, trace: "prune")
        entry.covered = end
        let receipt = try await ledger.record(entry)
        #expect(try pruner.prune(below: end, recordedAs: receipt) == 512)
        #expect(try pruner.prune(below: end, recordedAs: receipt) == 0)
        #expect(try LedgerVerifier(storage: storage, key: ledger.verifier).verify().size == 703)
        #expect(try PrunedLeaf(#require(storage.entries(in: 3..<4).first).bytes)?.kind == .tokenIssued)
        // One more than was recorded is evidence.
        let victim = try #require(storage.entries(in: 600..<601).first)
        try storage.replace([StoredEntry(index: 600, bytes: #require(PrunedLeaf(removing: victim.bytes)).bytes)])
        let error = #expect(throws: LedgerError.self) {
            try LedgerVerifier(storage: storage, key: ledger.verifier).verify()
        }
        #expect(error?.code == .altered)
        #expect(error?.index == 512)
    }

    /// Storage in memory whose entries can be replaced.
    private final class PrunableStorage: LedgerStorage, LedgerPruning {
        private let memory = MemoryLedgerStorage()

        func head() -> LedgerHead? { memory.head() }
        func tile(_ address: TileAddress) -> [UInt8]? { memory.tile(address) }
        func entries(in range: Range<UInt64>) -> [StoredEntry] { memory.entries(in: range) }
        func lastIndex() -> UInt64? { memory.lastIndex() }
        func finishReplacing() {}
        func append(_ build: (LedgerHead?, TileSource) throws(LedgerError) -> LedgerBatch) throws(LedgerError) {
            try memory.append(build)
        }
        func replace(_ entries: [StoredEntry]) {
            memory.tamper { contents in for entry in entries { contents.entries[entry.index] = entry.bytes } }
        }
    }
}
