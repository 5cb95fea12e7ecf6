import Crypto
import Encoding
import Ledger
import Policy
import Secrets
import Support
import Testing
import Time

@Suite("Static secrets")
struct SecretVaultTests {
    @Test("what was set last is read, each name in its own context")
    func roundTrip() async throws {
        let harness = try VaultHarness()
        try await harness.set("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        try await harness.set("AWS_SECRET_ACCESS_KEY", "old")
        try await harness.set("AWS_SECRET_ACCESS_KEY", "neu\nmit Zeilen und ünïcödé")
        try await harness.set("AWS_SECRET_ACCESS_KEY", "another", in: "other")
        #expect(
            try await harness.read() == [
                "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "neu\nmit Zeilen und ünïcödé",
            ]
        )
        #expect(try await harness.read("other") == ["AWS_SECRET_ACCESS_KEY": "another"])
        #expect(try await harness.read("nothing-set") == [:])
    }

    @Test("every change and every read stands in the ledger before it takes effect")
    func recorded() async throws {
        let harness = try VaultHarness()
        try await harness.set("KEY", "1")
        try await harness.set("KEY", "2")
        try await harness.delete("KEY")
        _ = try await harness.read()
        let entries = try harness.entries()
        #expect(entries.map(\.kind) == [.secretChanged, .secretChanged, .secretChanged, .secretRead])
        #expect(entries.map(\.context) == Array(repeating: "aws-legacy", count: 4))
        #expect(entries.map(\.secret) == ["KEY", "KEY", "KEY", nil])
        #expect(entries.map(\.version) == [1, 2, 2, nil])
    }

    @Test("a change whose entry cannot be written is never stored")
    func unrecorded() async throws {
        let ledgerStorage = FaultyLedgerStorage(MemoryLedgerStorage())
        let harness = try VaultHarness(ledgerStorage: ledgerStorage)
        ledgerStorage.plan([.before])
        await #expect(throws: LedgerError.self) { try await harness.set("KEY", "1") }
        #expect(harness.storage.rows.isEmpty)
        try await harness.set("KEY", "1")
        #expect(harness.storage.rows.count == 1)
    }

    @Test("a store holds nothing of a value but its length")
    func sealed() async throws {
        let harness = try VaultHarness()
        let value = "a value that is long enough to be found"
        try await harness.set("KEY", value)
        try await harness.set("KEY", value)
        let rows = harness.storage.rows
        #expect(rows.map(\.stored.sealed.count) == [value.utf8.count + 97, value.utf8.count + 97])
        #expect(rows[0].stored.sealed[9...] != rows[1].stored.sealed[9...])
        for row in rows { #expect(!String(decoding: row.stored.sealed, as: UTF8.self).contains("value")) }
    }

    @Test("deleted secrets are not read, are still listed, and come back with the next version")
    func deleted() async throws {
        let harness = try VaultHarness()
        let start = harness.book.clock.now
        try await harness.set("KEY", "1")
        try await harness.set("OTHER", "x")
        harness.book.clock.advance(by: .seconds(60))
        try await harness.delete("KEY")
        #expect(try await harness.read() == ["OTHER": "x"])
        let deleted = SecretSummary(
            name: try .named("KEY"),
            version: 1,
            created: start,
            changed: start,
            deleted: start + .seconds(60),
            bytes: 98
        )
        #expect(try await harness.vault.list(.named(VaultHarness.context)).first == deleted)
        await #expect(throws: SecretsError(.notFound, "context aws-legacy has no secret KEY")) {
            try await harness.delete("KEY")
        }
        try await harness.set("KEY", "2")
        #expect(try await harness.read() == ["KEY": "2", "OTHER": "x"])
        #expect(try await harness.vault.list(.named(VaultHarness.context)).map(\.version) == [2, 1])
    }

