import Crypto
import Ledger
import Support
import Testing
import Time

@Suite("Opening and verifying")
struct OpeningTests {
    /// What was changed in a stored ledger of 600 entries, and how it is found.
    struct Change: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: LedgerError.Code
        let index: UInt64?
        let change: @Sendable (inout MemoryLedgerStorage.Contents) -> Void

        init(
            _ what: String,
            _ code: LedgerError.Code,
            at index: UInt64?,
            _ change: @escaping @Sendable (inout MemoryLedgerStorage.Contents) -> Void
        ) {
            testDescription = what
            self.code = code
            self.index = index
            self.change = change
        }

        static let all = [
            Change("an entry's byte", .altered, at: 300) { $0.entries[300]?[40] ^= 1 },
            Change("the first entry's last byte", .altered, at: 0) { $0.entries[0]?.append(0) },
            Change("the last entry's time", .altered, at: 599) { $0.entries[599]?[24] ^= 1 },
            Change("an entry removed", .shorter, at: 256) { $0.entries[256] = nil },
            Change("the last entry removed", .shorter, at: 599) { $0.entries[599] = nil },
            Change("all entries removed", .shorter, at: 0) { $0.entries = [:] },
            Change("an entry added behind", .longer, at: 600) { $0.entries[600] = $0.entries[599] },
            Change("two entries swapped", .altered, at: 17) { contents in
                (contents.entries[17], contents.entries[400]) = (contents.entries[400], contents.entries[17])
            },
            Change("an entry inserted", .altered, at: 100) { contents in
                for index in (100..<600).reversed() {
                    contents.entries[UInt64(index) + 1] = contents.entries[UInt64(index)]
                }
                contents.entries[600] = nil
                contents.entries[100] = contents.entries[5]
            },
            Change("an entry and its hash", .altered, at: 256) { contents in
                contents.entries[300]?[40] ^= 1
                contents.rehash(300)
            },
            Change("an entry and its hash in a tile that is not full", .altered, at: nil) { contents in
                contents.entries[599]?[40] ^= 1
                contents.rehash(599)
            },
            Change("a hash of a full tile", .altered, at: 5) { $0.tiles[.init(level: 0, number: 0)]?[5 * 32] ^= 1 },
            Change("a tile removed", .shorter, at: 256) { $0.tiles[.init(level: 0, number: 1)] = nil },
            Change("the last tile cut short", .shorter, at: 598) { contents in
                contents.tiles[.init(level: 0, number: 2)]?.removeLast(33)
            },
            Change("a hash of the upper tile", .altered, at: nil) { $0.tiles[.init(level: 1, number: 0)]?[32] ^= 1 },
            Change("the head's size", .shorter, at: 599) { contents in
                contents.head = contents.head.map { .init(size: 599, time: $0.time, checkpoint: $0.checkpoint) }
            },
            Change("the head's size, upward", .longer, at: 600) { contents in
                contents.head = contents.head.map { .init(size: 601, time: $0.time, checkpoint: $0.checkpoint) }
            },
            Change("the head's time", .timeOrder, at: 599) { contents in
                contents.head = contents.head.map { head in
                    .init(size: head.size, time: head.time - .milliseconds(1), checkpoint: head.checkpoint)
                }
            },
            Change("the head removed", .uninitialised, at: nil) { $0.head = nil },
            Change("the signature", .badSignature, at: nil) { contents in
                contents.head = contents.head.map { head in
                    let note = String(decoding: head.checkpoint, as: UTF8.self).replacing("\n600\n", with: "\n599\n")
                    return .init(size: 599, time: head.time, checkpoint: Array(note.utf8))
                }
            },
            Change("the checkpoint's form", .malformedNote, at: nil) { contents in
                contents.head = contents.head.map { .init(size: $0.size, time: $0.time, checkpoint: [0x41]) }
            },
        ]
    }

    @Test("whatever was changed in the store is found at the start, with its place", arguments: Change.all)
    func changes(_ change: Change) async throws {
        let storage = try await Self.storage(entries: 600)
        storage.tamper(change.change)
        let harness = try LedgerHarness(storage: storage)
        let error = #expect(throws: LedgerError.self) { try harness.open() }
        #expect(error?.code == change.code, "\(String(describing: error))")
        #expect(error?.index == change.index, "\(String(describing: error))")
        #expect(error?.remedy.isEmpty == false)
        let verifier = LedgerVerifier(storage: storage, key: harness.signer.verifier)
        let verified = #expect(throws: LedgerError.self) { try verifier.verify() }
        #expect(verified == error)
    }

    @Test("a rewritten history that agrees with itself is found by the signed root")
    func rewritten() async throws {
        let storage = try await Self.storage(entries: 600)
        let signed = storage.snapshot.head
        let forger = try LedgerHarness(storage: MemoryLedgerStorage())
        try forger.create()
        let forged = try forger.open()
        for number in 0..<600 { _ = try await forged.record(.token(number + 1_000)) }
        let rewritten = try #require(forger.storage as? MemoryLedgerStorage).snapshot
        storage.tamper { contents in
            contents = rewritten
            contents.head = signed
        }
        let error = #expect(throws: LedgerError.self) { try LedgerHarness(storage: storage).open() }
        #expect(error?.code == .altered)
        #expect(error?.seen.contains("root") == true)
    }

    @Test("an entry that goes back in time is found even where every hash is right")
    func timeOrder() async throws {
        let storage = MemoryLedgerStorage()
        let harness = try LedgerHarness(storage: storage)
        try harness.create()
        let ledger = try harness.open()
        for number in 0..<5 {
            harness.clock.advance(by: .seconds(1))
            _ = try await ledger.record(.token(number))
        }
        // Somebody who has the key swaps two entries and signs what comes of it.
        var contents = storage.snapshot
        (contents.entries[1], contents.entries[3]) = (contents.entries[3], contents.entries[1])
        var edge = TreeEdge()
        for index in 0..<5 { edge.append(Merkle.leafHash(try #require(contents.entries[UInt64(index)]))) }
        for tile in edge.takeChangedTiles() { contents.tiles[tile.address] = tile.hashes }
        let note = try harness.signer.sign(size: 5, root: edge.root)
        contents.head = contents.head.map { .init(size: 5, time: $0.time, checkpoint: note) }
        let forged = contents
        storage.tamper { $0 = forged }
        let error = #expect(throws: LedgerError.self) { try harness.open() }
        #expect(error?.code == .timeOrder)
        #expect(error?.index == 2)
    }

    @Test("a ledger of another issuer or another key is refused, and says whose it is")
    func foreign() async throws {
        let storage = try await Self.storage(entries: 3)
        let other = try LedgerHarness(storage: storage, name: "other.example.test/log")
        let origin = #expect(throws: LedgerError.self) { try other.open() }
        #expect(origin?.code == .wrongOrigin)
        #expect(origin?.seen.contains("broker.example.test/log") == true)
        #expect(origin?.wanted.contains("other.example.test/log") == true)
        let key = #expect(throws: LedgerError.self) { try LedgerHarness(storage: storage, seed: 1).open() }
        #expect(key?.code == .wrongKey)
    }

    @Test("a store without a ledger is refused, and a ledger is never begun twice")
    func beginning() throws {
        let harness = try LedgerHarness(storage: MemoryLedgerStorage())
        let missing = #expect(throws: LedgerError.self) { try harness.open() }
        #expect(missing?.code == .uninitialised)
        #expect(missing?.remedy.contains("jobpass init") == true)
        try harness.create()
        let twice = #expect(throws: LedgerError.self) { try harness.create() }
        #expect(twice?.code == .initialised)
    }

    @Test("a large ledger opens at once, and is verified behind; what is wrong then stops it")
    func background() async throws {
        let count = Int(Ledger.verifiedAtOnce) + 300
        let sound = try await Self.storage(entries: count)
        let ledger = try LedgerHarness(storage: sound).open()
        while ledger.verification == .running { await Task.yield() }
        #expect(ledger.verification == .passed)
        #expect(ledger.fault == nil)

        sound.tamper { $0.entries[5_000]?[40] ^= 1 }
        let tampered = try LedgerHarness(storage: sound).open()
        while tampered.verification == .running { await Task.yield() }
        #expect(tampered.fault?.code == .altered)
        #expect(tampered.fault?.index == 5_000)
        #expect(tampered.verification == tampered.fault.map { .failed($0) })
        let error = await #expect(throws: LedgerError.self) { try await tampered.record(.token(0)) }
        #expect(error == tampered.fault)
    }

    @Test("verifying gives the checkpoint that it rests on")
    func verifying() async throws {
        let storage = try await Self.storage(entries: 257)
        let harness = try LedgerHarness(storage: storage)
        let checkpoint = try LedgerVerifier(storage: storage, key: harness.signer.verifier).verify()
        #expect(checkpoint.size == 257)
        #expect(checkpoint.origin == harness.signer.verifier.name)
    }

    /// A store whose ledger has so many entries.
    private static func storage(entries count: Int) async throws -> MemoryLedgerStorage {
        let storage = MemoryLedgerStorage()
        let harness = try LedgerHarness(storage: storage)
        try harness.create()
        try await harness.open().record(tokens: count)
        return storage
    }
}

extension MemoryLedgerStorage.Contents {
    /// Puts the hash of an entry, as it is now, into its tile.
    fileprivate mutating func rehash(_ index: UInt64) {
        guard let bytes = entries[index] else { return }
        let address = TileAddress(level: 0, number: index >> 8)
        let start = Int(index & 255) * 32
        tiles[address]?.replaceSubrange(start..<start + 32, with: Merkle.leafHash(bytes).bytes)
    }
}
