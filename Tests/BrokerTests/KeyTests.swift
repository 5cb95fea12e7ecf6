import Broker
import Crypto
import HTTP
import JSON
import Ledger
import Support
import Testing
import Time
import Tokens

/// An office of keys in memory, whose copies are a stand-in's and whose changes are counted.
private struct KeySite {
    let book: LedgerHarness
    let storage: MemoryLedgerStorage
    let keys: MemoryKeys
    let office: KeyOffice
    let server = FakeIssuer()
    let taken = Taken()

    final class Taken: Sendable {
        private let count = TestTime()
        var times: Int { count.pauses.count }
        func add() { count.pause(.seconds(1)) }
    }

    init(mirrors: [String] = [], rotateAfter: Duration? = nil, others: [String: Duration?] = [:]) throws {
        storage = MemoryLedgerStorage()
        book = try LedgerHarness(storage: storage)
        try book.create()
        var rings: [IssuerRing: [IssuerKey]] = [:]
        for ring in IssuerRing.rings(of: nil) + others.keys.flatMap({ IssuerRing.rings(of: $0) }) {
            let key = IssuerKey(try SigningKey.generate(for: .es256), KeyLife(.active, since: book.clock.now))
            rings[ring] = [key]
        }
        keys = MemoryKeys(rings)
        office = KeyOffice(
            KeyOffice.Parts(
                storage: keys,
                executor: globalConcurrentExecutor,
                ledger: try book.open(),
                clock: book.clock.wall
            ),
            KeyTerms(
                rules: KeyRotation.Rules(
                    algorithms: [.es256],
                    cacheTime: .seconds(300),
                    tokenLifetime: .seconds(3_600),
                    rotateAfter: rotateAfter
                ),
                issuer: try IssuerURL("https://ci.example.com"),
                mirrors: mirrors,
                authorities: nil,
                others: others.map { name, rotateAfter in
                    KeyTerms.Other(
                        name: name,
                        path: name,
                        rules: KeyRotation.Rules(
                            algorithms: [.es256],
                            cacheTime: .seconds(60),
                            tokenLifetime: .seconds(3_600),
                            rotateAfter: rotateAfter
                        ),
                        mirrors: []
                    )
                }
            )
        )
        office.onChange { [taken] in
            taken.add()
            return true
        }
    }

    func change(_ change: KeyChange) async throws(Problem) -> JSON {
        try await office.change(change, by: "admin", trace: "t") {}
    }

    func tend() async throws(Problem) { try await office.tend(over: server, trace: "t") }

    /// Serves a ring's keys at its copies.
    func publish(at urls: [String], _ ring: IssuerRing = .trusted) throws {
        let body = try IssuerKeys(keys[ring]).published.json.serialized()
        for url in urls { server[url] = .document(body) }
    }

    var reasons: [String] {
        get throws {
            let size = storage.snapshot.head?.size ?? 0
            return try storage.entries(in: 0..<size).map { try Leaf(bytes: $0.bytes).entry.reason ?? "" }
        }
    }

    static let own = "https://ci.example.com/.well-known/jwks.json"
    static let mirror = "https://keys.example.com/.well-known/jwks.json"
}

@Suite("The issuers' keys turn over")
struct KeyTests {
    @Test("the gate waits for a stale mirror, says so, and the old key signs on")
    func staleMirror() async throws {
        let site = try KeySite(mirrors: ["https://keys.example.com"])
        let old = site.keys[.trusted][0].kid
        try site.publish(at: [KeySite.own, KeySite.mirror])
        _ = try await site.change(.prepare([.es256], [.trusted]))
        let new = try #require(site.keys[.trusted].last).kid
        _ = try await site.change(.activate(new, whenReady: true))
        try site.publish(at: [KeySite.own])
        for _ in 0..<5 {
            site.book.clock.advance(by: .seconds(400))
            try await site.tend()
        }
        #expect(try IssuerKeys(site.keys[.trusted]).signing(.es256)?.kid == old)
        let listed = try await site.office.list()["keys"]?.asArray?.first { $0["kid"] == .string(new) }
        #expect(listed?["state"] == "prepared")
        #expect(listed?["copies"]?.asArray?.map { $0["serves_it"] } == [true, false])
        try site.publish(at: [KeySite.mirror])
        try await site.tend()
        site.book.clock.advance(by: .seconds(299))
        try await site.tend()
        #expect(try IssuerKeys(site.keys[.trusted]).signing(.es256)?.kid == old)
        site.book.clock.advance(by: .seconds(1))
        try await site.tend()
        #expect(try IssuerKeys(site.keys[.trusted]).signing(.es256)?.kid == new)
    }

