import Crypto
import Encoding
import HTTP
import JSON
import Ledger
import Support
import Testing

@Suite("The story of a run")
struct StoryTests {
    private static let login = #"""
        {"auth": {"client_token": "s.SECRETVAULTTOKEN", "accessor": "a", "policies": ["deploy"], "token_policies": ["deploy"],
        "metadata": {}, "lease_duration": 3600, "renewable": true, "entity_id": "e", "token_type": "service", "orphan": true,
        "num_uses": 0}}
        """#

    @Test("a run is registered, gets a token for a granted audience, and is ended; the ledger has every step")
    func tells() async throws {
        let site = try await BrokerHarness()
        let run = try await site.run()
        let answer = try await site.send(.get, "/v1/token?audience=https://service.example.com", as: run.token)
        #expect(answer.status == 200)
        #expect(answer.response.fields["Cache-Control"] == "no-store")
        let token = try #require(answer.json["value"]?.asString)
        #expect(answer.json["count"] == .integer(Int64(token.utf8.count)))
        #expect(answer.json["ledger_index"] == 1)
        let entry = try site.entries[1]
        #expect(entry.tokenSHA256 == SHA256.hash(token))
        #expect(entry.run == run.id)
        let claims = try JSON.parse(Base64URL.decode(token.split(separator: ".")[1]))
        #expect(claims["iss"] == "https://ci.example.com")
        #expect(claims["aud"] == "https://service.example.com")
        #expect(claims["sub"] == "project:acme/web:ref:refs/heads/main:workflow:deploy:job:release")
        #expect(try await site.send(.delete, "/v1/runs/\(run.id)", as: BrokerHarness.orchestrator).status == 204)
        #expect(try site.recorded == ["run.registered", "token.issued", "run.ended"])
        let late = try await site.send(.get, "/v1/token?audience=https://service.example.com", as: run.token)
        #expect(late.status == 401)
        #expect(late.json["error"] == "invalid_token")
    }

    @Test("a stranger's run gets its tokens from the second issuer, and only where a rule names its trust")
    func keepsStrangersApart() async throws {
        let site = try await BrokerHarness(
            extra: """
                  forks: {allow: [{project: acme/web, trust: untrusted}]}

                """
        )
        let run = try await site.run(trust: "untrusted")
        let refused = try await site.send(.get, "/v1/token?audience=https://service.example.com", as: run.token)
        #expect(refused.status == 403)
        #expect(refused.text.contains("untrusted"))
        let who = try await site.send(.get, "/v1/whoami", as: run.token)
        #expect(who.json["iss"] == "https://ci.example.com/untrusted")
        #expect(try await site.send(.get, "/v1/contexts/forks", as: run.token).status == 200)
        #expect(try await site.send(.get, "/v1/contexts/legacy", as: run.token).status == 403)
    }

    @Test("a target's credential leaves after its token and itself are recorded, and neither is in ledger or log")
    func trades() async throws {
        let site = try await BrokerHarness([.status(200, Self.login)])
        let run = try await site.run()
        let answer = try await site.send(.post, "/v1/targets/bao/credentials", as: run.token)
        #expect(answer.status == 200)
        #expect(answer.json["source"] == "exchange")
        #expect(answer.json["environment"]?["VAULT_TOKEN"] == "s.SECRETVAULTTOKEN")
        #expect(try site.recorded == ["run.registered", "token.issued", "exchange.succeeded"])
        let sent = String(decoding: try #require(site.network.requests.first).body, as: UTF8.self)
        let token = try #require(sent.split(separator: "\"").first { $0.hasPrefix("eyJ") })
        for secret in ["s.SECRETVAULTTOKEN", String(token), run.token] {
            #expect(!site.lines.all.contains(secret))
            for stored in site.storage.snapshot.entries.values {
                #expect(!String(decoding: stored, as: UTF8.self).contains(secret))
            }
        }
    }

    @Test("a target without a trade gives the ID token itself under its variable")
    func hands() async throws {
        let site = try await BrokerHarness()
        let run = try await site.run()
        let answer = try await site.send(.post, "/v1/targets/bare/credentials", as: run.token)
        #expect(answer.json["type"] == "none")
        #expect(answer.json["environment"]?["JOBPASS_ID_TOKEN"]?.asString?.hasPrefix("eyJ") == true)
    }

    @Test("an outage brings the fallback, recorded with its cause; a refusal never does")
    func fallsBack() async throws {
        let site = try await BrokerHarness(
            [.failing(.connection), .failing(.connection), .failing(.connection), .failing(.connection)]
                + [.status(400, #"{"errors":["permission denied"]}"#)]
        )
        let set = try await site.send(
            .put,
            "/v1/contexts/legacy/secrets/VAULT_TOKEN",
            as: BrokerHarness.administrator,
            body: "s.OLD"
        )
        #expect(set.status == 201)
        let run = try await site.run()
        let outage = try await site.send(.post, "/v1/targets/bao/credentials", as: run.token)
        #expect(outage.status == 200)
        #expect(outage.json["source"] == "fallback")
        #expect(outage.json["expires_at"] == .null)
        #expect(outage.json["environment"]?["VAULT_TOKEN"] == "s.OLD")
        let used = try #require(try site.entries.last)
        #expect(used.kind == .fallbackUsed)
        #expect(used.target == "bao")
        #expect(used.context == "legacy")
        #expect(used.cause?.isEmpty == false)
        let refusal = try await site.send(.post, "/v1/targets/bao/credentials", as: run.token)
        #expect(refusal.status == 502)
        #expect(refusal.json["error"] == "target_refused")
        #expect(refusal.json["cause"]?["text"]?.asString?.contains("permission denied") == true)
        #expect(
            try site.recorded == [
                "secret.changed", "run.registered", "token.issued", "exchange.failed", "fallback.used", "token.issued",
                "exchange.refused",
            ]
        )
    }

    @Test("after its last day a fallback is refused, and the answer says so")
    func fallbackEnds() async throws {
        let site = try await BrokerHarness(Array(repeating: .failing(.timeout), count: 4))
        site.book.clock.advance(by: .seconds(4 * 366 * 86_400))
        let run = try await site.run()
        let answer = try await site.send(.post, "/v1/targets/bao/credentials", as: run.token)
        #expect(answer.status == 504)
        #expect(answer.text.contains("2030-01-31"))
        #expect(try !site.recorded.contains("fallback.used"))
    }

    @Test("where the policy says no, nothing is signed or sent, and the refusal names rule, claim, seen and wanted")
    func denies() async throws {
        let site = try await BrokerHarness()
        let run = try await site.run(ref: "refs/heads/feature")
        let answer = try await site.send(.post, "/v1/targets/bao/credentials", as: run.token)
        #expect(answer.status == 403)
        for word in ["ref", "refs/heads/feature", "refs/heads/main", "jobpass.yaml:"] {
            #expect(answer.text.contains(word), "the refusal lacks \(word)")
        }
        #expect(site.network.requests.isEmpty)
        #expect(try site.recorded == ["run.registered", "exchange.denied"])
        let trace = try #require(answer.json["trace"]?.asString)
        #expect(try site.entries.last?.trace == trace)
    }
}
