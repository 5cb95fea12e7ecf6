import HTTP
import JSON
import Ledger
import Support
import Testing

@Suite("Traces and times")
struct TracingTests {
    private static let audience = "/v1/token?audience=https://service.example.com"
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let sent = "00-\(trace)-b7ad6b7169203331-01"

    @Test("a caller's trace is that of the answer, the ledger, the log and of what the broker asks of others")
    func honoured() async throws {
        let site = try await BrokerHarness()
        let run = try await site.run()
        let denied = try await site.send(
            .get,
            "/v1/token?audience=other",
            as: run.token,
            fields: ["traceparent": Self.sent]
        )
        #expect(denied.json["trace"]?.asString == Self.trace)
        #expect(try site.entries.last?.trace == Self.trace)
        #expect(site.lines.all.contains("trace=\(Self.trace)"))
        #expect(site.lines.all.contains("parent=b7ad6b7169203331"))
        _ = try await site.send(
            .post,
            "/v1/targets/bao/credentials",
            as: run.token,
            fields: ["traceparent": Self.sent]
        )
        let passedOn = try #require(site.network.requests.last?.fields["traceparent"].flatMap(TraceParent.init))
        #expect(passedOn.trace == Self.trace)
        #expect(passedOn.isSampled)
        #expect(passedOn.parent != "b7ad6b7169203331")
    }

    @Test(
        "a field that breaks a rule is taken for none, and a trace is begun",
        arguments: [
            ["00-00000000000000000000000000000000-b7ad6b7169203331-01"], ["00-\(trace)-b7ad6b7169203331"], ["junk"],
            [sent, sent],
        ]
    )
    func begun(values: [String]) async throws {
        let site = try await BrokerHarness()
        var fields = HTTPFields()
        for value in values { fields.append("traceparent", value) }
        let answer = try await site.send(.get, Self.audience, as: "jpr_wrong", fields: fields)
        let trace = try #require(answer.json["trace"]?.asString)
        #expect(trace != Self.trace)
        #expect(TraceParent("00-\(trace)-b7ad6b7169203331-01") != nil)
    }

    @Test("what takes time is told by bounds, sum and count, under names and labels that stay")
    func histograms() async throws {
        let site = try await BrokerHarness()
        let run = try await site.run()
        #expect(try await site.send(.get, Self.audience, as: run.token).status == 200)
        let lines = try await site.send(.get, "/metrics").text.split(separator: "\n").map(String.init)
        for line in [
            "# TYPE jobpass_request_seconds histogram", "jobpass_request_seconds_bucket{call=\"token\",le=\"0.001\"} 1",
            "jobpass_request_seconds_bucket{call=\"token\",le=\"+Inf\"} 1",
            "jobpass_request_seconds_sum{call=\"token\"} 0.0",
            "jobpass_request_seconds_count{call=\"token\"} 1", "jobpass_request_seconds_count{call=\"run\"} 1",
            "jobpass_request_seconds_count{call=\"audit\"} 0",
            "jobpass_exchange_seconds_bucket{outcome=\"succeeded\",le=\"30.0\"} 0",
            "jobpass_ledger_seconds_count{step=\"recorded\"} 2", "jobpass_ledger_waiting 0",
            "jobpass_ledger_witnessed_entries 0", "jobpass_ledger_entries 2",
        ] {
            #expect(lines.contains(line), "\(line)")
        }
    }
}
