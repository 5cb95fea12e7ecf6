import HTTP
import JSON
import Ledger
import Testing

@Suite("Output that is not masked")
struct UnmaskedTests {
    @Test("every target and context is recorded with the run, before anything is asked for")
    func records() async throws {
        let site = try await BrokerHarness()
        let run = try await site.run()
        let body = #"{"targets": ["bao", "bare"], "contexts": ["legacy"]}"#
        #expect(try await site.send(.post, "/v1/unmasked", as: run.token, body: body).status == 204)
        let entries = try site.entries.filter { $0.kind == .outputUnmasked }
        #expect(entries.map(\.target) == ["bao", "bare", nil])
        #expect(entries.map(\.context) == [nil, nil, "legacy"])
        #expect(entries.allSatisfy { $0.run == run.id && $0.reason?.contains("--no-mask") == true })
    }

    @Test(
        "what names nothing, too much or no name is refused, and recorded as nothing",
        arguments: [
            "", "[]", "{}", #"{"targets": []}"#, #"{"targets": "bao"}"#, #"{"contexts": [1]}"#,
            #"{"targets": ["a b"]}"#,
            #"{"targets": [\#((0...64).map { "\"t\($0)\"" }.joined(separator: ","))]}"#,
        ]
    )
    func refuses(body: String) async throws {
        let site = try await BrokerHarness()
        let run = try await site.run()
        #expect(try await site.send(.post, "/v1/unmasked", as: run.token, body: body).status == 400)
        #expect(try site.recorded == ["run.registered"])
        #expect(try await site.send(.post, "/v1/unmasked", body: body).status == 401)
    }
}
