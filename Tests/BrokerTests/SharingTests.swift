import Delivery
import Exchange
import HTTP
import JSON
import Ledger
import Support
import Testing
import Time

/// What Vault answers to a login, with a token of its own each time.
private func login(
    _ token: String,
    seconds: Int = 3_600,
    uses: Int = 0,
    type: String = "service"
) -> FakeTransport.Reply {
    .status(
        200,
        """
        {"request_id": "req-\(token.dropFirst(2))", "auth": {"client_token": "\(token)", "accessor": "a", "policies": [], "metadata": {},
        "lease_duration": \(seconds), "renewable": true, "token_type": "\(type)", "num_uses": \(uses)}}
        """
    )
}

@Suite("The same trade of one run")
struct SharingTests {
    private func token(_ answer: Answer) -> String? { answer.json["environment"]?["VAULT_TOKEN"]?.asString }

    @Test("is made once, and each release of what it brought has an entry of its own")
    func once() async throws {
        let site = try await BrokerHarness([login("s.ONE"), login("s.TWO")])
        let run = try await site.run()
        let first = try await site.send(.post, "/v1/targets/bao/credentials", as: run.token)
        let second = try await site.send(.post, "/v1/targets/bao/credentials", as: run.token)
        #expect(token(first) == "s.ONE")
        #expect(token(second) == "s.ONE")
        #expect(site.network.requests.count == 1)
        #expect(first.json["ledger_index"] == 2)
        #expect(second.json["ledger_index"] == 3)
        #expect(first.json["expires_at"] == second.json["expires_at"])
        let again = try #require(try site.entries.last)
        #expect(again.kind == .exchangeSucceeded)
        #expect(again.target == "bao")
        #expect(again.credential == "req-ONE")
        #expect(again.reason == "held since entry 2, and released again")
        let figures = try await site.send(.get, "/metrics")
        #expect(figures.text.contains("jobpass_exchanges_shared_total 1\n"))
        #expect(figures.text.contains("jobpass_circuit{target=\"bao\",position=\"closed\"} 1\n"))
    }

    @Test("is made anew once less than a fifth of the credential's life is left")
    func renewed() async throws {
        let site = try await BrokerHarness([login("s.ONE", seconds: 100), login("s.TWO", seconds: 100)])
        let run = try await site.run()
        let path = "/v1/targets/bao/credentials"
        #expect(token(try await site.send(.post, path, as: run.token)) == "s.ONE")
        site.book.clock.advance(by: .seconds(79))
        #expect(token(try await site.send(.post, path, as: run.token)) == "s.ONE")
        site.book.clock.advance(by: .seconds(1))
        #expect(token(try await site.send(.post, path, as: run.token)) == "s.TWO")
        #expect(site.network.requests.count == 2)
    }

    @Test("of another run brings another credential, and so does a token of limited uses")
    func apart() async throws {
        let site = try await BrokerHarness([login("s.ONE"), login("s.TWO"), login("s.THREE", uses: 3), login("s.FOUR")])
        let path = "/v1/targets/bao/credentials"
        for wanted in ["s.ONE", "s.TWO"] {
            #expect(token(try await site.send(.post, path, as: try await site.run().token)) == wanted)
        }
        let run = try await site.run()
        #expect(token(try await site.send(.post, path, as: run.token)) == "s.THREE")
        #expect(token(try await site.send(.post, path, as: run.token)) == "s.FOUR")
    }

