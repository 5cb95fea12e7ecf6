import HTTP
import JSON
import Ledger
import Support
import Testing

@Suite("Who may call what")
struct AuthenticationTests {
    @Test(
        "a bearer that is none is answered 401, and the ledger is not bothered",
        arguments: ["", "x", "jpr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", BrokerHarness.orchestrator]
    )
    func refusesStrangers(bearer: String) async throws {
        let site = try await BrokerHarness()
        for path in ["/v1/token?audience=a", "/v1/whoami", "/v1/contexts/legacy", "/v1/targets/bao/aws"] {
            let answer = try await site.send(.get, path, as: bearer)
            #expect(answer.status == 401, "\(path)")
            #expect(answer.response.fields["WWW-Authenticate"] != nil)
        }
        #expect(try await site.send(.get, "/v1/whoami").status == 401)
        #expect(try site.recorded.isEmpty)
    }

    @Test("two Authorization fields are refused, not chosen between")
    func refusesTwo() async throws {
        let site = try await BrokerHarness()
        let run = try await site.run()
        let answer = try await site.send(
            .get,
            "/v1/whoami",
            as: run.token,
            fields: ["Authorization": "Bearer other"]
        )
        #expect(answer.status == 401)
    }

    @Test("a principal of another role is denied, and the denial recorded with its name")
    func keepsRolesApart() async throws {
        let site = try await BrokerHarness()
        let body = #"{"project": "acme/web", "workflow": "w", "job": "j"}"#
        for bearer in [BrokerHarness.administrator, BrokerHarness.auditor] {
            #expect(try await site.send(.post, "/v1/runs", as: bearer, body: body).status == 403)
        }
        for bearer in [BrokerHarness.orchestrator, BrokerHarness.auditor] {
            let answer = try await site.send(.get, "/v1/contexts/legacy/secrets", as: bearer)
            #expect(answer.status == 403)
            #expect(answer.text.contains("administrator"))
        }
        #expect(try site.recorded == Array(repeating: "admin.denied", count: 4))
        #expect(try site.entries.map(\.principal) == ["admin", "audit", "fleet", "audit"])
    }

    @Test("an orchestrator attests no project, claim or reserved name beyond its rule")
    func boundsAttestation() async throws {
        let site = try await BrokerHarness()
        let bodies: [(String, Int)] = [
            (#"{"project": "other/web", "workflow": "w", "job": "j"}"#, 403),
            (#"{"project": "acme/web", "workflow": "w", "job": "j", "claims": {"tier": "1"}}"#, 403),
            (#"{"project": "acme/web", "workflow": "w", "job": "j", "claims": {"team": "a"}}"#, 201),
            (#"{"project": "acme/web", "workflow": "w", "job": "j", "claims": {"sub": "root"}}"#, 400),
            (#"{"project": "acme/web", "workflow": "w"}"#, 400),
            (#"{"project": "acme/web", "project": "acme/web", "workflow": "w", "job": "j"}"#, 400),
            (#"{"project": "acme/web", "workflow": "w", "job": 7}"#, 400),
            (#"{"project": "acme/web", "workflow": "w", "job": "a\u0000b"}"#, 400),
            ("not json", 400), ("", 400), ("[]", 400),
        ]
        for (body, status) in bodies {
            let answer = try await site.send(.post, "/v1/runs", as: BrokerHarness.orchestrator, body: body)
            #expect(answer.status == status, "\(body): \(answer.text)")
        }
    }

    @Test("a run is shown without its token, to whoever may attest its project")
    func showsRun() async throws {
        let site = try await BrokerHarness()
        let run = try await site.run()
        let answer = try await site.send(.get, "/v1/runs/\(run.id)", as: BrokerHarness.orchestrator)
        #expect(answer.json["state"] == "active")
        #expect(answer.json["claims"]?["project"] == "acme/web")
        #expect(!answer.text.contains("jpr_"))
        #expect(try await site.send(.get, "/v1/runs/run_none", as: BrokerHarness.orchestrator).status == 404)
    }

    @Test("ending a run twice is no error, and is recorded once")
    func endsOnce() async throws {
        let site = try await BrokerHarness()
        let run = try await site.run()
        for _ in 0..<2 {
            #expect(try await site.send(.delete, "/v1/runs/\(run.id)", as: BrokerHarness.orchestrator).status == 204)
        }
        #expect(try site.recorded == ["run.registered", "run.ended"])
    }
}
