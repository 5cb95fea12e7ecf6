import Exchange
import HTTP
import Support
import Testing

@Suite("Leaving a service alone that is down")
struct BreakerTests {
    private static let outage = FakeTransport.Reply.failing(.connection)

    /// Two trades that meet an outage: four tries of the first and one of the second open the breaker.
    private func opened(_ afterwards: [FakeTransport.Reply]) async throws -> TradeHarness {
        let harness = try TradeHarness(Array(repeating: Self.outage, count: 5) + afterwards, drawing: 0)
        _ = try await harness.failure(at: awsTarget())
        #expect(harness.position(of: "aws-prod") == .closed)
        let second = try #require(try await harness.failure(at: awsTarget()))
        // Not asked a sixth time: what is told is what the last try met.
        #expect(second.code == "connection")
        #expect(second.attempts == 1)
        #expect(harness.network.requests.count == 5)
        #expect(harness.position(of: "aws-prod") == .open)
        return harness
    }

    @Test("after five tries in a row that met an outage nobody waits for a sixth, and the failure says so")
    func opens() async throws {
        let harness = try await opened([Self.outage])
        let failure = try #require(try await harness.failure(at: awsTarget()))
        #expect(failure.kind == .outage)
        #expect(failure.code == "circuit-open")
        #expect(failure.attempts == 0)
        #expect(failure.message.contains("not for the next 5 s: 5 tries in a row failed, the last by connection"))
        #expect(harness.network.requests.count == 5)
    }

    @Test("another target is asked meanwhile")
    func others() async throws {
        let harness = try await opened([.status(400, #"{"errors":["no"]}"#)])
        #expect(try await harness.failure(at: vaultTarget())?.kind == .refused)
        #expect(harness.position(of: "vault-prod") == .closed)
    }

    @Test("after the pause one try goes through, and its success lets all through")
    func closes() async throws {
        let harness = try await opened([.status(200, try Vectors.text("sts-model.xml"))])
        harness.time.pass(.seconds(5))
        #expect(harness.position(of: "aws-prod") == .halfOpen)
        _ = try await harness.obtain(at: awsTarget())
        #expect(harness.position(of: "aws-prod") == .closed)
        _ = try await harness.obtain(at: awsTarget())
    }

    @Test("a refusal is an answer too: the service is up")
    func refusalCloses() async throws {
        let harness = try await opened([.status(403)])
        harness.time.pass(.seconds(5))
        #expect(try await harness.failure(at: awsTarget())?.kind == .refused)
        #expect(harness.position(of: "aws-prod") == .closed)
    }

    @Test("a try that fails after the pause doubles it, up to a minute")
    func doubles() async throws {
        let harness = try await opened([Self.outage])
        var pause = 5
        for expected in [10, 20, 40, 60, 60] {
            harness.time.pass(.seconds(pause))
            let asked = harness.network.requests.count
            let failure = try #require(try await harness.failure(at: awsTarget()))
            #expect(failure.code == "connection")
            #expect(harness.network.requests.count == asked + 1)
            pause = expected
            harness.time.pass(.seconds(pause - 1))
            #expect(try await harness.failure(at: awsTarget())?.code == "circuit-open")
            harness.time.pass(.seconds(-(pause - 1)))
        }
    }

    @Test("while one try is under way after the pause, no other goes through")
    func oneProbe() async throws {
        let harness = try await opened([.status(200, try Vectors.text("sts-model.xml"))])
        harness.time.pass(.seconds(5))
        harness.network.hold = {
            #expect(harness.position(of: "aws-prod") == .open)
        }
        _ = try await harness.obtain(at: awsTarget())
        #expect(harness.position(of: "aws-prod") == .closed)
    }

    @Test("a service that asks for longer gets longer")
    func retryAfter() async throws {
        let busy = FakeTransport.Reply.status(503, "", fields: ["Retry-After": "30"])
        let harness = try TradeHarness([busy])
        for _ in 0..<5 { _ = try await harness.failure(at: awsTarget()) }
        #expect(harness.position(of: "aws-prod") == .open)
        harness.time.pass(.seconds(29))
        #expect(harness.position(of: "aws-prod") == .open)
        harness.time.pass(.seconds(1))
        #expect(harness.position(of: "aws-prod") == .halfOpen)
    }
}
