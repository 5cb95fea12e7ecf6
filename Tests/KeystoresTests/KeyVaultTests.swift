import Crypto
import Encoding
import Keystores
import Locks
import POSIX
import Secrets
import Stores
import Support
import Testing
import Time
import Tokens

/// A store of SQLite, its master keys, and as many brokers as a test wants.
private struct VaultSite {
    final class Keys: MasterKeySource {
        private let present: Lock<MasterKeyRing>
        init(_ ring: MasterKeyRing) { present = Lock(ring) }
        func change(to ring: MasterKeyRing) { present.withLock { $0 = ring } }
        func ring() -> MasterKeyRing { present.withLock { $0 } }
    }

    let clock = TestClock()
    /// The file of the master key that everything is sealed under at first.
    let masterKey = MasterKey.generate().file().withBytes { Array(copying: $0) }
    let keys: Keys
    let path: String
    private let scratch = try? ScratchDirectory()

    init() throws {
        keys = Keys(MasterKeyRing(sealing: try MasterKey(file: SecretBytes(copying: masterKey))))
        path = try #require(scratch).file("store.db")
        try SQLiteStore.create(path: path, identity: Array(1...16), at: UnixTime(seconds: 1))
    }

    func store() throws -> SQLiteStore { try SQLiteStore(opening: path) }

    func broker() throws -> KeyVault {
        KeyVault(try SealedDocuments(storage: store(), keys: keys), at: "the test", clock: clock.wall)
    }

    func newKey(_ algorithm: SignatureAlgorithm = .es256, _ state: KeyLife.State = .active) throws -> IssuerKey {
        IssuerKey(try SigningKey.forIssuer(algorithm), KeyLife(state, since: clock.now))
    }

    /// Everything that the files of the store have, what is not in use any more too.
    func bytes() throws -> [UInt8] {
        try ["", "-wal"].flatMap { suffix in
            try Files.status(path + suffix) == nil ? [] : try Files.read(path + suffix)
        }
    }
}

@Suite("Keys that are sealed in the store")
struct KeyVaultTests {
    @Test(
        "come back as they were, lives and all, at every broker",
        arguments: SignatureAlgorithm.allCases.filter(\.canSign)
    )
    func comesBack(_ algorithm: SignatureAlgorithm) throws {
        let site = try VaultSite()
        let (one, other) = (try site.broker(), try site.broker())
        let keys = [
            try site.newKey(algorithm),
            IssuerKey(
                try SigningKey.forIssuer(algorithm),
                KeyLife(.published, since: site.clock.now, until: site.clock.now + .seconds(9), isWanted: true)
            ),
        ]
        for ring in [IssuerRing.trusted, IssuerRing(issuer: "acme-2.x", isUntrusted: true)] {
            #expect(try !other.has(ring))
            try one.found(ring, keys, removed: ["gone"])
            let back = try other.ring(ring)
            #expect(back.keys.map(\.kid) == keys.map(\.kid))
            #expect(back.keys.map(\.life) == keys.map(\.life))
            #expect(back.removed == ["gone"])
            let signature = try back.keys[0].key.sign([1, 2, 3])
            #expect(keys[0].key.publicKey.verify(signature, of: [1, 2, 3], algorithm: algorithm))
        }
    }

    @Test("are changed by one broker at a time, and the next look of the others shows it")
    func change() throws {
        let site = try VaultSite()
        let (one, other) = (try site.broker(), try site.broker())
        let old = try site.newKey()
        try one.found(.trusted, [old])
        #expect(try other.load(.trusted).map(\.kid) == [old.kid])
        let lock = try #require(try one.lock())
        #expect(try other.lock() == nil)
        #expect(try one.lock() == nil, "not by the same broker either")
        let new = try site.newKey()
        try one.save([new], removing: [old], in: .trusted)
        #expect(try other.load(.trusted).map(\.kid) == [new.kid])
        #expect(try other.ring(.trusted).removed == [old.kid])
        one.release(lock)
        let next = try #require(try other.lock())
        other.release(next)
    }