    @Test("of two who change a secret at once, one is told of the other")
    func conflict() async throws {
        let harness = try VaultHarness()
        let entry = Entry(.secretChanged, .succeeded, trace: "set")
        let value = SecretBytes(copying: [1])
        let name = try EnvironmentName.named("KEY")
        let context = try ContextName.named("c")
        let first = try await harness.vault.prepareSet(value, of: name, in: context, recordedAs: entry)
        let second = try await harness.vault.prepareSet(value, of: name, in: context, recordedAs: entry)
        try await harness.vault.apply(try await harness.ledger.record(first))
        let released = try await harness.ledger.record(second)
        do throws(SecretsError) {
            try await harness.vault.apply(released)
            Issue.record("the second change overwrote the first")
        } catch {
            #expect(error.code == .conflict)
        }
    }

    @Test("a value has from 1 byte to 64 KiB", arguments: [(0, false), (1, true), (65_536, true), (65_537, false)])
    func sizes(_ count: Int, _ isTaken: Bool) async throws {
        let harness = try VaultHarness()
        let value = [UInt8](repeating: UInt8(ascii: "x"), count: count)
        if isTaken {
            try await harness.set("KEY", value)
            #expect(try await harness.read()["KEY"]?.utf8.count == count)
        } else {
            await #expect {
                try await harness.set("KEY", value)
            } throws: {
                ($0 as? SecretsError)?.code == .value
            }
            #expect(try harness.entries().isEmpty)
        }
    }

    @Test("a context takes 1,000 names, and new versions of them")
    func full() async throws {
        let harness = try VaultHarness()
        let names = try (1...1_000).map { try EnvironmentName.named("KEY_\($0)") }
        #expect(try await harness.bring(names.map { ($0.text, "x") }).changes == 1_000)
        try await harness.set("KEY_7", "y")
        await #expect {
            try await harness.set("KEY_1001", "x")
        } throws: {
            ($0 as? SecretsError)?.code == .value
        }
    }

    @Test("a context takes 8 MiB, whatever the number of names")
    func heavy() async throws {
        let harness = try VaultHarness()
        let value = String(repeating: "x", count: SecretValue.limit)
        #expect(try await harness.bring((1...127).map { ("KEY_\($0)", value) }).changes == 127)
        await #expect {
            try await harness.bring((1...3).map { ("MORE_\($0)", value) })
        } throws: {
            ($0 as? SecretsError)?.code == .value
        }
        #expect(harness.storage.rows.count == 127)
    }

    @Test(
        "a value that is no text is kept and read byte for byte",
        arguments: [[0], [65, 0], [0xFF], [0xC3], [0xED, 0xA0, 0x80]] as [[UInt8]]
    )
    func binary(_ value: [UInt8]) async throws {
        let harness = try VaultHarness()
        try await harness.set("BINARY", value)
        let sealed = try await harness.vault.read(
            .sample(VaultHarness.context),
            recordedAs: Entry(.secretRead, .succeeded, trace: "read")
        )
        let name = try EnvironmentName.named("BINARY")
        let read = try await harness.ledger.record(sealed).open().secrets.withValue(of: name) { Array(copying: $0) }
        #expect(read == value)
    }

    @Test("a store that fails is told as such, and what failed after all is not set twice")
    func faults() async throws {
        let harness = try VaultHarness()
        for fault in [MemorySecretStorage.Fault.before, .after] {
            harness.storage.plan(fault)
            await #expect {
                try await harness.set("KEY", "x")
            } throws: {
                ($0 as? SecretsError)?.code == .storage
            }
        }
        try await harness.set("KEY", "y")
        #expect(harness.storage.rows.map(\.stored.version) == [1, 2])
        harness.storage.setDown(true)
        #expect(try await harness.readingFails()?.code == .storage)
    }

    @Test("an entry of another kind stops the program rather than records a read as something else")
    func wrongKind() async {
        await #expect(processExitsWith: .failure) {
            let harness = try VaultHarness()
            _ = try await harness.vault.read(
                .sample(VaultHarness.context),
                recordedAs: Entry(.tokenIssued, .succeeded, trace: "t")
            )
        }
    }
}
