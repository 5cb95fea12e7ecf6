import Encoding
import HTTP
import JSON
import Ledger
import Support
import Testing

@Suite("A run's claims, whoever answers for them")
struct ClaimTests {
    private func site() async throws -> BrokerHarness {
        try await BrokerHarness(
            targets: """
                  mine: {type: none, audience: https://mine.example.com, allow: [{project: acme/web, job_claims: [note]}]}

                """,
            audiences: """
                  - audience: https://deploy.example.com
                    algorithm: ES256
                    allow:
                      - {project: acme/web, ref: refs/heads/main, job_claims: [deployment, note]}

                """
        )
    }

    private func claims(_ token: String?) throws -> JSON {
        let parts = try #require(token).split(separator: ".")
        return try JSON.parse(try Base64URL.decode(String(parts[1])))
    }

    @Test("a token says which request it answers, by the trace that the ledger has")
    func trace() async throws {
        let site = try await site()
        let run = try await site.run()
        let answer = try await site.send(.get, "/v1/token?audience=https://deploy.example.com", as: run.token)
        let token = try claims(answer.json["value"]?.asString)
        let entry = try #require(try site.entries.last)
        #expect(token["jobpass_trace"]?.asString == entry.trace)
        #expect(token["job_claims"] == nil)
    }

    @Test(
        "what a job says of itself stands under job_claims in the token and in the ledger, by names of the rule alone"
    )
    func jobClaims() async throws {
        let site = try await site()
        let run = try await site.run()
        let path = "/v1/token?audience=https://deploy.example.com"
        let answer = try await site.send(.get, "\(path)&claim=deployment%3D4711&claim=note%3Da%3Db", as: run.token)
        #expect(answer.status == 200, "\(answer.text)")
        let token = try claims(answer.json["value"]?.asString)
        #expect(token["job_claims"] == ["deployment": "4711", "note": "a=b"])
        #expect(token["deployment"] == nil)
        let recorded = try #require(try site.entries.last?.claims)
        #expect(try JSON.parse(recorded) == token)

        let refused = try await site.send(.get, "\(path)&claim=tier%3D1", as: run.token)
        #expect(refused.status == 403)
        #expect(refused.text.contains("rule 1 at jobpass.yaml:"))
        #expect(refused.text.contains("'tier'") && refused.text.contains("deployment, note"))
        #expect(try site.entries.last?.kind == .tokenDenied)
        for bad in ["claim=tier", "claim=project%3Dacme/api", "claim=note%3D1&claim=note%3D2"] {
            let answer = try await site.send(.get, "\(path)&\(bad)", as: run.token)
            #expect(answer.status == 400, "\(bad): \(answer.text)")
        }
    }

    @Test("a target's token holds it too, and a trade with it is another trade")
    func targets() async throws {
        let site = try await site()
        let run = try await site.run()
        let path = "/v1/targets/mine/credentials"
        func token(_ query: String) async throws -> JSON {
            let answer = try await site.send(.post, path + query, as: run.token)
            #expect(answer.status == 200, "\(answer.text)")
            return try claims(answer.json["environment"]?["JOBPASS_ID_TOKEN"]?.asString)
        }
        let plain = try await token("")
        #expect(plain["job_claims"] == nil)
        let spoken = try await token("?claim=note%3D1")
        #expect(spoken["job_claims"] == ["note": "1"])
        #expect(spoken["jti"] != plain["jti"])
        #expect(try await site.send(.post, path + "?claim=deployment%3D1", as: run.token).status == 403)
        #expect(try site.entries.last?.kind == .exchangeDenied)
    }

    @Test("whoami says who answers for each claim where that is asked, and the run's orchestrator may see it")
    func whoami() async throws {
        let site = try await site()
        let run = try await site.run()
        let plain = try await site.send(.get, "/v1/whoami", as: run.token)
        #expect(plain.json["jobpass_provenance"] == nil)
        let answer = try await site.send(.get, "/v1/whoami?provenance=true", as: run.token)
        let sources = answer.json["jobpass_provenance"]
        #expect(sources?["project"] == ["source": "orchestrator", "principal": "fleet"])
        #expect(sources?["iss"] == ["source": "broker"])
        #expect(sources?["sub"] == ["source": "broker"])
        let shown = try await site.send(.get, "/v1/runs/\(run.id)", as: BrokerHarness.orchestrator)
        #expect(shown.json["provenance"]?["trust"] == ["source": "orchestrator", "principal": "fleet"])
    }
}
