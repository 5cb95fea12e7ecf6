import HTTP
import JSON
import Ledger
import Runs
import Support
import Testing

@Suite("When the ledger cannot record")
struct FaultTests {
    /// Every call that releases something, and what must not be in its answer then.
    private static let calls: [(HTTPMethod, String)] = [
        (.get, "/v1/token?audience=https://service.example.com"), (.post, "/v1/targets/bare/credentials"),
        (.get, "/v1/contexts/legacy"),
    ]

    @Test(
        "nothing leaves, whether the commit failed before or after it took effect, and the next call works",
        arguments: calls,
        FaultyLedgerStorage.Fault.allCases
    )
    func releasesNothing(call: (HTTPMethod, String), fault: FaultyLedgerStorage.Fault) async throws {
        let site = try await BrokerHarness()
        _ = try await site.send(
            .put,
            "/v1/contexts/legacy/secrets/KEY",
            as: BrokerHarness.administrator,
            body: "VALUE-THAT-MUST-NOT-LEAVE"
        )
        let run = try await site.run()
        site.faults.plan([fault])
        let answer = try await site.send(call.0, call.1, as: run.token)
        #expect(answer.status == 503)
        #expect(answer.json["error"] == "unavailable")
        #expect(!answer.text.contains("eyJ"))
        #expect(!answer.text.contains("VALUE-THAT-MUST-NOT-LEAVE"))
        #expect(answer.response.fields["Retry-After"] != nil)
        #expect(try await site.send(call.0, call.1, as: run.token).status == 200)
    }

    @Test("a run whose registration was not recorded does not exist", arguments: FaultyLedgerStorage.Fault.allCases)
    func registersNothing(fault: FaultyLedgerStorage.Fault) async throws {
        let site = try await BrokerHarness()
        site.faults.plan([fault])
        let answer = try await site.send(
            .post,
            "/v1/runs",
            as: BrokerHarness.orchestrator,
            body: #"{"project": "acme/web", "workflow": "w", "job": "j"}"#
        )
        #expect(answer.status == 503)
        #expect(!answer.text.contains("jpr_"))
        #expect(site.runs.records.allSatisfy { $0.ended != nil })
    }

    @Test("a credential that a cloud gave is dropped when its entry is not durable")
    func dropsCredential() async throws {
        let login =
            #"{"auth": {"client_token": "s.X", "lease_duration": 60, "renewable": false, "token_type": "service"}}"#
        let site = try await BrokerHarness([.status(200, login), .status(200, login)])
        let run = try await site.run()
        site.faults.plan([nil, FaultyLedgerStorage.Fault.allCases[0]])
        let answer = try await site.send(.post, "/v1/targets/bao/credentials", as: run.token)
        #expect(answer.status == 503)
        #expect(!answer.text.contains("s.X"))
        #expect(try !site.recorded.contains("fallback.used"))
    }

    @Test("a secret whose change was not recorded keeps its former value")
    func changesNothing() async throws {
        let site = try await BrokerHarness()
        let path = "/v1/contexts/legacy/secrets/KEY"
        _ = try await site.send(.put, path, as: BrokerHarness.administrator, body: "first")
        site.faults.plan([FaultyLedgerStorage.Fault.allCases[0]])
        #expect(try await site.send(.put, path, as: BrokerHarness.administrator, body: "second").status == 503)
        let run = try await site.run()
        let values = try await site.send(.get, "/v1/contexts/legacy", as: run.token)
        #expect(values.json["values"]?["KEY"] == "first")
    }

    @Test("a denial that cannot be recorded is answered 503, not 403")
    func deniesNothingUnrecorded() async throws {
        let site = try await BrokerHarness()
        let run = try await site.run(ref: "refs/heads/x")
        site.faults.plan([FaultyLedgerStorage.Fault.allCases[0]])
        #expect(try await site.send(.post, "/v1/targets/bao/credentials", as: run.token).status == 503)
    }
}