    @Test("is no trade where the ID token itself is handed over: each request gets a new one")
    func none() async throws {
        let site = try await BrokerHarness()
        let run = try await site.run()
        var tokens: Set<String> = []
        for _ in 0..<3 {
            let answer = try await site.send(.post, "/v1/targets/bare/credentials", as: run.token)
            tokens.insert(try #require(answer.json["environment"]?["JOBPASS_ID_TOKEN"]?.asString))
        }
        #expect(tokens.count == 3)
        _ = try await site.send(.delete, "/v1/runs/\(run.id)", as: BrokerHarness.orchestrator)
        #expect(try site.entries.last?.reason == nil)
    }

    @Test("asked for by several requests at once is made once, and all of them get it recorded")
    func flight() async throws {
        let gate = Gate()
        let site = try await BrokerHarness([login("s.ONE"), login("s.TWO")])
        site.network.hold = { await gate.wait() }
        let run = try await site.run()
        let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    try await site.send(.post, "/v1/targets/bao/credentials", as: run.token, checks: false)
                }
            }
            while site.network.requests.isEmpty { await Task.yield() }
            gate.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.map(token) == Array(repeating: "s.ONE", count: 6))
        #expect(site.network.requests.count == 1)
        #expect(Set(answers.compactMap { $0.json["ledger_index"]?.asInteger }).count == 6)
        #expect(try site.recorded.count { $0 == "exchange.succeeded" } == 6)
        #expect(try site.recorded.count { $0 == "token.issued" } == 1)
    }

    @Test("that the cloud refuses is refused to all who asked at once, each with an entry")
    func refusedTogether() async throws {
        let gate = Gate()
        let site = try await BrokerHarness([.status(400, #"{"errors":["permission denied"]}"#)])
        site.network.hold = { await gate.wait() }
        let run = try await site.run()
        let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    try await site.send(.post, "/v1/targets/bao/credentials", as: run.token, checks: false)
                }
            }
            while site.network.requests.isEmpty { await Task.yield() }
            for _ in 0..<1_000 { await Task.yield() }
            gate.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.map(\.status) == [502, 502, 502])
        #expect(try site.recorded.count { $0 == "exchange.refused" } == 3)
        #expect(try !site.recorded.contains("fallback.used"))
    }

    @Test("is not released again where the ledger cannot record it")
    func guarded() async throws {
        let site = try await BrokerHarness([login("s.ONE"), login("s.TWO")])
        let run = try await site.run()
        _ = try await site.send(.post, "/v1/targets/bao/credentials", as: run.token)
        site.faults.plan([.before])
        let unrecorded = try await site.send(.post, "/v1/targets/bao/credentials", as: run.token)
        #expect(unrecorded.status == 503)
        #expect(!unrecorded.text.contains("s.ONE"))
    }
}

@Suite("The end of a run")
struct EndingTests {
    private func end(_ site: BrokerHarness, _ run: String) async throws -> Int {
        try await site.send(.delete, "/v1/runs/\(run)", as: BrokerHarness.orchestrator).status
    }

    @Test("revokes what can be revoked, and the ledger has both what was held and how it ended")
    func revokes() async throws {
        let site = try await BrokerHarness([login("s.ONE"), .status(204)])
        let run = try await site.run()
        _ = try await site.send(.post, "/v1/targets/bao/credentials", as: run.token)
        #expect(try await end(site, run.id) == 204)
        let request = try #require(site.network.requests.last)
        #expect(request.url == "https://bao.example.com/v1/auth/token/revoke-self")
        #expect(request.fields["X-Vault-Token"] == "s.ONE")
        let (ended, revoked) = (try site.entries[3], try site.entries[4])
        #expect(ended.kind == .runEnded)
        #expect(ended.reason == "being revoked: bao req-ONE")
        #expect(revoked.kind == .credentialRevoked)
        #expect(revoked.outcome == .succeeded)
        #expect(revoked.target == "bao")
        #expect(revoked.credential == "req-ONE")
        #expect(revoked.run == run.id)
        #expect(!site.lines.all.contains("s.ONE"))
        // Ended once is ended.
        #expect(try await end(site, run.id) == 204)
        #expect(site.network.requests.count == 2)
    }

    @Test("says what cannot be revoked, and until when it lives")
    func livesOn() async throws {
        let site = try await BrokerHarness([login("b.BATCH", type: "batch")])
        let run = try await site.run()
        _ = try await site.send(.post, "/v1/targets/bao/credentials", as: run.token)
        #expect(try await end(site, run.id) == 204)
        let ended = try #require(try site.entries.last)
        let end = RFC3339.format(site.book.clock.now + .seconds(3_600))
        #expect(ended.reason == "cannot be revoked and lives on: bao req-BATCH until \(end)")
        #expect(site.network.requests.count == 1)
    }

