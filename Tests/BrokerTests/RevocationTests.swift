import Broker
import Crypto
import Encoding
import Exchange
import HTTP
import JSON
import Ledger
import Runs
import Support
import Testing
import Time

@Suite("The kill switch")
struct RevocationTests {
    private static let token = "/v1/token?audience=https://service.example.com"

    private func revoke(_ site: BrokerHarness, _ body: String, status: Int = 201) async throws -> JSON {
        let answer = try await site.send(.post, "/v1/revocations", as: BrokerHarness.administrator, body: body)
        #expect(answer.status == status, "\(answer.text)")
        return answer.json
    }

    @Test(
        "ends what it names: the next request is refused with the reason, after a restart too",
        arguments: ["run", "project", "pattern", "since"]
    )
    func stops(kind: String) async throws {
        let site = try await BrokerHarness()
        let since = site.book.clock.now
        let run = try await site.run()
        #expect(try await site.send(.get, Self.token, as: run.token).status == 200)
        let scope =
            switch kind {
            case "run": #""run": "\#(run.id)""#
            case "project": #""project": "acme/web""#
            case "pattern": #""project": "acme/*""#
            default: #""since": "\#(RFC3339.format(since))""#
            }
        let answer = try await revoke(site, #"{\#(scope), "reason": "seen in a log"}"#)
        #expect(answer["runs_ended"] == 1)
        #expect(try site.recorded.suffix(2) == ["revocation.made", "run.ended"])
        let made = try #require(try site.entries.first { $0.kind == .revocationMade })
        #expect(made.principal == "admin")
        #expect(made.reason?.contains("seen in a log") == true)
        for broker in [site, try await site.restarted()] {
            for path in [Self.token, "/v1/whoami", "/v1/contexts/legacy"] {
                let refused = try await broker.send(.get, path, as: run.token)
                #expect(refused.status == 401, "\(path): \(refused.text)")
                #expect(refused.json["error"] == "invalid_token")
            }
        }
        let refused = try await site.send(.get, Self.token, as: run.token)
        #expect(refused.text.contains("seen in a log"), "\(refused.text)")
        let figures = try await site.send(.get, "/metrics").text
        #expect(figures.contains("jobpass_revocations 1\n"))
        #expect(!figures.contains("jobpass_revoked_total 0\n"))
    }

    @Test("of a project keeps its runs from being registered until it is lifted, and leaves others alone")
    func lift() async throws {
        let site = try await BrokerHarness()
        let answer = try await revoke(site, #"{"project": "acme/web"}"#)
        let body = #"{"project": "PROJECT", "workflow": "w", "job": "j", "ref": "refs/heads/main"}"#
        func register(_ project: String) async throws -> Answer {
            let text = body.replacing("PROJECT", with: project)
            return try await site.send(.post, "/v1/runs", as: BrokerHarness.orchestrator, body: text)
        }
        let refused = try await register("acme/web")
        #expect(refused.status == 403, "\(refused.text)")
        #expect(refused.text.contains("revoked project acme/web"))
        #expect(try site.recorded.last == "admin.denied")
        #expect(try await register("acme/webhooks").status == 201)
        let id = try #require(answer["revocation"]?["id"]?.asString)
        let listed = try await site.send(.get, "/v1/revocations", as: BrokerHarness.administrator)
        #expect(listed.json["revocations"]?.asArray?.map { $0["id"] } == [.string(id)])
        let lifted = try await site.send(.delete, "/v1/revocations/\(id)", as: BrokerHarness.administrator)
        #expect(lifted.status == 200)
        #expect(try site.recorded.last == "revocation.lifted")
        #expect(try await register("acme/web").status == 201)
        let again = try await site.send(.delete, "/v1/revocations/\(id)", as: BrokerHarness.administrator)
        #expect(again.status == 404)
        let run = try await site.run()
        let ended = try await revoke(site, #"{"run": "\#(run.id)"}"#)
        let other = try #require(ended["revocation"]?["id"]?.asString)
        let kept = try await site.send(.delete, "/v1/revocations/\(other)", as: BrokerHarness.administrator)
        #expect(kept.status == 409, "an ended run does not come back: \(kept.text)")
    }

    @Test("of a project with an end lets it in again by itself")
    func until() async throws {
        let site = try await BrokerHarness()
        let end = RFC3339.format(site.book.clock.now + .seconds(3_600))
        _ = try await revoke(site, #"{"project": "acme/**", "until": "\#(end)"}"#)
        let body = #"{"project": "acme/web", "workflow": "w", "job": "j"}"#
        #expect(try await site.send(.post, "/v1/runs", as: BrokerHarness.orchestrator, body: body).status == 403)
        site.book.clock.advance(by: .seconds(3_600))
        let run = try await site.run()
        #expect(try await site.send(.get, Self.token, as: run.token).status == 200)
    }

    @Test("lists what still lives and until when, and what to put into the cloud")
    func survivors() async throws {
        let site = try await BrokerHarness([
            .status(
                200,
                """
                {"request_id": "req-1", "auth": {"client_token": "s.ONE", "accessor": "a", "policies": [], "metadata": {},
                "lease_duration": 3600, "renewable": true, "token_type": "batch"}}
                """
            )
        ])
        let (run, other) = (try await site.run(), try await site.run())
        let token = try await site.send(.get, Self.token, as: run.token)
        #expect(try await site.send(.get, Self.token, as: other.token).status == 200)
        #expect(try await site.send(.post, "/v1/targets/bao/credentials", as: run.token).status == 200)
        let answer = try await revoke(site, #"{"run": "\#(run.id)"}"#)
        let living = try #require(answer["living"]?.asArray)
        #expect(living.allSatisfy { $0["run"] == .string(run.id) })
        #expect(living.map { $0["kind"]?.asString ?? "" }.sorted() == ["credential", "id_token", "id_token"])
        #expect(living.contains { $0["jti"] == token.json["jti"] && $0["expires_at"] == token.json["expires_at"] })
        #expect(living.contains { $0["target"] == "bao" && $0["type"] == "vault" && $0["credential"] == "req-1" })
        #expect(answer["complete"] == true)
        #expect(answer["over_at"]?.asString != nil)
        #expect(answer["deny"]?.asArray?.map { $0["target"] } == ["bao"])
        let text = answer["deny"].map { $0.text } ?? ""
        #expect(text.contains("vault token revoke"), "\(text)")
        site.book.clock.advance(by: .seconds(3_601))
        let later = try await revoke(site, #"{"project": "acme/web"}"#)
        #expect(later["living"] == [], "what is over is not listed: \(later.text)")
        #expect(later["runs_ended"] == 1)
    }

    @Test("revokes what can be revoked, and says that it did")
    func credentials() async throws {
        let login = """
            {"request_id": "req-1", "auth": {"client_token": "s.ONE", "accessor": "a", "policies": [], "metadata": {},
            "lease_duration": 3600, "renewable": true, "token_type": "service", "num_uses": 0}}
            """
        let site = try await BrokerHarness([.status(200, login), .status(204)])
        let run = try await site.run()
        #expect(try await site.send(.post, "/v1/targets/bao/credentials", as: run.token).status == 200)
        let answer = try await revoke(site, #"{"project": "acme/web"}"#)
        #expect(site.network.requests.last?.url == "https://bao.example.com/v1/auth/token/revoke-self")
        #expect(answer["credentials_revoked"] == 1)
        #expect(answer["living"]?.asArray?.map { $0["kind"] } == ["id_token"])
        #expect(try site.recorded.last == "credential.revoked")
    }

    @Test(
        "refuses what it cannot read as one scope, and revokes nothing",
        arguments: [
            "[]", "{}", #"{"run": "a", "project": "b"}"#, #"{"run": 1}"#, #"{"project": ""}"#,
            #"{"since": "yesterday"}"#,
            #"{"since": "2999-01-01T00:00:00Z"}"#, #"{"project": "a", "untill": "2999-01-01T00:00:00Z"}"#,
            #"{"run": "a", "until": "2999-01-01T00:00:00Z"}"#, #"{"project": "a", "until": "2001-01-01T00:00:00Z"}"#,
            #"{"project": "a", "reason": 1}"#,
        ]
    )
    func malformed(body: String) async throws {
        let site = try await BrokerHarness()
        let answer = try await revoke(site, body, status: 400)
        #expect(answer["error"] == "invalid_request")
        #expect(try site.recorded.isEmpty)
        #expect(try site.revocations.revocationEpoch() == 0)
    }

    @Test("of what nobody knows is an error, and only an administrator has it")
    func roles() async throws {
        let site = try await BrokerHarness()
        #expect(try await revoke(site, #"{"run": "run_0"}"#, status: 404)["error"] == "not_found")
        let body = #"{"project": "acme/web"}"#
        for (bearer, status) in [(nil, 401), (BrokerHarness.orchestrator, 403), (BrokerHarness.auditor, 403)] {
            #expect(try await site.send(.post, "/v1/revocations", as: bearer, body: body).status == status)
            #expect(try await site.send(.get, "/v1/revocations", as: bearer).status == status)
            #expect(try await site.send(.delete, "/v1/revocations/rev_1", as: bearer).status == status)
        }
        #expect(try site.recorded.allSatisfy { $0 == "admin.denied" })
        #expect(try site.revocations.revocationEpoch() == 0)
    }

    @Test("that cannot be recorded, or not be stored, is not in force, and says so")
    func failures() async throws {
        let site = try await BrokerHarness()
        let run = try await site.run()
        site.faults.plan([.before])
        _ = try await revoke(site, #"{"project": "acme/web"}"#, status: 503)
        #expect(try site.revocations.revocationEpoch() == 0)
        #expect(try await site.send(.get, Self.token, as: run.token).status == 200)
        site.revocations.isBroken = true
        _ = try await revoke(site, #"{"project": "acme/web"}"#, status: 503)
        // Nobody can know whether another broker has revoked it: nothing leaves.
        #expect(try await site.send(.get, Self.token, as: run.token).status == 503)
        site.revocations.isBroken = false
        #expect(try await site.send(.get, Self.token, as: run.token).status == 200)
    }

    @Test("of another broker of the store counts before it is looked for, and ends what is here when it is")
    func otherBroker() async throws {
        let one = try await BrokerHarness()
        let run = try await one.run()
        let other = try await one.restarted()
        #expect(try await other.send(.get, Self.token, as: run.token).status == 200)
        _ = try await revoke(one, #"{"project": "acme/web"}"#)
        let refused = try await other.send(.get, Self.token, as: run.token)
        #expect(refused.status == 401, "\(refused.text)")
        let last = try #require(try other.entries.last)
        #expect(last.kind == .tokenDenied)
        #expect(last.reason?.contains("was not released") == true)
        await other.broker.heedRevocations(over: other.network, pacing: other.time.pacing(), trace: "heed")
        let figures = try await other.send(.get, "/metrics").text
        #expect(figures.contains("jobpass_active_runs 0\n"), "\(figures)")
    }

    @Test(
        "lets no token go that its answer does not name, on either of two brokers under load",
        .timeLimit(.minutes(1))
    )
    func race() async throws {
        for _ in 0..<10 {
            let one = try await BrokerHarness()
            let run = try await one.run()
            let other = try await one.restarted()
            let revoked = Moment()
            try await withThrowingTaskGroup(of: [(jti: String, asked: Bool)].self) { group in
                for broker in [one, other, one, other] {
                    group.addTask {
                        var got: [(jti: String, asked: Bool)] = []
                        for _ in 0..<400 {
                            // What is asked for after the answer may not come at all.
                            let isLate = revoked.hasCome
                            let answer = try await broker.send(.get, Self.token, as: run.token, checks: false)
                            guard answer.status == 200 else {
                                #expect(answer.status == 401, "\(answer.text)")
                                break
                            }
                            got.append((answer.json["jti"]?.asString ?? "", isLate))
                        }
                        return got
                    }
                }
                try await Task.sleep(for: .milliseconds(20))
                let answer = try await one.send(
                    .post,
                    "/v1/revocations",
                    as: BrokerHarness.administrator,
                    body: #"{"project": "acme/web"}"#,
                    checks: false
                )
                revoked.come()
                #expect(answer.status == 201, "\(answer.text)")
                let named = Set((answer.json["living"]?.asArray ?? []).compactMap { $0["jti"]?.asString })
                var count = 0
                for try await got in group {
                    count += got.count
                    #expect(got.allSatisfy { !$0.asked }, "a token came that was asked for after the answer")
                    #expect(got.allSatisfy { named.contains($0.jti) }, "a token that came is not named")
                }
                #expect(count > 0, "nothing was minted before")
            }
            _ = try LedgerChecker(storage: one.storage, key: one.book.signer.verifier).check()
        }
    }

    /// Whether something has happened.
    private final class Moment: Sendable {
        private let time = TestTime()
        var hasCome: Bool { !time.pauses.isEmpty }
        func come() { time.pause(.zero) }
    }
}
