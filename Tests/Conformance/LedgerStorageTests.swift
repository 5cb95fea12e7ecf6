import Ledger
import Locks
import Support
import Testing
import Time

@Suite("A store of the ledger")
struct LedgerStorageTests {
    @Test("has nothing before the first commit", arguments: StoreKind.allCases)
    func empty(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind)
        let storage = store.ledger
        #expect(try storage.head() == nil)
        #expect(try storage.tile(TileAddress(level: 0, number: 0)) == nil)
        #expect(try storage.entries(in: 0..<10).isEmpty)
    }

    @Test("gives back what was committed", arguments: StoreKind.allCases)
    func commits(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind)
        let storage = store.ledger
        let first = Self.batch(0..<3, size: 3)
        try storage.append { head, _ in
            #expect(head == nil)
            return first
        }
        let wide = Tile(TileAddress(level: 0, number: 0), hashes: .init(repeating: 2, count: 160))
        let second = LedgerBatch(
            leaves: [[3], []],
            tiles: [wide, Tile(TileAddress(level: 7, number: .max >> 8), hashes: .init(repeating: 3, count: 32))],
            head: LedgerHead(size: 5, time: UnixTime(milliseconds: .max), checkpoint: [])
        )
        try storage.append { head, tiles throws(LedgerError) in
            #expect(head == first.head)
            let here = try tiles(TileAddress(level: 0, number: 0))
            let above = try tiles(TileAddress(level: 1, number: 0))
            #expect(here == first.tiles[0].hashes)
            #expect(above == nil)
            return second
        }
        #expect(try storage.head() == second.head)
        #expect(
            try storage.tile(TileAddress(level: 0, number: 0)) == wide.hashes,
            "a wider tile takes the place of a narrow one"
        )
        #expect(try storage.tile(TileAddress(level: 7, number: .max >> 8)) == .init(repeating: 3, count: 32))
        let entries = try storage.entries(in: 0..<100)
        #expect(entries.map(\.index) == [0, 1, 2, 3, 4])
        #expect(entries.map(\.bytes) == [[0], [1], [2], [3], []])
        #expect(try storage.entries(in: 1..<3).map(\.index) == [1, 2])
        #expect(try storage.entries(in: 4..<4).isEmpty)
        #expect(try storage.entries(in: 5..<UInt64.max).isEmpty)
    }

    @Test("keeps nothing of a commit that is not built", arguments: StoreKind.allCases)
    func refusedBuild(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind)
        let storage = store.ledger
        try storage.append { _, _ in Self.batch(0..<3, size: 3) }
        let failure = LedgerError(.clockBehind, seen: "a", wanted: "b", remedy: "c")
        #expect(throws: failure) {
            try storage.append { _, _ throws(LedgerError) in throw failure }
        }
        #expect(try storage.head()?.size == 3)
        try storage.append { head, _ in
            #expect(head?.size == 3)
            return Self.batch(3..<4, size: 4)
        }
        #expect(try storage.entries(in: 0..<10).count == 4)
    }

    @Test("lets only one commit be built at a time", arguments: StoreKind.allCases)
    func exclusion(_ kind: StoreKind) async throws {
        let store = try StoreUnderTest(kind)
        let storage = store.ledger
        try storage.append { _, _ in Self.batch(0..<0, size: 0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<25 {
                        try storage.append { head, _ in
                            let size = head?.size ?? 0
                            return Self.batch(Int(size)..<Int(size) + 1, size: size + 1)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try storage.head()?.size == 100)
        #expect(try storage.entries(in: 0..<200).map(\.bytes) == (0..<100).map { [UInt8($0)] })
    }

    @Test("holds a whole ledger, which verifies after every step", arguments: StoreKind.allCases)
    func wholeLedger(_ kind: StoreKind) async throws {
        let store = try StoreUnderTest(kind)
        let harness = try LedgerHarness(storage: store.ledger)
        try harness.create()
        let ledger = try harness.open()
        var size: UInt64 = 0
        for count in [1, 254, 1, 1, 300, 7] {
            try await ledger.record(tokens: count)
            size += UInt64(count)
            #expect(try harness.check() == size)
        }
        #expect(try harness.open().checkpoint == ledger.checkpoint)
        #expect(try LedgerVerifier(storage: store.ledger, key: ledger.verifier).verify().size == size)
    }

    @Test("an entry of the largest size fits", arguments: StoreKind.allCases)
    func largest(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind)
        let storage = store.ledger
        let leaf = [UInt8](repeating: 0xA5, count: Leaf.largest)
        try storage.append { _, _ in
            LedgerBatch(
                leaves: [leaf],
                tiles: [],
                head: LedgerHead(size: 1, time: UnixTime(seconds: 0), checkpoint: [1])
            )
        }
        #expect(try storage.entries(in: 0..<1).first?.bytes == leaf)
    }

    /// Entries of one byte, a tile and a head.
    private static func batch(_ numbers: Range<Int>, size: UInt64) -> LedgerBatch {
        LedgerBatch(
            leaves: numbers.map { [UInt8(truncatingIfNeeded: $0)] },
            tiles: [Tile(TileAddress(level: 0, number: 0), hashes: .init(repeating: 1, count: 96))],
            head: LedgerHead(
                size: size,
                time: UnixTime(milliseconds: Int64(size)),
                checkpoint: [UInt8(truncatingIfNeeded: size)]
            )
        )
    }
}
