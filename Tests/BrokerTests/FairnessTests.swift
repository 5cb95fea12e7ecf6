import HTTP
import JSON
import Ledger
import Support
import Testing

@Suite("Nobody takes more than a share")
struct FairnessTests {
    private static let audience = "/v1/token?audience=https://service.example.com"

    private func site(_ limits: String) async throws -> BrokerHarness {
        try await BrokerHarness(extra: "\nlimits: {\(limits)}\n")
    }

    private func metric(_ limit: String, of site: BrokerHarness) async throws -> Int {
        let page = try await site.send(.get, "/metrics").text
        let line = page.split(separator: "\n").first { $0.hasPrefix("jobpass_limited_total{limit=\"\(limit)\"}") }
        return try #require(line.flatMap { Int($0.split(separator: " ").last ?? "") })
    }

    @Test("a run over its rate is refused with when to come again, and another run is served")
    func runs() async throws {
        let site = try await site("run_rate: 2, run_burst: 3")
        let (one, other) = (try await site.run(), try await site.run())
        for _ in 0..<3 { #expect(try await site.send(.get, Self.audience, as: one.token).status == 200) }
        let before = site.time.elapsed
        let refused = try await site.send(.get, Self.audience, as: one.token)
        #expect(refused.status == 429)
        #expect(refused.json["error"] == "slow_down")
        #expect(refused.response.fields["Retry-After"] == "1")
        #expect(refused.text.contains("2 requests a second and 3 at once"))
        // It was held for a moment, so that asking again at once gains nothing.
        #expect((.milliseconds(500) ... .milliseconds(1_500)).contains(site.time.elapsed - before))
        #expect(try await site.send(.get, Self.audience, as: other.token).status == 200)
        #expect(try await metric("run_rate", of: site) == 1)
        #expect(site.lines.all.contains("limit=run_rate"))
        #expect(!site.lines.all.contains(one.token))
    }

    @Test("every call of a run counts, whatever it asks for")
    func everyCall() async throws {
        let site = try await site("run_rate: 1, run_burst: 2")
        let run = try await site.run()
        #expect(try await site.send(.get, "/v1/whoami", as: run.token).status == 200)
        #expect(try await site.send(.get, "/v1/contexts/nothing", as: run.token).status == 403)
        #expect(try await site.send(.post, "/v1/targets/bare/credentials", as: run.token).status == 429)
    }

    @Test("a principal over its rate is refused, and another one is served")
    func principals() async throws {
        let site = try await site("principal_rate: 1, principal_burst: 2")
        _ = (try await site.run(), try await site.run())
        let body = #"{"project": "acme/web", "workflow": "w", "job": "j"}"#
        let refused = try await site.send(.post, "/v1/runs", as: BrokerHarness.orchestrator, body: body)
        #expect(refused.status == 429)
        #expect(try await site.send(.get, "/v1/keys", as: BrokerHarness.administrator).status != 429)
        #expect(try await metric("principal_rate", of: site) == 1)
    }

    @Test("an address over its rate is refused, but what keeps the broker running is answered")
    func addresses() async throws {
        let site = try await site("address_rate: 1, address_burst: 2, unlimited_addresses: [192.0.2.7]")
        for _ in 0..<2 { #expect(try await site.send(.get, "/log/key", from: "2001:db8::1").status == 200) }
        // Another address of the same /64 is the same client.
        #expect(try await site.send(.get, "/log/key", from: "2001:db8::2").status == 429)
        #expect(try await site.send(.get, "/log/key", from: "2001:db8:0:1::1").status == 200)
        for path in ["/healthz", "/readyz", "/metrics"] {
            #expect(try await site.send(.get, path, from: "2001:db8::2").status == 200)
        }
        for _ in 0..<10 { #expect(try await site.send(.get, "/log/key").status == 200) }
        #expect(try await metric("address_rate", of: site) == 1)
    }

    @Test("a wrong token costs its address, not the principal")
    func guesses() async throws {
        let site = try await site("address_rate: 1, address_burst: 3, principal_rate: 1, principal_burst: 1")
        for _ in 0..<3 {
            #expect(try await site.send(.get, "/v1/keys", as: "guess", from: "203.0.113.9").status == 401)
        }
        #expect(try await site.send(.get, "/v1/keys", as: "guess", from: "203.0.113.9").status == 429)
        #expect(try await site.send(.get, "/v1/keys", as: BrokerHarness.administrator).status != 429)
    }

    @Test("a run gets so many tokens and no more, which the ledger says")
    func tokens() async throws {
        let site = try await site("tokens_per_run: 2")
        let (one, other) = (try await site.run(), try await site.run())
        for _ in 0..<2 { #expect(try await site.send(.get, Self.audience, as: one.token).status == 200) }
        for _ in 0..<2 {
            let refused = try await site.send(.get, Self.audience, as: one.token)
            #expect(refused.status == 403)
            #expect(refused.json["error"] == "access_denied")
            #expect(refused.text.contains("the run has had 2 tokens, which is limits.tokens_per_run"))
        }
        // Tokens that the broker trades itself count too.
        #expect(try await site.send(.post, "/v1/targets/bare/credentials", as: one.token).status == 403)
        #expect(try await site.send(.get, Self.audience, as: other.token).status == 200)
        let denied = try site.entries.filter { $0.kind == .tokenDenied }
        #expect(denied.map(\.run) == [one.id, one.id, one.id])
        #expect(denied.first?.reason == "the run has had 2 tokens, which is limits.tokens_per_run")
        #expect(try await metric("tokens_per_run", of: site) == 3)
    }

    @Test("more requests under way than the broker takes are told so at once")
    func requests() async throws {
        let site = try await site("requests: 1, run_rate: 1, run_burst: 1")
        let gate = Gate()
        let asked = Gate()
        let slow = SlowTransport(gate: gate, asked: asked)
        let run = try await site.run()
        async let first = site.send(.post, "/v1/targets/bao/credentials", as: run.token, checks: false, over: slow)
        await asked.wait()
        let refused = try await site.send(.get, "/log/key", checks: false)
        #expect(refused.status == 503)
        #expect(refused.json["error"] == "unavailable")
        #expect(refused.response.fields["Retry-After"] == "1")
        #expect(try await site.send(.get, "/healthz", checks: false).status == 200)
        gate.open()
        _ = try await first
        #expect(try await site.send(.get, "/log/key").status == 200)
        #expect(try await metric("requests", of: site) == 1)
    }
}

/// A cloud that answers nothing before it is let.
private struct SlowTransport: Transport {
    let gate: Gate
    let asked: Gate

    func send(_ request: OutgoingRequest) async throws(TransportError) -> HTTPResponse {
        asked.open()
        await gate.wait()
        return HTTPResponse(status: 400)
    }
}
