import Crypto
import Doctor
import Exchange
import HTTP
import JSON
import Support
import Testing
import Time
import Tokens

@Suite("The doctor names what is wrong with an issuer, and what mends it")
struct DoctorTests {
    private static let keys = Result { try IssuerKeys.generate(for: [.es256]) }
    private let issuer: Issuer
    private let server = FakeIssuer()
    private let clock = TestClock()

    init() throws {
        issuer = Issuer(url: try IssuerURL("https://ci.example.com"), keys: try Self.keys.get())
        server.publish(issuer)
    }

    private func doctor(_ addresses: [String] = ["203.0.113.7"]) -> Doctor {
        Doctor(transport: server, clock: clock.wall, resolver: { _ in .success(addresses) })
    }

    private func checks(_ addresses: [String] = ["203.0.113.7"]) async -> [Check] {
        await doctor(addresses).examine(ExpectedIssuer(issuer, isPublicWanted: true))
    }

    /// Puts up the discovery document with some members changed.
    private func publish(_ changes: JSONObject) throws {
        var document = try #require(try JSON.parse(issuer.discoveryDocument.body).asObject)
        for change in changes.members { document[change.name] = change.value }
        server[issuer.url.discovery] = .document(JSON.object(document).serialized())
    }

    @Test("a good issuer passes; only the cache time that nobody gave is warned of")
    func good() async {
        let checks = await checks()
        #expect(checks.filter { $0.verdict == .failed } == [])
        #expect(checks.filter { $0.verdict == .warning }.map(\.name) == ["cache"])
        #expect(checks.first { $0.name == "keys" }?.seen.contains("all that sign among them") == true)
    }

    @Test("an issuer that differs by the slash at its end is told as that")
    func slash() async throws {
        try publish(["issuer": "https://ci.example.com/"])
        let check = try #require(await checks().first { $0.name == "discovery" })
        #expect(check.verdict == .failed)
        #expect(check.seen.contains("differs by the slash"))
        #expect(check.fix.contains("the same to the letter"))
    }

    @Test(
        "members that AWS needs are missed",
        arguments: ["response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported"]
    )
    func members(name: String) async throws {
        try publish([name: []])
        let check = try #require(await checks().first { $0.name == "discovery.members" })
        #expect(check.verdict == .failed)
        #expect(check.seen.contains(name))
    }

    @Test("keys without the one that signs are told with its name")
    func missingKey() async throws {
        let other = Issuer(url: issuer.url, keys: try IssuerKeys.generate(for: [.es256]))
        server[issuer.url.keys] = .document(other.keyDocument.body)
        let check = try #require(await checks().first { $0.name == "keys" })
        #expect(check.verdict == .failed)
        #expect(check.seen.contains(issuer.keys.all[0].kid))
    }

