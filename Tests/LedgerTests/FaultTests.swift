import Ledger
import Support
import Testing

@Suite("When the storage fails")
struct FaultTests {
    /// What happens to the commits of ten entries, one after another.
    static let plans: [[FaultyLedgerStorage.Fault?]] = [
        [.before], [.after], [nil, .before], [nil, .after], [.before, .before, .before], [.after, .after, .after],
        [.before, .after, .before, .after], [.after, .before, nil, .after], [nil, nil, .after, .before, nil, .before],
        Array(repeating: .before, count: 10), Array(repeating: .after, count: 10),
    ]

    @Test("who waits is told, nothing is lost or doubled, and the ledger goes on", arguments: plans)
    func oneByOne(_ plan: [FaultyLedgerStorage.Fault?]) async throws {
        let faulty = FaultyLedgerStorage(MemoryLedgerStorage())
        let harness = try LedgerHarness(storage: faulty)
        try harness.create()
        let ledger = try harness.open()
        faulty.plan(plan)
        var recorded: [Int] = []
        for number in 0..<10 {
            let fault = number < plan.count ? plan[number] : nil
            if fault == nil {
                #expect(try await ledger.record(.token(number)).index == UInt64(recorded.count))
            } else {
                let error = await #expect(throws: LedgerError.self) { try await ledger.record(.token(number)) }
                #expect(error == FaultyLedgerStorage.failure)
            }
            // A commit whose answer was lost is there all the same, and later entries stand behind it.
            if fault != .before { recorded.append(number) }
            #expect(try harness.check() == UInt64(recorded.count))
            #expect(ledger.fault == nil)
        }
        #expect(try (0..<recorded.count).map { try harness.leaf($0).entry } == recorded.map { .token($0) })
        #expect(try harness.open().checkpoint == harness.storage.head()?.checkpoint)
    }

    @Test("everybody in a failed batch is told", arguments: FaultyLedgerStorage.Fault.allCases)
    func batch(_ fault: FaultyLedgerStorage.Fault) async throws {
        let faulty = FaultyLedgerStorage(MemoryLedgerStorage())
        let gate = GatedLedgerStorage(faulty)
        let harness = try LedgerHarness(storage: gate)
        try harness.create()
        let ledger = try harness.open()
        faulty.plan([nil, fault])
        gate.shut()
        let first = Task { try await ledger.record(.token(0)).index }
        while gate.held == 0 { await Task.yield() }
        let failures = Task {
            await withTaskGroup(of: Bool.self) { group in
                for number in 1..<30 { group.addTask { await ledger.fails(.token(number)) } }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
        }
        while ledger.waiting < 29 { await Task.yield() }
        gate.open()
        #expect(try await first.value == 0)
        #expect(await failures.value == 29)
        let size: UInt64 = fault == .after ? 30 : 1
        #expect(try harness.check() == size)
        #expect(try await ledger.record(.token(30)).index == size)
        #expect(try harness.check() == size + 1)
    }

    @Test("setting up fails as a whole or not at all", arguments: FaultyLedgerStorage.Fault.allCases)
    func setUp(_ fault: FaultyLedgerStorage.Fault) throws {
        let faulty = FaultyLedgerStorage(MemoryLedgerStorage())
        let harness = try LedgerHarness(storage: faulty)
        faulty.plan([fault])
        #expect(throws: FaultyLedgerStorage.failure) { try harness.create() }
        if fault == .before {
            try harness.create()
        } else {
            let error = #expect(throws: LedgerError.self) { try harness.create() }
            #expect(error?.code == .initialised)
        }
        #expect(try harness.check() == 0)
    }

    /// What somebody does to the store while the ledger runs, and what the next entry is answered.
    struct Meddling: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: LedgerError.Code
        let change: @Sendable (inout MemoryLedgerStorage.Contents, MemoryLedgerStorage.Contents) -> Void

        static let all = [
            Meddling(testDescription: "an older copy put in its place", code: .shorter) { $0 = $1 },
            Meddling(testDescription: "the head taken away", code: .uninitialised) { now, _ in now.head = nil },
            Meddling(testDescription: "the head alone set back", code: .shorter) { $0.head = $1.head },
            Meddling(testDescription: "a checkpoint that does not verify", code: .badSignature) { now, _ in
                now.head = now.head.map { head in
                    let text = String(decoding: head.checkpoint, as: UTF8.self).replacing("\n20\n", with: "\n19\n")
                    return LedgerHead(size: 19, time: head.time, checkpoint: Array(text.utf8))
                }
            },
        ]
    }

    @Test("a store that was meddled with stops the ledger for good", arguments: Meddling.all)
    func meddling(_ meddling: Meddling) async throws {
        let storage = MemoryLedgerStorage()
        let harness = try LedgerHarness(storage: storage)
        try harness.create()
        let ledger = try harness.open()
        try await ledger.record(tokens: 10)
        let older = storage.snapshot
        try await ledger.record(tokens: 10)
        let published = ledger.checkpoint
        storage.tamper { meddling.change(&$0, older) }
        let meddled = storage.snapshot
        let error = await #expect(throws: LedgerError.self) { try await ledger.record(.token(20)) }
        #expect(error?.code == meddling.code)
        #expect(ledger.fault == error)
        let again = await #expect(throws: LedgerError.self) { try await ledger.record(.token(21)) }
        #expect(again == error)
        ledger.close()
        #expect(ledger.fault == error, "what is evidence stays the reason")
        #expect(ledger.checkpoint == published, "nothing is published on top")
        #expect(storage.snapshot.entries == meddled.entries, "nothing is written on top")
    }

    @Test("a fork by somebody who has the key stops the ledger")
    func fork() async throws {
        let storage = MemoryLedgerStorage()
        let harness = try LedgerHarness(storage: storage)
        try harness.create()
        let empty = storage.snapshot
        let ledger = try harness.open()
        try await ledger.record(tokens: 10)
        storage.tamper { $0 = empty }
        let forger = try harness.open()
        for number in 0..<12 { _ = try await forger.record(.token(number + 100)) }
        let error = await #expect(throws: LedgerError.self) { try await ledger.record(.token(10)) }
        #expect(error?.code == .altered)
        #expect(error?.remedy.contains("forked") == true)
        let refreshed = await #expect(throws: LedgerError.self) { try await ledger.refresh() }
        #expect(refreshed?.code == .altered)
        #expect(ledger.fault?.code == .altered)
    }
}

extension Ledger {
    /// Whether an entry cannot be recorded.
    fileprivate func fails(_ entry: Entry) async -> Bool {
        do {
            _ = try await record(entry)
            return false
        } catch {
            return true
        }
    }
}
