import Crypto
import Encoding
import Locks
import Secrets
import Support
import Testing
import Time

@Suite("A new master key")
struct RewrapTests {
    /// Keys that an operator changes while the vault is in use.
    private final class Keys: MasterKeySource {
        private let present: Lock<MasterKeyRing>
        init(_ ring: MasterKeyRing) { present = Lock(ring) }
        func change(to ring: MasterKeyRing) { present.withLock { $0 = ring } }
        func ring() -> MasterKeyRing { present.withLock { $0 } }
    }

    private let oldFile = MasterKey.generate().file().withBytes { Array(copying: $0) }
    private let newFile = MasterKey.generate().file().withBytes { Array(copying: $0) }

    private func ring(sealing: [UInt8], and other: [UInt8]? = nil) throws -> MasterKeyRing {
        var ring = MasterKeyRing(sealing: try MasterKey(file: SecretBytes(copying: sealing)))
        if let other { ring.add(try MasterKey(file: SecretBytes(copying: other))) }
        return ring
    }

    @Test("wraps every version anew, former and deleted ones too, and changes no value")
    func all() async throws {
        let keys = Keys(try ring(sealing: oldFile))
        let harness = try VaultHarness(keys: keys)
        try await harness.set("KEY", "one")
        try await harness.set("KEY", Array("two".utf8), grace: .seconds(3_600))
        try await harness.set("GONE", "x")
        try await harness.delete("GONE")
        let before = harness.storage.rows
        keys.change(to: try ring(sealing: newFile, and: oldFile))
        let progress = try await harness.vault.rewrap()
        #expect(progress == RewrapProgress(seen: 3, rewrapped: 3, missed: 0))
        // The sealed value itself stays as it was: from byte 69 on.
        for (old, new) in zip(before, harness.storage.rows) {
            #expect(old.stored.sealed[69...] == new.stored.sealed[69...])
            #expect(old.stored.sealed[..<69] != new.stored.sealed[..<69])
        }
        keys.change(to: try ring(sealing: newFile))
        #expect(try await harness.read() == ["KEY": "two"])
        #expect(try await harness.read("KEY", version: 1) == ["KEY": "one"])
        try await harness.rollBack("GONE")
        #expect(try await harness.vault.keysInUse().keys.count == 1)
        #expect(try await harness.vault.rewrap().rewrapped == 0)
        let former = try VaultHarness(storage: harness.storage, keys: FixedMasterKeys(try ring(sealing: oldFile)))
        #expect(try await former.readingFails()?.code == .damaged, "the old key opens nothing any more")
    }

    @Test("a vault that holds the old key reads what another program has rewrapped")
    func online() async throws {
        let keys = Keys(try ring(sealing: oldFile))
        let harness = try VaultHarness(keys: keys)
        try await harness.set("KEY", "x")
        let other = try VaultHarness(
            storage: harness.storage,
            keys: FixedMasterKeys(try ring(sealing: newFile, and: oldFile))
        )
        // The operator's command has put the new key beside the old one; nobody told the broker.
        keys.change(to: try ring(sealing: newFile, and: oldFile))
        #expect(try await harness.read() == ["KEY": "x"])
        #expect(try await other.vault.rewrap().rewrapped == 1)
        #expect(try await harness.read() == ["KEY": "x"])
        try await harness.set("KEY", "y")
        #expect(try await other.vault.rewrap().rewrapped == 0, "what is set meanwhile is under the new key at once")
    }

    @Test("what no key opens stops it, and stays as it is")
    func foreign() async throws {
        let harness = try VaultHarness()
        try await harness.set("KEY", "x")
        let before = harness.storage.rows
        let error = await #expect(throws: SecretsError.self) {
            try await VaultHarness(storage: harness.storage).vault.rewrap()
        }
        #expect(error?.code == .damaged)
        #expect(harness.storage.rows == before)
    }

    @Test("goes on where it was broken off, whatever the number of versions")
    func resumed() async throws {
        let keys = Keys(try ring(sealing: oldFile))
        let harness = try VaultHarness(keys: keys)
        try await harness.bring((1...350).map { ("KEY_\($0)", "value \($0)") })
        keys.change(to: try ring(sealing: newFile, and: oldFile))
        for _ in 0..<2 {
            // The first batch passes, and the store fails in the second.
            await #expect(throws: SecretsError.self) {
                try await harness.vault.rewrap { [storage = harness.storage] progress in
                    if progress.rewrapped > 0 { storage.plan(.before) }
                }
            }
        }
        #expect(try await harness.vault.rewrap() == RewrapProgress(seen: 350, rewrapped: 150, missed: 0))
        #expect(try await harness.read().count == 350)
    }

    @Test("a record of the former layout, without a key of its own, opens and becomes one of the present layout")
    func formerLayout() async throws {
        let key = SecretBytes(copying: Array(repeating: 7, count: 32))
        let digits = key.withBytes { Base64URL.encode(Array(copying: $0)) }
        let file = SecretBytes(copying: Array("jobpass-master-key-v1:\(digits)\n".utf8))
        let storage = MemorySecretStorage()
        try storage.insert(Self.formerRecord("from long ago", key: key))
        let harness = try VaultHarness(storage: storage, key: MasterKey(file: file))
        #expect(try await harness.read() == ["KEY": "from long ago"])
        #expect(try await harness.vault.rewrap().rewrapped == 1)
        #expect(storage.rows[0].stored.sealed[0] == 2)
        #expect(try await harness.read() == ["KEY": "from long ago"])
        #expect(try await harness.vault.rewrap().rewrapped == 0)
    }

    /// A record as the first layout has it, made by its description: nonce, ciphertext and tag under the master key itself.
    private static func formerRecord(_ value: String, key: borrowing SecretBytes) throws -> StoredSecret {
        let message = Array("jobpass master key name v1".utf8)
        let bytes = key.withBytes { Array(copying: $0) }
        let name = [UInt8](HMAC.sha256(key: bytes, message: message).bytes.prefix(8))
        var place = LayoutWriter()
        place.uint8(1)
        place.fixed(name)
        for part in ["store-1", VaultHarness.context, "KEY"] {
            place.uint32(UInt32(part.utf8.count))
            place.fixed(Array(part.utf8))
        }
        place.uint64(1)
        let box = try AESGCM.seal(SecretBytes(copying: Array(value.utf8)), key: key, associatedData: place.bytes)
        return StoredSecret(
            context: try .named(VaultHarness.context),
            name: try .named("KEY"),
            version: 1,
            created: UnixTime(seconds: 1),
            sealed: [1] + name + box
        )
    }
}
