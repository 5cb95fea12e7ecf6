import Crypto
import Secrets
import Support
import Testing

@Suite("Sealed secrets")
struct SealingTests {
    @Test("no byte of a sealed value can be changed")
    func flipped() async throws {
        let harness = try VaultHarness()
        try await harness.set("KEY", "0123456789")
        let good = harness.storage.rows[0].stored.sealed
        #expect(try await harness.readingFails() == nil)
        for index in good.indices {
            for bit in [UInt8(1), 0x80] {
                var changed = good
                changed[index] ^= bit
                harness.storage.replace(sealed: changed)
                #expect(try await harness.readingFails()?.code == .damaged, "byte \(index)")
            }
        }
    }

    @Test("no part of a sealed value, and nothing longer, opens")
    func lengths() async throws {
        let harness = try VaultHarness()
        try await harness.set("KEY", "0123456789")
        let good = harness.storage.rows[0].stored.sealed
        for count in 0..<good.count {
            harness.storage.replace(sealed: Array(good.prefix(count)))
            #expect(try await harness.readingFails()?.code == .damaged, "\(count) bytes")
        }
        for more in [1, 100_000] {
            harness.storage.replace(sealed: good + Array(repeating: 0, count: more))
            #expect(try await harness.readingFails()?.code == .damaged)
        }
    }

    /// What a store could claim of a row that it did not make.
    enum Claim: CaseIterable {
        case name, context, version, store
    }

    @Test("a sealed value opens for its own name, context, version and store alone", arguments: Claim.allCases)
    func moved(_ claim: Claim) async throws {
        let harness = try VaultHarness()
        try await harness.set("KEY", "0123456789")
        let row = harness.storage.rows[0].stored
        #expect(try await harness.read() == ["KEY": "0123456789"])
        let moved = StoredSecret(
            context: claim == .context ? try .named("other") : row.context,
            name: claim == .name ? try .named("YEK") : row.name,
            version: claim == .version ? 2 : row.version,
            created: row.created,
            sealed: row.sealed
        )
        harness.storage.tamper { rows in rows = [MemorySecretStorage.Row(moved)] }
        if claim == .store { harness.storage.rename(to: Array("store-2".utf8)) }
        #expect(try await harness.readingFails(moved.context.text)?.code == .damaged)
    }

    @Test("letters cannot wander between store, context and name")
    func boundaries() async throws {
        let harness = try VaultHarness(storage: MemorySecretStorage(identity: Array("storeA".utf8)))
        try await harness.set("KEY", "x", in: "b")
        let row = harness.storage.rows[0].stored
        let moved = StoredSecret(
            context: try .named("Ab"),
            name: row.name,
            version: row.version,
            created: row.created,
            sealed: row.sealed
        )
        harness.storage.rename(to: Array("store".utf8))
        harness.storage.tamper { rows in rows = [MemorySecretStorage.Row(moved)] }
        #expect(try await harness.readingFails("Ab")?.code == .damaged)
    }

    @Test("another master key opens nothing, and is named by what is no secret")
    func otherKey() async throws {
        let storage = MemorySecretStorage()
        let key = MasterKey.generate()
        let file = key.file()
        let harness = try VaultHarness(storage: storage, key: key)
        try await harness.set("KEY", "x")
        let error = try #require(try await VaultHarness(storage: storage).readingFails())
        #expect(error.code == .damaged)
        #expect(error.detail.contains("was sealed with the master key"))
        let refused = await #expect(throws: SecretsError.self) {
            try await VaultHarness(storage: storage).set("NEW", "x")
        }
        #expect(refused?.code == .masterKey)
        #expect(refused?.detail.contains("put the copy of it back") == true)
        #expect(storage.rows.count == 1)
        #expect(try await VaultHarness(storage: storage, key: MasterKey(file: file)).read() == ["KEY": "x"])
    }
}

extension MemorySecretStorage {
    fileprivate func replace(sealed: [UInt8]) {
        tamper { rows in
            let old = rows[0].stored
            rows[0].stored = StoredSecret(
                context: old.context,
                name: old.name,
                version: old.version,
                created: old.created,
                sealed: sealed
            )
        }
    }
}