    @Test("a private key among the public ones is an emergency")
    func leaked() async throws {
        server[issuer.url.keys] = .document(Array(#"{"keys":[{"kty":"EC","kid":"k","d":"AAAA"}]}"#.utf8))
        let check = try #require(await checks().first { $0.name == "keys" })
        #expect(check.verdict == .failed)
        #expect(check.fix.contains("revoke the key at once"))
        #expect(!check.seen.contains("AAAA"))
    }

    @Test(
        "why no answer came is told by what mends it",
        arguments: [
            (TransportError.Code.connection, "issuer.reachable", "firewall"),
            (.timeout, "issuer.reachable", "drops packets"),
            (.nameLookup, "issuer.reachable", "DNS"), (.certificate, "tls", "intermediates"), (.tls, "tls", "TLS"),
        ]
    )
    func unreachable(code: TransportError.Code, name: String, fix: String) async throws {
        server[issuer.url.discovery] = .failure(code)
        let checks = await checks()
        let check = try #require(checks.first { $0.verdict == .failed })
        #expect(check.name == name)
        #expect(check.fix.contains(fix))
        #expect(checks.filter { $0.verdict == .skipped }.map(\.name) == ["discovery", "keys", "cache"])
    }

    @Test(
        "a name that leads into a private network is out of the clouds' reach",
        arguments: [
            "10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.1.1", "100.64.0.1", "::1", "fe80::1",
            "fd00::1",
            "::ffff:10.0.0.1",
        ]
    )
    func privateName(address: String) async throws {
        let check = try #require(await checks([address]).first { $0.name == "name" })
        #expect(check.verdict == .failed)
        #expect(check.seen.contains(address))
    }

    @Test("a public name passes", arguments: ["203.0.113.7", "172.32.0.1", "100.128.0.1", "2001:db8::7"])
    func publicName(address: String) async throws {
        #expect(await checks([address]).first { $0.name == "name" }?.verdict == .passed)
    }

    @Test(
        "the clock is compared with the server's",
        arguments: [
            (0, .passed), (10, .passed), (-10, .passed), (30, .warning), (-30, .warning), (600, .failed),
            (-600, .failed),
        ] as [(Int64, Check.Verdict)]
    )
    func skew(seconds: Int64, verdict: Check.Verdict) async throws {
        let dated = DatedServer(clock.now + .seconds(seconds))
        let doctor = Doctor(transport: dated, clock: clock.wall, resolver: { _ in .success([]) })
        let checks = await doctor.examine(doorstep: "https://sts.example.com/", authorities: nil)
        let check = try #require(checks.last)
        #expect(check.name == "clock")
        #expect(check.verdict == verdict, "\(check)")
        if verdict == .failed { #expect(check.seen.contains(seconds > 0 ? "behind" : "ahead of")) }
    }

    @Test("an answer out of a cache is as old as it says, and tells the clock all the same")
    func cachedAnswer() async throws {
        let cached = DatedServer(clock.now - .seconds(240), age: 240)
        let doctor = Doctor(transport: cached, clock: clock.wall, resolver: { _ in .success([]) })
        let checks = await doctor.examine(doorstep: "https://sts.example.com/", authorities: nil)
        #expect(checks.last?.verdict == .passed, "\(checks)")
    }

    @Test("a copy that has not the key that signs is stale")
    func mirror() async throws {
        let old = Issuer(url: issuer.url, keys: try IssuerKeys.generate(for: [.es256]))
        server["https://bucket.example/.well-known/openid-configuration"] = .document(old.discoveryDocument.body)
        server["https://bucket.example/.well-known/jwks.json"] = .document(old.keyDocument.body)
        let expected = ExpectedIssuer(issuer, isPublicWanted: true)
        let checks = await doctor().examine(mirror: "https://bucket.example/", of: expected)
        let check = try #require(checks.first { $0.verdict == .failed })
        #expect(check.name == "mirror")
        #expect(check.fix.contains("copy the keys to the mirror again"))
        server["https://bucket.example/.well-known/jwks.json"] = .document(issuer.keyDocument.body)
        #expect(
            await doctor().examine(mirror: "https://bucket.example", of: expected).allSatisfy { $0.verdict != .failed }
        )
    }
}

/// A server whose clock is its own.
private struct DatedServer: Transport {
    let time: UnixTime
    let age: Int?

    init(_ time: UnixTime, age: Int? = nil) {
        self.time = time
        self.age = age
    }

    func send(_ request: OutgoingRequest) async throws(TransportError) -> HTTPResponse {
        let text = RFC3339.format(UnixTime(seconds: time.seconds))
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = text.split { "-T:Z".contains($0) }
        let month = months[(Int(parts[1]) ?? 1) - 1]
        let date = "Mon, \(parts[2]) \(month) \(parts[0]) \(parts[3]):\(parts[4]):\(parts[5]) GMT"
        var fields: HTTPFields = ["Date": date]
        if let age { fields.append("Age", "\(age)") }
        return HTTPResponse(status: 403, fields: fields)
    }
}
