import Auditing
import Ledger
import Stores
import Support
import Testing
import Time

@Suite("A store of the index")
struct IndexStorageTests {
    /// Every store that keeps an index on a disk.
    static let kinds: [StoreKind] = [.sqlite, .postgres]

    @Test("keeps what is indexed and counted, and takes away what others have taken the place of", arguments: kinds)
    func changes(_ kind: StoreKind) throws {
        let scratch = try ScratchDirectory()
        let index = try Self.index(kind, scratch)
        #expect(try index.state() == .empty)
        let first = IndexState(size: 2, last: [1])
        var tallies = Tallies()
        let tally = Tally(day: 3, kind: "k", outcome: "o", project: "é'", job: "", purpose: "tx")
        tallies.add(tally, 5)
        tallies.add(HourTally(hour: 73, kind: "k"), 6)
        #expect(
            try index.apply(
                IndexChange(
                    before: .empty,
                    after: first,
                    rows: [
                        IndexRow(key: .min, bytes: [1]), IndexRow(key: 7, bytes: [2]), IndexRow(key: 7, bytes: [3]),
                        IndexRow(key: .max - 1, bytes: []),
                    ],
                    outdated: [],
                    tallies: tallies
                )
            )
        )
        #expect(try index.state() == first)
        #expect(try index.rows(in: .min ..< .max).map(\.key) == [.min, 7, .max - 1])
        #expect(try index.row(7)?.bytes == [3], "the later of two rows counts")
        #expect(try index.row(8) == nil)
        let second = IndexState(size: 4, last: [])
        let change = IndexChange(
            before: first,
            after: second,
            rows: [IndexRow(key: 9, bytes: [9])],
            outdated: [0..<8],
            tallies: tallies
        )
        #expect(try index.apply(change))
        #expect(try !index.apply(change), "another has done it before")
        #expect(try index.rows(in: .min ..< .max).map(\.key) == [.min, 9, .max - 1])
        let counted = try index.tallies(days: 3..<4)
        #expect(counted.days == [tally: 10])
        #expect(counted.hours == [HourTally(hour: 73, kind: "k"): 12])
        #expect(try index.tallies(days: 4..<9).days.isEmpty)
        index.readAhead()
        #expect(try index.state() == second, "reading ahead changes nothing")
        try index.clear()
        #expect(try index.state() == .empty)
        #expect(try index.rows(in: .min ..< .max).isEmpty)
        #expect(try index.tallies(days: 0..<9) == Tallies())
    }

    @Test("is brought forward by several brokers at once as by one", arguments: kinds)
    func together(_ kind: StoreKind) async throws {
        let scratch = try ScratchDirectory()
        let ledger = MemoryLedgerStorage()
        let harness = try LedgerHarness(storage: ledger)
        try harness.create()
        let log = try harness.open()
        for first in stride(from: 0, to: 10_240, by: 1_024) {
            _ = try await log.record(batch: (first..<first + 1_024).map { .token($0) })
        }
        let storage = try Self.index(kind, scratch)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask { while try AuditIndex(storage: storage, of: ledger).advance() {} }
            }
            try await group.waitForAll()
        }
        #expect(try storage.state().size == 10_240)
        #expect(try AuditIndex(storage: storage, of: ledger).verify() == 10_240)
    }

    private static func index(_ kind: StoreKind, _ scratch: ScratchDirectory) throws -> any IndexStorage {
        switch kind {
        case .postgres: try StoreUnderTest.postgres().auditIndex()
        default: try SQLiteAuditIndex(besideStore: scratch.file("store.db"))
        }
    }
}
