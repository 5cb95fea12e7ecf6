import Encoding
import Secrets
import Support
import Testing
import Time

@Suite("A store of secrets' versions")
struct SecretVersionStorageTests {
    private static func day(_ number: Int64) -> UnixTime { UnixTime(seconds: number * 86_400) }

    private static func secret(_ name: String, _ version: UInt64, on day: Int64) throws -> StoredSecret {
        StoredSecret(
            context: try SecretStorageTests.context("ci"),
            name: try SecretStorageTests.name(name),
            version: version,
            created: Self.day(day),
            sealed: [UInt8(version)]
        )
    }

    @Test("closes a version when the next one comes, with or without a grace period", arguments: StoreKind.allCases)
    func versions(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind).secrets
        let (context, name) = (try SecretStorageTests.context("ci"), try SecretStorageTests.name("A"))
        try store.insert(try Self.secret("A", 1, on: 1))
        try store.insert([NewSecret(try Self.secret("A", 2, on: 2), formerReadableUntil: Self.day(3))])
        try store.insert(try Self.secret("A", 3, on: 4))
        let versions = try store.versions(of: name, in: context)
        #expect(versions.map(\.number) == [3, 2, 1])
        #expect(versions.map(\.superseded) == [nil, Self.day(4), Self.day(2)])
        #expect(versions.map(\.readableUntil) == [nil, nil, Self.day(3)])
        #expect(try store.version(2, of: name, in: context) == (try Self.secret("A", 2, on: 2)))
        #expect(try store.version(4, of: name, in: context) == nil)
        #expect(try store.versions(of: SecretStorageTests.name("B"), in: context).isEmpty)
    }

    @Test("adds many at once or none", arguments: StoreKind.allCases)
    func together(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind).secrets
        let context = try SecretStorageTests.context("ci")
        try store.insert(try Self.secret("B", 1, on: 1))
        let error = #expect(throws: SecretsError.self) {
            try store.insert([
                NewSecret(try Self.secret("A", 1, on: 2)), NewSecret(try Self.secret("B", 1, on: 2)),
            ])
        }
        #expect(error?.code == .conflict)
        #expect(try store.current(in: context).map(\.name.text) == ["B"])
        #expect(try store.versions(of: SecretStorageTests.name("B"), in: context).map(\.superseded) == [nil])
        try store.insert([
            NewSecret(try Self.secret("A", 1, on: 2)), NewSecret(try Self.secret("B", 2, on: 2)),
        ])
        #expect(try store.current(in: context).map(\.version) == [1, 2])
    }

    @Test("names what can be purged, and drops its bytes and nothing else", arguments: StoreKind.allCases)
    func purge(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind).secrets
        let (context, name) = (try SecretStorageTests.context("ci"), try SecretStorageTests.name("A"))
        try store.insert(try Self.secret("A", 1, on: 1))
        try store.insert([NewSecret(try Self.secret("A", 2, on: 2), formerReadableUntil: Self.day(20))])
        try store.insert(try Self.secret("A", 3, on: 3))
        try store.insert(try Self.secret("GONE", 1, on: 1))
        try store.delete(SecretStorageTests.name("GONE"), in: context, upTo: 1, at: Self.day(5))
        func purgeable(_ limit: Int64, _ now: Int64, _ count: Int = 9) throws -> [String] {
            try store.purgeable(before: Self.day(limit), at: Self.day(now), count: count)
                .map { "\($0.name) \($0.version)" }
        }
        #expect(try purgeable(2, 9) == [])
        #expect(try purgeable(3, 9) == ["A 2"])
        #expect(try purgeable(5, 20) == ["A 1", "A 2", "GONE 1"])
        #expect(try purgeable(5, 20, 2) == ["A 1", "A 2"])
        for address in try store.purgeable(before: Self.day(5), at: Self.day(20), count: 9) { try store.purge(address) }
        #expect(try purgeable(5, 20) == [])
        #expect(try store.versions(of: name, in: context).map(\.isPurged) == [false, true, true])
        #expect(try store.version(1, of: name, in: context) == nil)
        #expect(try store.current(in: context) == [try Self.secret("A", 3, on: 3)])
        #expect(try store.summaries(of: context).map(\.bytes) == [1, 0])
    }

    @Test(
        "is walked through in order, and replaced where nothing has changed in between",
        arguments: StoreKind.allCases
    )
    func walk(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind).secrets
        for (name, version) in [("B", 1), ("A", 1), ("A", 2), ("C", 1)] as [(String, UInt64)] {
            try store.insert(try Self.secret(name, version, on: 1))
        }
        try store.insert(try SecretStorageTests.secret("Z", 1, in: "before"))
        var seen: [String] = []
        var last: SecretAddress?
        while true {
            let rows = try store.sealed(behind: last, count: 2)
            guard let end = rows.last else { break }
            seen += rows.map { "\($0.context) \($0.name) \($0.version)" }
            last = end.address
        }
        #expect(seen == ["before Z 1", "ci A 1", "ci A 2", "ci B 1", "ci C 1"])
        let rows = try store.sealed(behind: nil, count: 9)
        #expect(try store.replace(rows.map { ($0, [9]) }) == 5)
        #expect(try store.replace(rows.map { ($0, [8]) }) == 0, "none is as it was")
        #expect(try store.sealed(behind: nil, count: 9).map(\.sealed) == Array(repeating: [9], count: 5))
        #expect(try store.replace([]) == 0)
    }

    @Test("keeps an inventory by source, place and name", arguments: StoreKind.allCases)
    func inventory(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind).secrets
        func item(_ source: String, _ place: String, _ name: String, _ day: Int64) throws -> InventoryItem {
            try InventoryItem(
                source: source,
                place: place,
                name: name,
                created: Self.day(day),
                updated: nil,
                listed: Self.day(day)
            )
        }
        #expect(try store.inventory().isEmpty)
        try store.list([try item("b", "p", "X", 1), try item("b", "p", "A", 1)], of: "b", replacing: false)
        try store.list([try item("a", "p", "X", 1)], of: "a", replacing: false)
        try store.list([try item("b", "p", "X", 2)], of: "b", replacing: false)
        #expect(
            try store.inventory() == [
                try item("a", "p", "X", 1), try item("b", "p", "A", 1), try item("b", "p", "X", 2),
            ]
        )
        try store.list([try item("b", "q", "Y", 3)], of: "b", replacing: true)
        #expect(try store.inventory() == [try item("a", "p", "X", 1), try item("b", "q", "Y", 3)])
    }
}