    @Test("rotate_after turns both rings over by itself, each step recorded before it is taken")
    func automatic() async throws {
        let site = try KeySite(rotateAfter: .seconds(86_400))
        let first = IssuerRing.rings(of: nil).map { site.keys[$0][0].kid }
        site.book.clock.advance(by: .seconds(86_400))
        try await site.tend()
        try site.publish(at: [KeySite.own])
        try site.publish(at: ["https://ci.example.com/untrusted/.well-known/jwks.json"], .untrusted)
        try await site.tend()
        site.book.clock.advance(by: .seconds(300))
        try await site.tend()
        for (ring, old) in zip(IssuerRing.rings(of: nil), first) {
            #expect(site.keys[ring].map(\.life.state) == [.retiring, .active])
            #expect(site.keys[ring][0].kid == old)
        }
        site.book.clock.advance(by: .seconds(3_900))
        try await site.tend()
        #expect(IssuerRing.rings(of: nil).map { site.keys[$0].count } == [1, 1])
        let reasons = try site.reasons
        for word in ["prepared", "published", "retiring", "active", "retired"] {
            #expect(reasons.filter { $0.hasPrefix(word) }.count == 2, "\(word): \(reasons)")
        }
        #expect(site.taken.times >= 4)
    }

    @Test("a further issuer's keys turn over at a pace of their own, and its copies are its own")
    func furtherIssuer() async throws {
        let site = try KeySite(others: ["acme": .seconds(86_400)])
        let ring = IssuerRing(issuer: "acme", isUntrusted: false)
        let own = site.keys[.trusted][0].kid
        let old = site.keys[ring][0].kid
        site.book.clock.advance(by: .seconds(86_400))
        try await site.tend()
        #expect(site.keys[ring].map(\.life.state) == [.active, .prepared])
        for (place, ring) in [("acme", ring), ("acme/untrusted", IssuerRing(issuer: "acme", isUntrusted: true))] {
            try site.publish(at: ["https://ci.example.com/\(place)/.well-known/jwks.json"], ring)
        }
        try await site.tend()
        site.book.clock.advance(by: .seconds(60))
        try await site.tend()
        #expect(site.keys[ring].map(\.life.state) == [.retiring, .active] && site.keys[ring][0].kid == old)
        #expect(site.keys[.trusted].map(\.kid) == [own])
        let listed = try await site.office.list()["keys"]?.asArray ?? []
        #expect(
            Set(listed.compactMap { $0["ring"]?.asString }) == [
                "trusted", "untrusted", "acme/trusted", "acme/untrusted",
            ]
        )
        #expect(listed.contains { $0["issuer"] == "https://ci.example.com/acme/untrusted" })
        // By hand as well, in its rings alone.
        _ = try await site.change(.prepare([.es256], [ring]))
        #expect(site.keys[ring].count == 3 && site.keys[.trusted].count == 1)
    }

    @Test("a revoked key's ring has another that signs when the answer comes")
    func revoke() async throws {
        let site = try KeySite()
        let stolen = site.keys[.trusted][0].kid
        let answer = try await site.change(.revoke(stolen))
        #expect(answer["keys"]?.asArray?.contains { $0["kid"] == .string(stolen) } == false)
        #expect(site.keys[.trusted].map(\.life.state) == [.active])
        #expect(site.taken.times == 1)
        #expect(try site.reasons.map { $0.hasPrefix("revoked") || $0.hasPrefix("made and active") } == [true, true])
    }

    @Test("what cannot be recorded or saved is not done, and what cannot be done says why")
    func failures() async throws {
        let site = try KeySite()
        let kid = site.keys[.trusted][0].kid
        let cases: [(KeyChange, Problem.Code)] = [
            (.retire(kid), .conflict), (.activate(kid, whenReady: false), .conflict), (.revoke("nobody's"), .notFound),
            (.prepare([.verifiedAlone], [.trusted]), .conflict),
        ]
        for (change, code) in cases {
            await #expect { try await site.change(change) } throws: { ($0 as? Problem)?.code == code }
        }
        #expect(try site.reasons.isEmpty)
        site.keys.isBusy = true
        await #expect { try await site.change(.revoke(kid)) } throws: { ($0 as? Problem)?.code == .conflict }
        site.keys.isBusy = false
        site.keys.fails = true
        await #expect { try await site.change(.revoke(kid)) } throws: { ($0 as? Problem)?.code == .unavailable }
        #expect(site.keys[.trusted][0].kid == kid)
        #expect(site.taken.times == 0)
    }
}

extension SignatureAlgorithm {
    /// One that is verified and not signed with.
    fileprivate static let verifiedAlone = SignatureAlgorithm.ps256
}

@Suite("Signing keys over HTTP, for administrators")
struct KeyEndpointTests {
    @Test("only an administrator sees or changes keys", arguments: ["/v1/keys/prepare", "/v1/keys/abcdefgh/revoke"])
    func roles(path: String) async throws {
        let site = try await BrokerHarness()
        #expect(try await site.send(.post, path).status == 401)
        #expect(try await site.send(.post, path, as: BrokerHarness.auditor).status == 403)
        #expect(try await site.send(.get, "/v1/keys", as: BrokerHarness.orchestrator).status == 403)
        #expect(try site.recorded == ["admin.denied", "admin.denied"])
    }
}
