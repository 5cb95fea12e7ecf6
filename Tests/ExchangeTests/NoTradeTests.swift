import Exchange
import HTTP
import JSON
import Ledger
import Support
import Testing
import Time

@Suite("A target without a trade")
struct NoTradeTests {
    @Test("the job gets the ID token itself, and nobody is asked")
    func token() async throws {
        let harness = try TradeHarness([.failing(.connection)])
        let target = try Target(name: "api", service: .none(NoneTarget(environment: "API_TOKEN")))
        let credential = try await harness.obtain(at: target)
        let texts = credential.environment.texts()
        #expect(texts.keys.sorted() == ["API_TOKEN"])
        #expect(texts["API_TOKEN"]?.split(separator: ".").count == 3)
        #expect(credential.type == .none)
        #expect(credential.expires == harness.book.clock.now + .seconds(300))
        #expect(credential.details == ["audience": "sts.amazonaws.com"])
        #expect(harness.network.requests.isEmpty)
        #expect(try harness.lastEntry().target == "api")
    }
}
