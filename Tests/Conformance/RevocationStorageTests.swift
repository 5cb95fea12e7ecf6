import Runs
import Support
import Testing
import Text
import Time

@Suite("A store of revocations")
struct RevocationStorageTests {
    private static func scopes() throws -> [Revocation.Scope] {
        [
            .run("run_é'; DROP TABLE revocations"), .project(try Pattern("acme/**")), .key("kid-1"),
            .since(UnixTime(milliseconds: 1_795_340_100_250)),
        ]
    }

    private static func revocation(_ id: String, _ scope: Revocation.Scope, until: Int64? = nil) -> Revocation {
        Revocation(
            id: id,
            scope: scope,
            made: UnixTime(milliseconds: 1_001),
            until: until.map { UnixTime(seconds: $0) },
            principal: id == "b" ? nil : "admin\"",
            reason: "found in a log\n"
        )
    }

    @Test("gives back every scope as it was added, in order, and counts each change", arguments: StoreKind.allCases)
    func scopes(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind).revocations
        let moment = UnixTime(seconds: 5)
        #expect(try store.revocationEpoch() == 0)
        #expect(try store.revocations(at: moment).inForce.isEmpty)
        var added: [Revocation] = []
        for (id, scope) in zip(["a", "b", "c", "d"], try Self.scopes()) {
            added.append(Self.revocation(id, scope))
            try store.add(added[added.count - 1])
            let found = try store.revocations(at: moment)
            #expect(found.inForce == added)
            #expect(found.epoch == Int64(added.count))
            #expect(try store.revocationEpoch() == found.epoch)
        }
    }

    @Test("leaves out what is lifted or over, and lifts once", arguments: StoreKind.allCases)
    func ends(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind).revocations
        try store.add(Self.revocation("a", .project(try Pattern("acme/web"))))
        try store.add(Self.revocation("b", .project(try Pattern("acme/api")), until: 10))
        #expect(try store.revocations(at: UnixTime(seconds: 9)).inForce.map(\.id) == ["a", "b"])
        #expect(try store.revocations(at: UnixTime(seconds: 10)).inForce.map(\.id) == ["a"])
        try store.lift("a", at: UnixTime(seconds: 6))
        #expect(try store.revocations(at: UnixTime(seconds: 9)).inForce.map(\.id) == ["b"])
        #expect(try store.revocationEpoch() == 3)
        try store.lift("a", at: UnixTime(seconds: 7))
        try store.lift("nobody's", at: UnixTime(seconds: 7))
        #expect(try store.revocations(at: UnixTime(seconds: 9)).inForce.map(\.id) == ["b"])
    }

    @Test("refuses an id that is there already, and changes nothing", arguments: StoreKind.allCases)
    func duplicates(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind).revocations
        try store.add(Self.revocation("a", .run("run_1")))
        let error = #expect(throws: RunError.self) { try store.add(Self.revocation("a", .run("run_2"))) }
        #expect(error?.code == .storage)
        #expect(try store.revocationEpoch() == 1)
        #expect(try store.revocations(at: UnixTime(seconds: 5)).inForce.map(\.scope) == [.run("run_1")])
    }

    @Test(
        "that many writers share never gives an epoch without what was committed up to it",
        arguments: StoreKind.allCases
    )
    func together(_ kind: StoreKind) async throws {
        let test = try StoreUnderTest(kind)
        let store = test.revocations
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask { try store.add(Self.revocation("r\(number)", .run("run_\(number)"))) }
            }
            group.addTask {
                for _ in 0..<40 {
                    let found = try store.revocations(at: UnixTime(seconds: 5))
                    #expect(found.inForce.count == Int(found.epoch))
                }
            }
            try await group.waitForAll()
        }
        #expect(try store.revocationEpoch() == 40)
    }
}
