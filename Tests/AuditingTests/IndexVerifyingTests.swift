import Auditing
import Encoding
import Ledger
import Locks
import Support
import Testing
import Time

@Suite("The verification of an index")
struct IndexVerifyingTests {
    private let storage = MemoryLedgerStorage()
    private let rows = MemoryIndexStorage()
    private let harness: LedgerHarness
    private let ledger: Ledger
    private var index: AuditIndex { AuditIndex(storage: rows, of: storage) }

    init() throws {
        harness = try LedgerHarness(storage: storage)
        try harness.create()
        ledger = try harness.open()
    }

    /// Records entries, one in 500 of which is denied, and indexes what is full.
    private func fill(_ count: Int) async throws {
        for start in stride(from: 0, to: count, by: 4_096) {
            let numbers = start..<min(start + 4_096, count)
            let entries = numbers.map { Entry.token($0, outcome: $0 % 500 == 499 ? .denied : .succeeded) }
            _ = try await ledger.record(batch: entries)
        }
        while try index.advance() {}
    }

    @Test("agrees with what was indexed, at every depth", arguments: [100, 2_048, 5_000])
    func sound(_ count: Int) async throws {
        try await fill(count)
        #expect(try index.verify() == UInt64(count / 2_048 * 2_048))
    }

    @Test(
        "names the first entry that a missing row hides, in a short stretch and in a long one",
        arguments: [5_000, 66_000]
    )
    func hidden(_ count: Int) async throws {
        try await fill(count)
        #expect(try index.verify() == UInt64(count / 2_048 * 2_048))
        // The row of the denied entries' outcome: the first of them is entry 499.
        let key = try #require(rows.key(of: "outcome=denied", in: storage))
        rows.tamper { $0[key] = nil }
        let error = #expect(throws: LedgerError.self) { try index.verify() }
        #expect(error?.code == .altered)
        #expect(error?.index == 499)
    }

    @Test("finds a row whose bytes were changed, one too many, one that cannot be read, and a count that is wrong")
    func changed() async throws {
        try await fill(5_000)
        let sound = rows.rows(in: Int64.min..<Int64.max)
        let faults: [@Sendable (inout [Int64: [UInt8]]) -> Void] = [
            { rows in for key in rows.keys.sorted().prefix(1) { rows[key]?[4] ^= 1 } },
            { rows in for key in rows.keys.sorted().prefix(1) { rows[key]?.removeLast() } },
            { rows in for key in rows.keys.sorted().prefix(1) { rows[key + 7] = rows[key] } },
        ]
        for (number, fault) in faults.enumerated() {
            rows.tamper(fault)
            let error = #expect(throws: LedgerError.self, "fault \(number)") { try index.verify() }
            #expect(error?.code == .altered, "fault \(number)")
            rows.tamper { rows in
                rows = [:]
                for row in sound { rows[row.key] = row.bytes }
            }
            #expect(try index.verify() == 4_096)
        }
        rows.miscount()
        let error = #expect(throws: LedgerError.self) { try index.verify() }
        #expect(error?.seen.contains("counts") == true)
    }

    @Test("finds an entry that was changed or removed after it was indexed, and an index of another ledger")
    func elsewhere() async throws {
        try await fill(3_000)
        let clean = storage.snapshot
        storage.tamper { $0.entries[1_234] = nil }
        #expect(throws: LedgerError.self) { try index.verify() }
        storage.tamper { contents in
            contents = clean
            contents.tiles[TileAddress(level: 0, number: 7)]?[8_191] ^= 1
        }
        let error = #expect(throws: LedgerError.self) { try index.verify() }
        #expect(error?.index == 2_047)
        storage.tamper { $0.head = LedgerHead(size: 100, time: harness.clock.wall(), checkpoint: []) }
        #expect(throws: LedgerError.self) { try index.verify() }
    }

    @Test("holds while a broker goes on indexing, over the merging of short stretches")
    func concurrent() async throws {
        try await fill(63_488)
        let racing = RacingIndexStorage(rows)
        let more = (0..<2_048).map { Entry.token(63_488 + $0) }
        _ = try await ledger.record(batch: more)
        let index = index
        racing.onRows(3) { while (try? index.advance()) == true {} }
        #expect(try AuditIndex(storage: racing, of: storage).verify() == 65_536)
        #expect(rows.state().size == 65_536)
    }
}

extension MemoryIndexStorage {
    /// The key of the row in which a query's only key is found: what a search reads of it first.
    fileprivate func key(of query: String, in storage: MemoryLedgerStorage) -> Int64? {
        let watched = RacingIndexStorage(self)
        let log = AuditLog(storage: storage, index: AuditIndex(storage: watched, of: storage))
        guard let query = try? AuditQuery(Form(parsing: query)) else { return nil }
        _ = try? log.entries(matching: query)
        return watched.lastSound
    }
}

/// An index that somebody else changes between two reads.
private final class RacingIndexStorage: IndexStorage {
    private struct Race {
        var calls = 0
        var turn = Int.max
        var change: @Sendable () -> Void = {}
        var lastSound: Int64?
    }

    private let inner: MemoryIndexStorage
    private let race = Lock(Race())

    init(_ inner: MemoryIndexStorage) { self.inner = inner }

    /// The key of the row that was found last.
    var lastSound: Int64? { race.withLock { $0.lastSound } }

    /// Makes a change before rows are read for the nth time.
    func onRows(_ turn: Int, _ change: @escaping @Sendable () -> Void) {
        race.withLock { race in
            race.turn = turn
            race.change = change
        }
    }

    func state() -> IndexState { inner.state() }

    func readAhead() { inner.readAhead() }

    func row(_ key: Int64) -> IndexRow? {
        let row = inner.row(key)
        if row != nil { race.withLock { $0.lastSound = key } }
        return row
    }

    func rows(in keys: Range<Int64>) -> [IndexRow] {
        let change = race.withLock { race in
            race.calls += 1
            return race.calls == race.turn ? race.change : {}
        }
        change()
        return inner.rows(in: keys)
    }

    func tallies(days: Range<Int64>) -> Tallies { inner.tallies(days: days) }

    func apply(_ change: IndexChange) -> Bool { inner.apply(change) }

    func clear() { inner.clear() }
}
