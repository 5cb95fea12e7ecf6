import Crypto
import Federation
import JSON
import Locks
import Support
import Testing
import Time
import Tokens

@Suite("Other issuers' keys, while they are away and under fire")
struct UpstreamTests {
    private func github() throws -> SystemVector { try #require(SystemVector.all().first { $0.name == "github" }) }

    @Test("an issuer that is down for five minutes fails nobody whose keys were fetched before")
    func survivesOutage() async throws {
        let harness = try FederationHarness(try github())
        _ = try await harness.identify(try harness.token())
        harness.system.takeDown()
        for _ in 0..<60 {
            harness.clock.advance(by: .seconds(10))
            _ = try await harness.identify(try harness.token())
        }
        harness.system.putUp()
        harness.clock.advance(by: .seconds(11))
        _ = try await harness.identify(try harness.token())
    }

    @Test("stale keys serve for an hour after their fetch, and no longer")
    func staleness() async throws {
        let harness = try FederationHarness(try github())
        _ = try await harness.identify(try harness.token())
        harness.system.takeDown()
        harness.clock.advance(by: .seconds(3_590))
        _ = try await harness.identify(try harness.token())
        harness.clock.advance(by: .seconds(20))
        let refusal = try #require(await harness.refusal(of: try harness.token()))
        #expect(refusal.code == .unreachable)
    }

    @Test("an issuer's going and its return are reported once each")
    func reports() async throws {
        let reported = Lock<[String]>([])
        let clock = TestClock()
        let system = try ForeignSystem(try github().json)
        let upstream = Upstream(
            keys: UpstreamKeys(clock: clock.wall) { issuer, report in
                let word = if case .gone(_, let end) = report { "gone \(end != nil)" } else { "back" }
                reported.withLock { $0.append("\(issuer) \(word)") }
            },
            spent: SpentTokens(),
            clock: clock.wall
        )
        let issuers = try github().issuers()
        func pass() async throws {
            clock.advance(by: .seconds(11))
            _ = try await upstream.identify(try system.token(at: clock.wall()), by: issuers, over: system.server)
        }
        try await pass()
        system.takeDown()
        clock.advance(by: .seconds(300))
        for _ in 0..<20 { try await pass() }
        #expect(reported.withLock { $0.count } == 1)
        system.putUp()
        // Nobody waits for the fetch that finds the issuer again; keys of before serve for an hour, 300 passes.
        for _ in 0..<200 where reported.withLock({ $0.count }) < 2 {
            try await pass()
            await Task.yield()
        }
        let issuer = "https://token.actions.githubusercontent.com"
        #expect(reported.withLock { $0 } == ["\(issuer) gone true", "\(issuer) back"])
    }

    @Test("a flood of unknown kids makes one fetch an interval")
    func flood() async throws {
        let harness = try FederationHarness(try github())
        _ = try await harness.identify(try harness.token())
        let before = harness.system.server.requests.count
        for interval in 1...3 {
            harness.clock.advance(by: .seconds(10))
            for number in 0..<200 {
                let token = try harness.token(header: ["kid": .string("invented-\(interval)-\(number)")])
                #expect(await harness.refusal(of: token)?.code == .token)
            }
            // Each fetch is two requests: the discovery document and the keys.
            #expect(harness.system.server.requests.count == before + 2 * interval)
        }
    }

    @Test("callers who come together share one fetch")
    func singleFlight() async throws {
        let harness = try FederationHarness(try github())
        let token = try harness.token()
        harness.system.server.hold()
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<50 { group.addTask { await harness.refusal(of: token) == nil } }
            await harness.system.server.requestsReach(1)
            harness.system.server.release()
            for await isTaken in group { #expect(isTaken) }
        }
        #expect(harness.system.server.requests.count == 2)
    }

    @Test("an entry that takes each token once takes it once, and another token of the same run again")
    func once() async throws {
        let configuration = "preset: github\nonce: true\nrequire: {repository_owner_id: 65342}\n"
        let harness = try FederationHarness(try github(), configuration: configuration)
        let token = try harness.token()
        _ = try await harness.identify(token)
        #expect(await harness.refusal(of: token)?.code == .spent)
        _ = try await harness.identify(try harness.token(["jti": "another"]))
        let unnamed = try #require(await harness.refusal(of: try harness.token(["jti": 7])))
        #expect(unnamed.reason.hasPrefix("jti"))
    }

    @Test("a full memory of spent tokens takes nothing rather than something twice")
    func capacity() {
        let spent = SpentTokens(capacity: 2)
        let now = UnixTime(seconds: 1_000)
        #expect(spent.spend(SHA256.hash("a"), until: now + .seconds(10), now: now))
        #expect(spent.spend(SHA256.hash("b"), until: now + .seconds(20), now: now))
        #expect(!spent.spend(SHA256.hash("c"), until: now + .seconds(30), now: now))
        #expect(spent.spend(SHA256.hash("c"), until: now + .seconds(30), now: now + .seconds(11)))
    }

    @Test("of two entries for one issuer the one whose rules hold takes the token; else both say why not")
    func twoEntries() async throws {
        let vector = try github()
        let system = try ForeignSystem(vector.json)
        let clock = TestClock()
        let upstream = Upstream(
            keys: UpstreamKeys(clock: clock.wall) { _, _ in },
            spent: SpentTokens(),
            clock: clock.wall
        )
        let issuers =
            try SystemVector.issuers("preset: github\nname: other\nrequire: {repository_owner_id: 1}\n")
            + vector.issuers()
        let identity = try await upstream.identify(
            try system.token(at: clock.wall()),
            by: issuers,
            over: system.server
        )
        #expect(identity.issuer.name == "github")
        let stranger = try system.token(at: clock.wall(), ["repository_owner_id": "9"])
        await #expect {
            _ = try await upstream.identify(stranger, by: issuers, over: system.server)
        } throws: { error in
            guard let error = error as? FederationError else { return false }
            return error.reason.contains("other: ") && error.reason.contains("github: ")
        }
    }

    @Test("what is no token at all is refused before any key is fetched", arguments: ["", "a.b.c", "jpr_secret", "{}"])
    func garbage(text: String) async throws {
        let harness = try FederationHarness(try github())
        #expect(await harness.refusal(of: text)?.code == .token)
        #expect(harness.system.server.requests.isEmpty)
    }
}
