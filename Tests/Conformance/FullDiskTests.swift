import Encoding
import Ledger
import POSIX
import Runs
import Secrets
import Stores
import Support
import Testing
import Time

@Suite("On a full disk", .enabled(if: ScratchDirectory.canMount, "needs the right to mount a tmpfs"))
struct FullDiskTests {
    @Test("nothing is recorded, whoever waits is told, and it goes on when there is space again")
    func ledger() async throws {
        let disk = try ScratchDirectory(kilobytes: 1_024)
        let path = disk.file("store.db")
        try SQLiteStore.create(path: path, identity: Array(1...16), at: UnixTime(seconds: 1))
        let harness = try LedgerHarness(storage: SQLiteStore(opening: path))
        try harness.create()
        let ledger = try harness.open()
        _ = try await ledger.record(.token(0))
        try Files.writeNew(disk.file("ballast"), .init(repeating: 0, count: 600 * 1_024))
        var recorded: UInt64 = 1
        let failure = await Self.fill { number in
            _ = try await ledger.record(.token(number))
            recorded += 1
        }
        let full = try #require(failure as? LedgerError)
        #expect(full.code == .storageFull, "\(full)")
        #expect(full.remedy.contains("make space"))
        #expect(try harness.check() == recorded, "what was answered is there, and nothing else")
        for number in 0..<5 {
            await #expect(throws: LedgerError.self) { try await ledger.record(.token(number)) }
        }
        #expect(ledger.fault == nil)
        #expect(try harness.check() == recorded)
        try Files.remove(disk.file("ballast"))
        #expect(try await ledger.record(.token(1)).index == recorded)
        #expect(try harness.check() == recorded + 1)
        #expect(try harness.open().checkpoint == ledger.checkpoint)
    }

    @Test("a secret is stored whole or not at all")
    func secrets() async throws {
        let disk = try ScratchDirectory(kilobytes: 1_024)
        let path = disk.file("store.db")
        try SQLiteStore.create(path: path, identity: Array(1...16), at: UnixTime(seconds: 1))
        let store = try SQLiteStore(opening: path)
        let large = [UInt8](repeating: 7, count: 60_000)
        var stored: UInt64 = 0
        let failure = await Self.fill { _ in
            try store.insert(SecretStorageTests.secret("A", stored + 1, sealed: large))
            stored += 1
        }
        #expect((failure as? SecretsError)?.code == .storage)
        #expect(stored > 0)
        let context = try SecretStorageTests.context("ci")
        #expect(try store.current(in: context) == [SecretStorageTests.secret("A", stored, sealed: large)])
    }

    @Test("a store is made whole or not at all")
    func creation() throws {
        let disk = try ScratchDirectory(kilobytes: 16)
        let error = #expect(throws: StoreError.self) {
            try SQLiteStore.create(path: disk.file("store.db"), identity: Array(1...16), at: UnixTime(seconds: 1))
        }
        #expect(error?.code == .unavailable)
        #expect(try Files.list(disk.path).isEmpty)
    }

    /// Repeats a step until it fails; the error, or nil where it has not failed after 10,000.
    private static func fill(_ step: (Int) async throws -> Void) async -> (any Error)? {
        for number in 0..<10_000 {
            do {
                try await step(number)
            } catch {
                return error
            }
        }
        return nil
    }
}
