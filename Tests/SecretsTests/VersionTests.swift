import Encoding
import Ledger
import Secrets
import Support
import Testing
import Time

@Suite("Versions of a secret")
struct VersionTests {
    @Test("a rotated secret is current at once, its former version readable by number until the grace period ends")
    func grace() async throws {
        let harness = try VaultHarness()
        try await harness.set("KEY", "old")
        try await harness.set("KEY", Array("new".utf8), grace: .seconds(3_600))
        #expect(try await harness.read() == ["KEY": "new"])
        #expect(try await harness.read("KEY", version: nil) == ["KEY": "new"])
        #expect(try await harness.read("KEY", version: 2) == ["KEY": "new"])
        #expect(try await harness.read("KEY", version: 1) == ["KEY": "old"])
        harness.book.clock.advance(by: .seconds(3_599))
        #expect(try await harness.read("KEY", version: 1) == ["KEY": "old"])
        harness.book.clock.advance(by: .seconds(1))
        let error = await #expect(throws: SecretsError.self) { try await harness.read("KEY", version: 1) }
        #expect(error?.code == .notFound)
        #expect(error?.detail.contains("its grace period ended at") == true)
        let entries = try harness.entries()
        #expect(entries[1].reason == "rotated; version 1 stays readable for 1h")
        #expect(entries.filter { $0.kind == .secretRead }.map(\.version) == [nil, 2, 2, 1, 1])
        #expect(entries.filter { $0.kind == .secretRead }.map(\.secret) == [nil, "KEY", "KEY", "KEY", "KEY"])
    }

    @Test("what is set is not readable in its former version at all")
    func noGrace() async throws {
        let harness = try VaultHarness()
        try await harness.set("KEY", "old")
        try await harness.set("KEY", "new")
        await #expect(throws: SecretsError.self) { try await harness.read("KEY", version: 1) }
        await #expect(throws: SecretsError.self) { try await harness.read("KEY", version: 3) }
        await #expect(throws: SecretsError.self) { try await harness.read("OTHER", version: nil) }
    }

