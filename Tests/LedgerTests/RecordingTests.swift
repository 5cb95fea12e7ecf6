import Crypto
import Ledger
import Locks
import Support
import Testing
import Time

@Suite("Recording")
struct RecordingTests {
    @Test("entries stand in the order in which they were recorded, each covered by the checkpoint before its receipt")
    func order() async throws {
        let harness = try LedgerHarness(storage: MemoryLedgerStorage())
        try harness.create()
        let ledger = try harness.open()
        #expect(try Checkpoint(note: ledger.checkpoint, verifiedBy: ledger.verifier).size == 0)
        for number in 0..<20 {
            harness.clock.advance(by: .milliseconds(7))
            let receipt = try await ledger.record(.token(number))
            #expect(receipt.index == UInt64(number))
            let checkpoint = try Checkpoint(note: ledger.checkpoint, verifiedBy: ledger.verifier)
            #expect(checkpoint.size == UInt64(number) + 1)
            #expect(try harness.check() == UInt64(number) + 1)
            let leaf = try harness.leaf(number)
            #expect(leaf.entry == .token(number))
            #expect(leaf.time == harness.clock.now)
        }
    }

    @Test("entries that come during a commit share the next one, and each gets its own place")
    func batching() async throws {
        let gate = GatedLedgerStorage(MemoryLedgerStorage())
        let harness = try LedgerHarness(storage: gate)
        try harness.create()
        let ledger = try harness.open()
        gate.shut()
        let first = Task { try await ledger.record(.token(0)).index }
        while gate.held == 0 { await Task.yield() }
        let rest = Task {
            try await withThrowingTaskGroup(of: UInt64.self) { group in
                for number in 1..<50 { group.addTask { try await ledger.record(.token(number)).index } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
        }
        while ledger.waiting < 49 { await Task.yield() }
        gate.open()
        #expect(try await first.value == 0)
        #expect(try await rest.value == Set(1..<50))
        #expect(gate.commits == 2, "one for the first, one for all who came meanwhile")
        #expect(try harness.check() == 50)
        let numbers = try (0..<50).map { try harness.leaf($0).entry.jti }
        #expect(Set(numbers).count == 50)
    }

    @Test("many tasks on many threads leave one tree without a gap")
    func contention() async throws {
        let harness = try LedgerHarness(storage: MemoryLedgerStorage())
        try harness.create()
        let ledger = try harness.open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<16 {
                group.addTask {
                    var last: UInt64?
                    for number in 0..<40 {
                        let receipt = try await ledger.record(.token(task * 100 + number))
                        #expect(last.map { $0 < receipt.index } ?? true, "who waits for a receipt is recorded in order")
                        last = receipt.index
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try harness.check() == 640)
    }

    @Test("a ledger opened again goes on behind its last entry", arguments: [0, 1, 255, 256, 257, 600])
    func reopening(_ count: Int) async throws {
        let harness = try LedgerHarness(storage: MemoryLedgerStorage())
        try harness.create()
        let first = try harness.open()
        try await first.record(tokens: count)
        let second = try harness.open()
        #expect(second.checkpoint == first.checkpoint)
        #expect(try await second.record(.token(count)).index == UInt64(count))
        #expect(try harness.check() == UInt64(count) + 1)
    }

    @Test("two ledgers on one store append to one tree")
    func twoWriters() async throws {
        let harness = try LedgerHarness(storage: MemoryLedgerStorage())
        try harness.create()
        let one = try harness.open()
        let other = try harness.open()
        for number in 0..<300 {
            let ledger = number % 3 == 0 ? one : other
            #expect(try await ledger.record(.token(number)).index == UInt64(number))
        }
        #expect(try harness.check() == 300)
        _ = try await one.record(.token(300))
        #expect(one.checkpoint != other.checkpoint)
        try await other.refresh()
        #expect(one.checkpoint == other.checkpoint)
        #expect(try await other.record(.token(301)).index == 301)
    }

    @Test(
        "times never decrease: a clock set back a little is held, one set back further stops recording until it is right"
    )
    func clock() async throws {
        let harness = try LedgerHarness(storage: MemoryLedgerStorage())
        try harness.create()
        let ledger = try harness.open()
        _ = try await ledger.record(.token(0))
        let first = try harness.leaf(0).time
        harness.clock.advance(by: .seconds(-300))
        _ = try await ledger.record(.token(1))
        #expect(try harness.leaf(1).time == first)
        harness.clock.advance(by: .milliseconds(-1))
        let error = await #expect(throws: LedgerError.self) { try await ledger.record(.token(2)) }
        #expect(error?.code == .clockBehind)
        #expect(error?.seen.contains("2026-11-22T09:24:59.999Z") == true)
        #expect(error?.wanted.contains("2026-11-22T09:30:00Z") == true)
        let refused = #expect(throws: LedgerError.self) { try harness.open() }
        #expect(refused?.code == .clockBehind)
        #expect(ledger.fault == nil, "a clock can be set right without a restart")
        harness.clock.advance(by: .seconds(301))
        _ = try await ledger.record(.token(2))
        #expect(try harness.leaf(2).time == harness.clock.now)
        #expect(try harness.check() == 3)
    }

    @Test("a closed ledger records what waits and refuses what comes")
    func closing() async throws {
        let gate = GatedLedgerStorage(MemoryLedgerStorage())
        let harness = try LedgerHarness(storage: gate)
        try harness.create()
        let ledger = try harness.open()
        gate.shut()
        async let waiting = ledger.record(.token(0))
        while gate.held == 0 { await Task.yield() }
        ledger.close()
        let error = await #expect(throws: LedgerError.self) { try await ledger.record(.token(1)) }
        #expect(error?.code == .closed)
        gate.open()
        #expect(try await waiting.index == 0)
        #expect(try harness.check() == 1)
    }

    @Test("every entry has a salt of its own")
    func salts() async throws {
        let harness = try LedgerHarness(storage: MemoryLedgerStorage())
        let surroundings = Ledger.Surroundings(
            storage: harness.storage,
            signer: harness.signer,
            clock: harness.clock.wall,
            entropy: { Entropy.bytes($0) }
        )
        try Ledger.create(in: surroundings)
        try await Ledger.open(in: surroundings).record(tokens: 100)
        let salts = try (0..<100).map { try harness.leaf($0).salt }
        #expect(Set(salts).count == 100)
        #expect(salts.allSatisfy { $0.count == Leaf.saltLength })
    }
}

@Suite("What is sealed")
struct SealedTests {
    @Test("is released once its entry is durable, with the receipt")
    func released() async throws {
        let harness = try LedgerHarness(storage: MemoryLedgerStorage())
        try harness.create()
        let ledger = try harness.open()
        let fate = Fate()
        let released = try await ledger.record(Sealed(Probe(fate), recordedAs: .token(7)))
        #expect(released.receipt.index == 0)
        #expect(try harness.leaf(0).entry == .token(7))
        let probe = released.take()
        #expect(!fate.isGone)
        let isHere = probe.isHere
        #expect(isHere)
    }

    @Test(
        "is gone, and nobody has had it, when its entry cannot be recorded",
        arguments: FaultyLedgerStorage.Fault.allCases
    )
    func lost(_ fault: FaultyLedgerStorage.Fault) async throws {
        let faulty = FaultyLedgerStorage(MemoryLedgerStorage())
        let harness = try LedgerHarness(storage: faulty)
        try harness.create()
        let ledger = try harness.open()
        faulty.plan([fault])
        let fate = Fate()
        do {
            _ = try await ledger.record(Sealed(Probe(fate), recordedAs: .token(0)))
            Issue.record("it was released")
        } catch {
            #expect(error == FaultyLedgerStorage.failure)
        }
        #expect(fate.isGone)
    }

    /// Whether a probe has been destroyed.
    private final class Fate: Sendable {
        private let gone = Lock(false)
        var isGone: Bool {
            get { gone.withLock { $0 } }
            set { gone.withLock { $0 = newValue } }
        }
    }

    /// Contents that cannot be copied, as a token's text cannot.
    private struct Probe: ~Copyable, Sendable {
        private let fate: Fate
        init(_ fate: Fate) { self.fate = fate }
        var isHere: Bool { !fate.isGone }
        deinit { fate.isGone = true }
    }
}
