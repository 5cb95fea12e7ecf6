import Encoding
import Secrets
import Support
import Testing
import Time

@Suite("A store of secrets")
struct SecretStorageTests {
    @Test("has an identity that does not change", arguments: StoreKind.allCases)
    func identity(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind)
        let identity = try store.secrets.identity()
        #expect((1...64).contains(identity.count))
        try store.secrets.insert(Self.secret("A", 1))
        #expect(try store.secrets.identity() == identity)
    }

    @Test("gives the newest version of each secret of a context, by name", arguments: StoreKind.allCases)
    func current(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind)
        for (name, version) in [("B", 1), ("B", 2), ("A", 1), ("_C", 1)] as [(String, UInt64)] {
            try store.secrets.insert(Self.secret(name, version))
        }
        try store.secrets.insert(Self.secret("B", 1, in: "other"))
        #expect(
            try store.secrets.current(in: Self.context("ci")) == [
                Self.secret("A", 1), Self.secret("B", 2), Self.secret("_C", 1),
            ]
        )
        #expect(try store.secrets.current(in: Self.context("other")) == [Self.secret("B", 1, in: "other")])
        #expect(try store.secrets.current(in: Self.context("none")).isEmpty)
    }

    @Test("takes versions one after another, and no other", arguments: StoreKind.allCases)
    func versions(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind)
        for wrong in [0, 2, 7, UInt64.max] { #expect(try store.conflicts(Self.secret("A", wrong))) }
        try store.secrets.insert(Self.secret("A", 1))
        for wrong in [0, 1, 3] as [UInt64] { #expect(try store.conflicts(Self.secret("A", wrong))) }
        try store.secrets.insert(Self.secret("A", 2))
        #expect(try store.secrets.current(in: Self.context("ci")).map(\.version) == [2])
    }

    @Test("of those who insert the same version at once, one succeeds", arguments: StoreKind.allCases)
    func race(_ kind: StoreKind) async throws {
        let store = try StoreUnderTest(kind)
        let secrets = store.secrets
        let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
            for writer in 0..<8 {
                let secret = try Self.secret("A", 1, sealed: [UInt8(writer)])
                group.addTask {
                    do throws(SecretsError) {
                        try secrets.insert(secret)
                        return true
                    } catch {
                        guard error.code == .conflict else { throw error }
                        return false
                    }
                }
            }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(winners == 1)
        #expect(try secrets.current(in: Self.context("ci")).count == 1)
    }

    @Test("hides what was deleted, and brings a name back with the next version", arguments: StoreKind.allCases)
    func deletion(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind)
        let context = try Self.context("ci")
        let name = try Self.name("A")
        try store.secrets.insert(Self.secret("A", 1))
        try store.secrets.insert(Self.secret("A", 2))
        #expect(throws: SecretsError.self) {
            try store.secrets.delete(name, in: context, upTo: 1, at: UnixTime(seconds: 9))
        }
        #expect(throws: SecretsError.self) {
            try store.secrets.delete(name, in: context, upTo: 3, at: UnixTime(seconds: 9))
        }
        try store.secrets.delete(name, in: context, upTo: 2, at: UnixTime(seconds: 9))
        #expect(try store.secrets.current(in: context).isEmpty)
        #expect(throws: SecretsError.self) {
            try store.secrets.delete(name, in: context, upTo: 2, at: UnixTime(seconds: 10))
        }
        #expect(try store.secrets.summaries(of: context).map(\.deleted) == [UnixTime(seconds: 9)])
        #expect(try store.conflicts(Self.secret("A", 1)))
        try store.secrets.insert(Self.secret("A", 3))
        #expect(try store.secrets.current(in: context) == [Self.secret("A", 3)])
        #expect(try store.secrets.summaries(of: context).map(\.deleted) == [nil])
    }

    @Test("tells of each secret its versions and dates", arguments: StoreKind.allCases)
    func summaries(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind)
        let context = try Self.context("ci")
        for (name, version) in [("B", 1), ("A", 1), ("A", 2), ("A", 3)] as [(String, UInt64)] {
            try store.secrets.insert(Self.secret(name, version))
        }
        try store.secrets.delete(Self.name("B"), in: context, upTo: 1, at: UnixTime(seconds: 9))
        let summaries = try store.secrets.summaries(of: context)
        #expect(summaries.map(\.name.text) == ["A", "B"])
        #expect(summaries.map(\.version) == [3, 1])
        #expect(summaries.map(\.created) == [UnixTime(seconds: 1), UnixTime(seconds: 1)])
        #expect(summaries.map(\.changed) == [UnixTime(seconds: 3), UnixTime(seconds: 1)])
        #expect(summaries.map(\.deleted) == [nil, UnixTime(seconds: 9)])
        #expect(try store.secrets.summaries(of: Self.context("none")).isEmpty)
    }

    static func context(_ text: String) throws -> ContextName { try #require(ContextName(text)) }

    static func name(_ text: String) throws -> EnvironmentName { try #require(EnvironmentName(text)) }

    /// A version that was created that many seconds after the epoch.
    static func secret(
        _ name: String,
        _ version: UInt64,
        in context: String = "ci",
        sealed: [UInt8] = Array(0...255)
    ) throws -> StoredSecret {
        StoredSecret(
            context: try Self.context(context),
            name: try Self.name(name),
            version: version,
            created: UnixTime(seconds: Int64(min(version, 1_000))),
            sealed: sealed
        )
    }
}

extension StoreUnderTest {
    /// Whether inserting a version is refused since another is the newest.
    fileprivate func conflicts(_ secret: StoredSecret) throws -> Bool {
        do throws(SecretsError) {
            try secrets.insert(secret)
            return false
        } catch {
            return error.code == .conflict
        }
    }
}