    @Test("of a broker that was killed in the middle others change after a minute, and that one then no more")
    func lapsed() throws {
        let site = try VaultSite()
        let (dead, other) = (try site.broker(), try site.broker())
        let old = try site.newKey()
        try dead.found(.trusted, [old])
        _ = try #require(try dead.lock())
        site.clock.advance(by: .seconds(59))
        #expect(try other.lock() == nil)
        site.clock.advance(by: .seconds(2))
        let lock = try #require(try other.lock())
        let new = try site.newKey()
        try other.save([new], removing: [old], in: .trusted)
        // The first one was but slow: what it read before is not what it would change.
        #expect(throws: TokenError.self) { try dead.save([try site.newKey()], removing: [], in: .trusted) }
        other.release(lock)
        #expect(try dead.load(.trusted).map(\.kid) == [new.kid])
        #expect(throws: TokenError.self, "without the lease nothing is changed") {
            try other.save([old], removing: [], in: .trusted)
        }
    }

    @Test("rotate once where eight brokers try at the same moment")
    func race() async throws {
        let site = try VaultSite()
        let old = try site.newKey()
        try site.broker().found(.trusted, [old])
        let brokers = try (0..<8).map { _ in try site.broker() }
        let winners = try await withThrowingTaskGroup(of: Int.self) { group in
            for broker in brokers {
                group.addTask { try broker.lock() == nil ? 0 : 1 }
            }
            return try await group.reduce(0, +)
        }
        #expect(winners == 1)
    }

    @Test("cannot be read from a stolen store, nor opened with another master key or in another ring's place")
    func stolen() throws {
        let site = try VaultSite()
        let vault = try site.broker()
        let keys = [try site.newKey(.rs256), try site.newKey(.es256), try site.newKey(.edDSA)]
        try vault.found(.trusted, keys)
        try vault.found(.untrusted, [try site.newKey()])
        let bytes = try site.bytes()
        for key in keys {
            let pem = try key.pem().withBytes { Array(copying: $0) }
            let lines = String(decoding: pem, as: UTF8.self).split(separator: "\n").map(String.init)
            for line in lines { #expect(!bytes.contains(subsequence: Array(line.utf8)), "PEM is in the store") }
            let der = try Base64.decode(lines.dropFirst().dropLast().joined())
            for start in stride(from: 30, to: der.count - 16, by: 32) {
                #expect(
                    !bytes.contains(subsequence: Array(der[start..<start + 16])),
                    "a part of PKCS#8 is in the store"
                )
            }
        }
        let thief = KeyVault(
            try SealedDocuments(storage: site.store(), keys: FixedMasterKeys(MasterKey.generate())),
            at: "the thief's",
            clock: site.clock.wall
        )
        #expect(throws: TokenError.self) { try thief.load(.trusted) }
        // Who may write the store cannot pass the strangers' keys off as the trusted ones.
        let documents = try SealedDocuments(storage: site.store(), keys: site.keys)
        let rows = try documents.newest().values.sorted { $0.name < $1.name }
        #expect(rows.count == 2)
        let swapped = StoredSecret(
            context: rows[0].context,
            name: rows[1].name,
            version: 2,
            created: rows[0].created,
            sealed: rows[0].sealed
        )
        try site.store().insert(swapped)
        #expect(throws: TokenError.self) { try [IssuerRing.trusted, .untrusted].map { try vault.load($0) } }
    }

    @Test("leave nothing of a removed key behind that opens")
    func removed() throws {
        let site = try VaultSite()
        let vault = try site.broker()
        let old = try site.newKey()
        try vault.found(.trusted, [old])
        let lock = try #require(try vault.lock())
        try vault.save([try site.newKey()], removing: [old], in: .trusted)
        vault.release(lock)
        let sealed = try site.store().sealed(behind: nil, count: 100)
        #expect(sealed.count == 2, "one version of the ring and one of the lease: \(sealed.map(\.address))")
    }

    @Test("go under a new master key with everything else, and no configuration can name where they are")
    func rewrapped() async throws {
        let site = try VaultSite()
        let vault = try site.broker()
        let key = try site.newKey()
        try vault.found(.trusted, [key])
        let file = MasterKey.generate().file().withBytes { Array(copying: $0) }
        var both = MasterKeyRing(sealing: try MasterKey(file: SecretBytes(copying: file)))
        both.add(try MasterKey(file: SecretBytes(copying: site.masterKey)))
        site.keys.change(to: both)
        let secrets = try SecretVault(
            storage: try site.store(),
            keys: site.keys,
            clock: site.clock.wall,
            executor: globalConcurrentExecutor
        )
        #expect(try await secrets.rewrap().rewrapped == 1)
        site.keys.change(to: MasterKeyRing(sealing: try MasterKey(file: SecretBytes(copying: file))))
        #expect(try site.broker().load(.trusted).map(\.kid) == [key.kid])
        #expect(ContextName(ContextName.reserved.text) == nil)
        #expect(ContextName(stored: ContextName.reserved.text) == .reserved)
        #expect(ContextName(stored: "*other") == nil)
    }
}

extension [UInt8] {
    fileprivate func contains(subsequence: [UInt8]) -> Bool {
        guard let first = subsequence.first, count >= subsequence.count else { return false }
        return indices.dropLast(subsequence.count - 1).contains { place in
            self[place] == first && self[place..<place + subsequence.count].elementsEqual(subsequence)
        }
    }
}
