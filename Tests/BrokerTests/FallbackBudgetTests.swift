import Broker
import Crypto
import HTTP
import JSON
import Ledger
import Support
import Testing
import Time

@Suite("The budget of a fallback")
struct FallbackBudgetTests {
    private static let outage = Array(repeating: FakeTransport.Reply.failing(.connection), count: 400)

    private func site() async throws -> (BrokerHarness, token: String) {
        let site = try await BrokerHarness(Self.outage, budget: "3/day")
        _ = try await site.send(
            .put,
            "/v1/contexts/legacy/secrets/VAULT_TOKEN",
            as: BrokerHarness.administrator,
            body: "s.OLD"
        )
        return (site, try await site.run().token)
    }

    private func ask(_ site: BrokerHarness, _ token: String) async throws -> Answer {
        try await site.send(.post, "/v1/targets/bao/credentials", as: token)
    }

    @Test("it is used as often as it may be in a day, then refused, recorded and counted, and the next day used again")
    func spent() async throws {
        let (site, token) = try await site()
        for _ in 0..<3 { #expect(try await ask(site, token).json["source"] == "fallback") }
        let refused = try await ask(site, token)
        #expect(refused.status == 503)
        #expect(refused.text.contains("its budget of 3/day is used up until 2026-11-23T00:00:00"))
        let entry = try #require(try site.entries.last)
        #expect(entry.kind == .secretDenied)
        #expect(entry.target == "bao")
        #expect(entry.context == "legacy")
        #expect(entry.cause?.isEmpty == false)
        let figures = try await site.send(.get, "/metrics").text
        #expect(figures.contains("jobpass_target_fallbacks_total{target=\"bao\",outcome=\"used\"} 3\n"))
        #expect(figures.contains("jobpass_target_fallbacks_total{target=\"bao\",outcome=\"over_budget\"} 1\n"))
        site.book.clock.advance(by: .seconds(15 * 3_600))
        let next = try await site.run().token
        #expect(try await ask(site, next).json["source"] == "fallback")
    }

    @Test("a broker that was started anew counts what the ledger has of the day")
    func restarted() async throws {
        let (site, token) = try await site()
        for _ in 0..<2 { _ = try await ask(site, token) }
        let again = try await site.restarted()
        #expect(try await ask(again, token).json["source"] == "fallback")
        #expect(try await ask(again, token).status == 503)
    }

    @Test("of many at once no more get it than it allows")
    func together() async throws {
        let (site, token) = try await site()
        let broker = site.broker
        let network = site.network
        let time = site.time
        let sources = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    let request = HTTPRequest(
                        method: .post,
                        path: "/v1/targets/bao/credentials",
                        query: "",
                        fields: ["Authorization": "Bearer \(token)"],
                        body: [],
                        peer: HTTPPeer(address: "192.0.2.7", certificate: nil)
                    )
                    return await broker.answer(request, over: network, pacing: time.pacing()).status == 200
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(sources == 3)
        #expect(try site.recorded.count { $0 == "fallback.used" } == 3)
    }

    @Test("a use of which nothing came is not counted")
    func givenBack() async throws {
        let site = try await BrokerHarness(Self.outage, budget: "1/day")
        let token = try await site.run().token
        #expect(try await ask(site, token).status == 404, "the context is empty")
        _ = try await site.send(
            .put,
            "/v1/contexts/legacy/secrets/VAULT_TOKEN",
            as: BrokerHarness.administrator,
            body: "s.OLD"
        )
        #expect(try await ask(site, token).json["source"] == "fallback")
    }
}