    @Test("there is nothing to rotate where nothing was set")
    func nothingToRotate() async throws {
        let harness = try VaultHarness()
        let error = await #expect(throws: SecretsError.self) {
            try await harness.set("KEY", Array("new".utf8), grace: .seconds(60))
        }
        #expect(error?.code == .notFound)
        #expect(try harness.entries().isEmpty)
    }

    @Test("a rollback makes a former value the newest under a new number")
    func rollback() async throws {
        let harness = try VaultHarness()
        for value in ["one", "two", "three"] { try await harness.set("KEY", value) }
        try await harness.rollBack("KEY")
        #expect(try await harness.read() == ["KEY": "two"])
        try await harness.rollBack("KEY", to: 1)
        #expect(try await harness.read() == ["KEY": "one"])
        #expect(try harness.entries().compactMap(\.version) == [1, 2, 3, 4, 5])
        #expect(
            try harness.entries().compactMap(\.reason) == [
                "rolled back to the value of version 2", "rolled back to the value of version 1",
            ]
        )
        await #expect(throws: SecretsError.self) { try await harness.rollBack("KEY", to: 5) }
        await #expect(throws: SecretsError.self) { try await harness.rollBack("KEY", to: 9) }
    }

    @Test("a deleted secret comes back for seven days, and then is purged with every version of it")
    func deletion() async throws {
        let harness = try VaultHarness()
        try await harness.set("KEY", "one")
        try await harness.set("KEY", "two")
        try await harness.delete("KEY")
        await #expect(throws: SecretsError.self) { try await harness.read("KEY", version: 2) }
        try await harness.rollBack("KEY")
        #expect(try await harness.read() == ["KEY": "two"])
        try await harness.delete("KEY")
        harness.book.clock.advance(by: SecretVault.keptFor - .milliseconds(1))
        #expect(try await harness.purge() == 0)
        harness.book.clock.advance(by: .milliseconds(1))
        #expect(try await harness.purge() == 3)
        #expect(try await harness.purge() == 0)
        let error = await #expect(throws: SecretsError.self) { try await harness.rollBack("KEY") }
        #expect(error?.detail.contains("is gone") == true)
        let versions = try await harness.vault.versions(of: .named("KEY"), in: .named(VaultHarness.context))
        #expect(versions.map(\.isPurged) == [true, true, true])
        try await harness.set("KEY", "again")
        #expect(try await harness.read() == ["KEY": "again"])
    }

    @Test("a former version is purged seven days after it was replaced, but not in its grace period")
    func formerVersions() async throws {
        let harness = try VaultHarness()
        try await harness.set("SHORT", "1")
        try await harness.set("LONG", "1")
        try await harness.set("SHORT", Array("2".utf8), grace: .seconds(60))
        try await harness.set("LONG", Array("2".utf8), grace: .seconds(10 * 86_400))
        harness.book.clock.advance(by: .seconds(7 * 86_400))
        #expect(try await harness.purge() == 1)
        #expect(try await harness.read("LONG", version: 1) == ["LONG": "1"])
        await #expect(throws: SecretsError.self) { try await harness.rollBack("SHORT") }
        harness.book.clock.advance(by: .seconds(3 * 86_400))
        #expect(try await harness.purge() == 1)
        #expect(try await harness.read() == ["SHORT": "2", "LONG": "2"])
    }

    @Test("what is older than its max_age is overdue, by the secret's own rule or the context's")
    func overdue() async throws {
        let harness = try VaultHarness()
        let context = ContextSettings(
            name: try .named(VaultHarness.context),
            maxAge: .seconds(100),
            secrets: [try .named("OWN"): SecretRules(maxAge: .seconds(10))]
        )
        let start = harness.book.clock.now
        try await harness.set("KEY", "x")
        try await harness.set("OWN", "x")
        func overdue() async throws -> [String: UnixTime] {
            let now = harness.book.clock.now
            let known = try await harness.vault.list(context.name)
            return Dictionary(
                uniqueKeysWithValues: known.compactMap { summary in
                    context.overdueSince(summary, at: now).map { (summary.name.text, $0) }
                }
            )
        }
        #expect(try await overdue() == [:])
        harness.book.clock.advance(by: .seconds(10))
        #expect(try await overdue() == ["OWN": start + .seconds(10)])
        harness.book.clock.advance(by: .seconds(90))
        #expect(try await overdue().keys.sorted() == ["KEY", "OWN"])
        try await harness.set("OWN", "y")
        try await harness.delete("KEY")
        #expect(try await overdue() == [:])
    }

    @Test("an import adds what is new, leaves what is there, and replaces it only when told to")
    func importing() async throws {
        let harness = try VaultHarness()
        try await harness.set("KEPT", "old")
        let values = [(name: "NEW", value: "n"), (name: "KEPT", value: "k")]
        let first = try await harness.bring(values)
        #expect(first.added.map(\.text) == ["NEW"])
        #expect(first.kept.map(\.text) == ["KEPT"])
        #expect(try await harness.read() == ["NEW": "n", "KEPT": "old"])
        let second = try await harness.bring(values, replacing: true)
        #expect(second.replaced.map(\.text) == ["NEW", "KEPT"])
        #expect(try await harness.read() == ["NEW": "n", "KEPT": "k"])
        let changes = try harness.entries().filter { $0.kind == .secretChanged && $0.trace == "import" }
        #expect(Set(changes.compactMap(\.secret)) == ["NEW", "KEPT"])
        #expect(changes.last?.reason == "imported: 0 new, 2 replaced, 0 left as they are")
    }

    @Test("of an import that conflicts, or whose entries cannot be written, nothing is stored")
    func importFaults() async throws {
        let ledgerStorage = FaultyLedgerStorage(MemoryLedgerStorage())
        let harness = try VaultHarness(ledgerStorage: ledgerStorage)
        ledgerStorage.plan([.before])
        await #expect(throws: LedgerError.self) { try await harness.bring([("A", "1"), ("B", "2")]) }
        #expect(harness.storage.rows.isEmpty)
        harness.storage.plan(.before)
        await #expect(throws: SecretsError.self) { try await harness.bring([("A", "1"), ("B", "2")]) }
        #expect(harness.storage.rows.isEmpty)
        await #expect(throws: SecretsError.self) { try await harness.bring([("A", "1"), ("B", "")]) }
        #expect(harness.storage.rows.isEmpty)
    }
}
