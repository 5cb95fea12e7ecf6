import HTTP
import JSON
import Support
import Testing

@Suite("What the configuration allows of size")
struct LimitTests {
    private func site(_ script: [FakeTransport.Reply] = []) async throws -> BrokerHarness {
        try await BrokerHarness(script, extra: "\nlimits: {json_depth: 4, response_bytes: 4096, secret_bytes: 5}\n")
    }

    @Test("a static secret of more bytes is refused with both numbers, and one of as many is taken")
    func secret() async throws {
        let site = try await site()
        let path = "/v1/contexts/legacy/secrets/KEY"
        let refused = try await site.send(.put, path, as: BrokerHarness.administrator, body: "123456")
        #expect(refused.status == 413)
        #expect(refused.json["error"] == "too_large")
        #expect(refused.text.contains("has 6 bytes, and limits.secret_bytes allows 5"))
        #expect(!refused.text.contains("123456"))
        #expect(try await site.send(.put, path, as: BrokerHarness.administrator, body: "12345").status == 201)
    }

    @Test(
        "a body that is nested deeper is refused for that, and another for what it says",
        arguments: [(3, false), (4, true)]
    )
    func depth(levels: Int, isTooDeep: Bool) async throws {
        let site = try await site()
        let nested = String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        let body = #"{"project": "acme/web", "workflow": "w", "job": \#(nested)}"#
        let answer = try await site.send(.post, "/v1/runs", as: BrokerHarness.orchestrator, body: body)
        #expect(answer.status == 400)
        #expect(answer.text.contains("cannot be read as JSON") == isTooDeep, "\(answer.text)")
    }

    @Test("a cloud is asked for an answer of no more bytes")
    func response() async throws {
        let site = try await site([.failing(.tooLarge)])
        let run = try await site.run()
        _ = try await site.send(.post, "/v1/targets/bao/credentials", as: run.token)
        #expect(site.network.requests.first?.limits.responseBytes == 4_096)
    }
}
