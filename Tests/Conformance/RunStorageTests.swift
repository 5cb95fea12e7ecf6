import Crypto
import Runs
import Support
import Testing
import Time

@Suite("A store of runs")
struct RunStorageTests {
    @Test("gives back a run as it was inserted, and as it was ended", arguments: StoreKind.allCases)
    func life(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind)
        let run = Self.record("run_1", expires: 100)
        #expect(try store.runs.find("run_1") == nil)
        try store.runs.insert(run)
        #expect(try store.runs.find("run_1") == run)
        try store.runs.end("run_1", at: UnixTime(milliseconds: 50_500))
        #expect(try store.runs.find("run_1")?.ended == UnixTime(milliseconds: 50_500))
        try store.runs.end("run_1", at: UnixTime(seconds: 60))
        #expect(try store.runs.find("run_1")?.ended == UnixTime(milliseconds: 50_500), "a run ends once")
        try store.runs.end("run_2", at: UnixTime(seconds: 60))
        #expect(try store.runs.find("run_2") == nil, "ending what is not there makes nothing")
    }

    @Test("refuses an ID or a token that is there already, and changes nothing", arguments: StoreKind.allCases)
    func duplicates(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind)
        let run = Self.record("run_1", expires: 100)
        try store.runs.insert(run)
        for other in [
            Self.record("run_1", token: "other", expires: 7), Self.record("run_2", token: "run_1", expires: 7),
        ] {
            let error = #expect(throws: RunError.self) { try store.runs.insert(other) }
            #expect(error?.code == .storage)
        }
        #expect(try store.runs.active(at: UnixTime(seconds: 0)) == [run])
    }

    @Test("knows which runs are active: not ended, and not expired", arguments: StoreKind.allCases)
    func active(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind)
        for (id, expires) in [("a", 10), ("b", 20), ("c", 30)] as [(String, Int64)] {
            try store.runs.insert(Self.record(id, expires: expires))
        }
        try store.runs.end("c", at: UnixTime(seconds: 5))
        func active(_ seconds: Int64) throws -> Set<String> {
            Set(try store.runs.active(at: UnixTime(seconds: seconds)).map(\.id))
        }
        #expect(try active(0) == ["a", "b"])
        #expect(try active(9) == ["a", "b"])
        #expect(try active(10) == ["b"])
        #expect(try active(20) == [])
    }

    @Test("forgets runs that expired before a moment, and no others", arguments: StoreKind.allCases)
    func forgetting(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind)
        for (id, expires) in [("a", 10), ("b", 20), ("c", 30)] as [(String, Int64)] {
            try store.runs.insert(Self.record(id, expires: expires))
        }
        try store.runs.remove(expiredBefore: UnixTime(seconds: 20))
        #expect(try store.runs.find("a") == nil)
        #expect(try store.runs.find("b") != nil)
        #expect(try store.runs.find("c") != nil)
    }

    @Test("keeps claims byte for byte", arguments: StoreKind.allCases)
    func claims(_ kind: StoreKind) throws {
        let store = try StoreUnderTest(kind)
        let claims = Array(#"{"project":"acme/\u00fc","b":[1,2]}"#.utf8)
        let run = RunRecord(
            id: "run_é'; DROP TABLE runs",
            principal: "fleet\"",
            claims: claims,
            tokenDigest: SHA256.hash("t"),
            registered: UnixTime(milliseconds: -1),
            expires: UnixTime(milliseconds: .max),
            ended: nil
        )
        try store.runs.insert(run)
        #expect(try store.runs.find(run.id) == run)
    }

    private static func record(_ id: String, token: String? = nil, expires: Int64) -> RunRecord {
        RunRecord(
            id: id,
            principal: "runner-fleet",
            claims: Array(#"{"project":"acme/web"}"#.utf8),
            tokenDigest: SHA256.hash(token ?? id),
            registered: UnixTime(seconds: 1),
            expires: UnixTime(seconds: expires),
            ended: nil
        )
    }
}