    @Test("is the end although the cloud does not revoke, which is recorded and logged with what lives on")
    func fails() async throws {
        for (reply, outcome) in [
            (FakeTransport.Reply.status(403, #"{"errors":["permission denied"]}"#), Outcome.refused),
            (.failing(.connection), .failed),
        ] {
            let site = try await BrokerHarness([login("s.ONE"), reply])
            let run = try await site.run()
            _ = try await site.send(.post, "/v1/targets/bao/credentials", as: run.token)
            #expect(try await end(site, run.id) == 204)
            let entry = try #require(try site.entries.last)
            #expect(entry.kind == .credentialRevoked)
            #expect(entry.outcome == outcome)
            #expect(entry.reason?.hasPrefix("it lives on until 2026-11-22T") == true)
            #expect(entry.cause?.isEmpty == false)
            #expect(site.lines.all.contains("a credential could not be revoked"))
            #expect(!site.lines.all.contains("s.ONE"))
        }
    }

    @Test(
        "revokes although the end itself could not be recorded, and says that it could not",
        arguments: FaultyLedgerStorage.Fault.allCases
    )
    func unrecorded(fault: FaultyLedgerStorage.Fault) async throws {
        let site = try await BrokerHarness([login("s.ONE"), .status(204)])
        let run = try await site.run()
        _ = try await site.send(.post, "/v1/targets/bao/credentials", as: run.token)
        site.faults.plan([fault])
        #expect(try await end(site, run.id) == 503)
        #expect(site.network.requests.last?.url == "https://bao.example.com/v1/auth/token/revoke-self")
        #expect(try site.entries.last?.kind == .credentialRevoked)
        #expect(try await site.send(.get, "/v1/whoami", as: run.token).status == 401)
    }

    @Test("names what the job traded for itself, by its own report")
    func ofTheJob() async throws {
        let site = try await BrokerHarness(
            targets: """
                  own:
                    {type: vault, address: "https://v.example", role: ci, audience: v, exchange: job,
                     allow: [{project: acme/web}]}

                """
        )
        let run = try await site.run()
        let handed = try await site.send(.post, "/v1/targets/own/token", as: run.token)
        let token = try TargetTokenAnswer(parsing: handed.response.body).token
        let report = """
            {"jti": "\(token.identifier)", "outcome": "succeeded", "credential": "req-9", "expires_at": "2026-11-22T10:00:00Z"}
            """
        #expect(try await site.send(.post, "/v1/targets/own/outcome", as: run.token, body: report).status == 200)
        #expect(try await end(site, run.id) == 204)
        #expect(
            try site.entries.last?.reason == "cannot be revoked and lives on: own req-9 until 2026-11-22T10:00:00Z"
        )
    }

    @Test("of a run whose time is up is the end of what it holds as well, at the next sweep")
    func sweeps() async throws {
        let site = try await BrokerHarness([login("s.ONE", seconds: 500_000), .status(204)])
        let run = try await site.run()
        _ = try await site.send(.post, "/v1/targets/bao/credentials", as: run.token)
        await site.sweep()
        #expect(site.network.requests.count == 1)
        site.book.clock.advance(by: .seconds(86_400))
        await site.sweep()
        #expect(site.network.requests.count == 2)
        #expect(try site.entries.last?.kind == .credentialRevoked)
        await site.sweep()
        #expect(site.network.requests.count == 2)
    }

    @Test("while a trade is on its way is the end of what it brings, and the job gets nothing")
    func overtaken() async throws {
        let gate = Gate()
        let site = try await BrokerHarness([login("s.ONE"), .status(204)])
        site.network.hold = { await gate.wait() }
        let run = try await site.run()
        let late = Task {
            try await site.send(.post, "/v1/targets/bao/credentials", as: run.token, checks: false)
        }
        while site.network.requests.isEmpty { await Task.yield() }
        #expect(try await end(site, run.id) == 204)
        site.network.hold = nil
        gate.open()
        let answer = try await late.value
        #expect(answer.status == 401)
        #expect(!answer.text.contains("s.ONE"))
        #expect(site.network.requests.last?.url.hasSuffix("/revoke-self") == true)
        #expect(try site.entries.last?.kind == .credentialRevoked)
    }
}
