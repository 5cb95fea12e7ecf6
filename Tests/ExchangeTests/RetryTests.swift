import Exchange
import HTTP
import Support
import Testing

@Suite("Trying again")
struct RetryTests {
    private static let outage = FakeTransport.Reply.failing(.connection)

    @Test("an outage that ends within the time is no failure")
    func recovers() async throws {
        let success = FakeTransport.Reply.status(200, try Vectors.text("sts-model.xml"))
        let harness = try TradeHarness([.status(503), Self.outage, .failing(.timeout), success])
        let credential = try await harness.obtain(at: awsTarget())
        #expect(credential.environment.texts()["AWS_ACCESS_KEY_ID"] == "ASgeIAIOSFODNN7EXAMPLE")
        #expect(harness.network.requests.count == 4)
        #expect(Set((0..<4).map { harness.sentToken($0) }).count == 1)
    }

    @Test("an outage that turns into a refusal is a refusal")
    func refusedAfterOutage() async throws {
        let harness = try TradeHarness([Self.outage, .status(403)])
        let failure = try #require(try await harness.failure(at: awsTarget()))
        #expect(failure.kind == .refused)
        #expect(failure.attempts == 2)
    }

    @Test("each pause is drawn from nothing up to a bound that doubles", arguments: [0, 0.5, 1])
    func jitter(_ part: Double) async throws {
        let harness = try TradeHarness([Self.outage], drawing: part)
        _ = try await harness.failure(at: awsTarget())
        #expect(harness.time.pauses == [250, 500, 1000].map { Duration.milliseconds($0) * part })
    }

    @Test("a cloud that asks for a pause gets it where there is time, and is not asked again where there is none")
    func retryAfter() async throws {
        let patient = try TradeHarness([.status(503, "", fields: ["Retry-After": "5"])])
        _ = try await patient.failure(at: awsTarget())
        #expect(patient.time.pauses == [.seconds(5), .seconds(5), .seconds(5)])
        let late = try TradeHarness([.status(429, "", fields: ["retry-after": "60"])])
        let failure = try #require(try await late.failure(at: awsTarget()))
        #expect(failure.kind == .outage)
        #expect(failure.attempts == 1)
        #expect(late.time.pauses.isEmpty)
    }

    @Test(
        "a pause that is no number of seconds is not waited for",
        arguments: ["", "soon", "-5", "5.5", "Wed, 21 Oct 2026 07:28:00 GMT", "99999999999999999999"]
    )
    func unreadableRetryAfter(_ value: String) async throws {
        let harness = try TradeHarness([.status(503, "", fields: ["Retry-After": value])], drawing: 0)
        _ = try await harness.failure(at: awsTarget())
        #expect(harness.time.pauses == [.zero, .zero, .zero])
    }

    @Test("a request has 10 seconds, its connection 3, and its answer a mebibyte")
    func limits() async throws {
        let harness = try TradeHarness([.status(403)])
        _ = try await harness.failure(at: awsTarget())
        #expect(
            harness.network.requests[0].limits
                == OutgoingRequest.Limits(connect: .seconds(3), total: .seconds(10), responseBytes: 1 << 20)
        )
    }

    @Test("a cloud that hangs is left within the target's time, and the last request has what remains of it")
    func hangs() async throws {
        let harness = try TradeHarness([.failure(.timeout, after: .seconds(3_600))])
        let failure = try #require(try await harness.failure(at: awsTarget()))
        #expect(failure.isTimeout)
        #expect(harness.time.elapsed <= .seconds(25))
        #expect(harness.network.requests.map(\.limits.total) == [.seconds(10), .seconds(10), .milliseconds(4_250)])
    }

    @Test("a time-out shorter than a request shortens the request and its connection")
    func shortTimeout() async throws {
        let harness = try TradeHarness([.failure(.timeout, after: .seconds(3_600))])
        let failure = try #require(try await harness.failure(at: awsTarget(timeout: .seconds(2))))
        #expect(failure.attempts == 1)
        #expect(harness.time.elapsed == .seconds(2))
        #expect(harness.network.requests[0].limits.connect == .seconds(2))
    }

    @Test("an answer of 3 MiB is broken, however good its beginning")
    func large() async throws {
        let body = try Vectors.text("sts-model.xml") + String(repeating: " ", count: 3 << 20)
        let harness = try TradeHarness([.status(200, body)])
        let failure = try #require(try await harness.failure(at: awsTarget()))
        #expect(failure.kind == .brokenAnswer)
        #expect(failure.code == "too-large")
    }

    @Test("a task that is cancelled during a pause sends the token no more, and lets no fallback stand in")
    func cancelled() async throws {
        let harness = try TradeHarness([Self.outage])
        let target = try awsTarget()
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            return try await harness.failure(at: target)
        }
        task.cancel()
        let failure = try #require(try await task.value)
        #expect(failure.kind == .cancelled)
        #expect(failure.attempts == 1)
        #expect(harness.network.requests.count == 1)
    }
}
