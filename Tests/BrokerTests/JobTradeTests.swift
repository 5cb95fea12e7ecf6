import Delivery
import Exchange
import HTTP
import JSON
import Ledger
import Support
import Testing
import Time

@Suite("A job that trades itself")
struct JobTradeTests {
    private static let target = """
          own:
            type: aws
            role: arn:aws:iam::123456789012:role/deploy
            region: eu-west-1
            algorithm: ES256
            lifetime: 2m
            exchange: job
            ca: ca.pem
            try_timeout: 4s
            allow: [{project: acme/web, ref: refs/heads/main}]
            fallback: {context: legacy, until: 2030-01-31, reason: not migrated yet}

        """

    /// A broker with one target more, below the others.
    private func site(_ script: [FakeTransport.Reply] = []) async throws -> BrokerHarness {
        try await BrokerHarness(script, targets: Self.target)
    }

    /// The `jti` of the ID token that a run is given for the target.
    private func handed(_ site: BrokerHarness, _ token: String) async throws -> String {
        let response = try await site.send(.post, "/v1/targets/own/token", as: token)
        return try TargetTokenAnswer(parsing: response.response.body).token.identifier
    }

    private static func failed(_ outcome: String, of identifier: String, timedOut: Bool = false) -> String {
        """
        {"jti": "\(identifier)", "outcome": "\(outcome)", "code": "AccessDenied", "message": "Not authorized", "attempts": 2,
        "timed_out": \(timedOut)}
        """
    }

    @Test("it gets the target's own ID token, recorded, and all that it takes to trade it; the broker asks no cloud")
    func hands() async throws {
        let site = try await site()
        let run = try await site.run()
        let response = try await site.send(.post, "/v1/targets/own/token", as: run.token)
        #expect(response.status == 200)
        #expect(response.response.fields["Cache-Control"] == "no-store")
        let answer = try TargetTokenAnswer(parsing: response.response.body)
        #expect(answer.target.name == "own")
        #expect(answer.target.trader == .job)
        #expect(answer.target.limits == (try TradeLimits(attempt: .seconds(4))))
        // A path on the job's host, as it is written.
        #expect(answer.target.certificateAuthorities == "ca.pem")
        #expect(answer.job.run == run.id)
        #expect(answer.expires == site.book.clock.now + .seconds(120))
        let entry = try #require(try site.entries.last)
        #expect(entry.kind == .tokenIssued)
        #expect(entry.target == "own")
        #expect(entry.jti == answer.token.identifier)
        #expect(entry.audience == "sts.amazonaws.com")
        #expect(site.network.requests.isEmpty)
    }

    @Test("its report of a success is recorded, as its own word")
    func succeeded() async throws {
        let site = try await site()
        let run = try await site.run()
        let identifier = try await handed(site, run.token)
        let report = """
            {"jti": "\(identifier)", "outcome": "succeeded", "credential": "ASIAEXAMPLE", "session": "s", \
            "expires_at": "2026-11-22T10:30:00Z"}
            """
        let answer = try await site.send(.post, "/v1/targets/own/outcome", as: run.token, body: report)
        #expect(answer.status == 200)
        #expect(answer.json == ["target": "own", "ledger_index": 2])
        let entry = try #require(try site.entries.last)
        #expect(entry.kind == .exchangeSucceeded)
        #expect(entry.outcome == .succeeded)
        #expect(entry.target == "own")
        #expect(entry.run == run.id)
        #expect(entry.jti == identifier)
        #expect(entry.credential == "ASIAEXAMPLE")
        #expect(entry.session == "s")
        #expect(entry.reason == "traded by the job, by its own report")
    }

    @Test(
        "its report of a failure is recorded and answered as a failure of the broker's own would be",
        arguments: [
            ("refused", false, 502, "target_refused", "exchange.refused"),
            ("misconfigured", false, 502, "target_refused", "exchange.refused"),
            ("broken_answer", false, 502, "target_refused", "exchange.failed"),
            ("cancelled", false, 503, "unavailable", "exchange.failed"),
        ]
    )
    func failed(_ outcome: String, timedOut: Bool, status: Int, code: String, kind: String) async throws {
        let site = try await site()
        let run = try await site.run()
        let answer = try await site.send(
            .post,
            "/v1/targets/own/outcome",
            as: run.token,
            body: Self.failed(outcome, of: try await handed(site, run.token), timedOut: timedOut)
        )
        #expect(answer.status == status)
        #expect(answer.json["error"]?.asString == code)
        #expect(answer.json["cause"]?["kind"]?.asString == outcome)
        let entry = try #require(try site.entries.last)
        #expect(entry.kind.rawValue == kind)
        #expect(entry.cause == "AccessDenied: Not authorized")
        #expect(entry.reason?.hasSuffix("after 2 attempts, traded by the job, by its own report") == true)
        #expect(try !site.recorded.contains("fallback.used"))
    }

    @Test("an outage that it met brings it the fallback")
    func outage() async throws {
        let site = try await site()
        let key = "/v1/contexts/legacy/secrets/AWS_ACCESS_KEY_ID"
        _ = try await site.send(.put, key, as: BrokerHarness.administrator, body: "AKIAOLD")
        let run = try await site.run()
        let body = Self.failed("outage", of: try await handed(site, run.token), timedOut: true)
        let answer = try await site.send(.post, "/v1/targets/own/outcome", as: run.token, body: body)
        #expect(answer.status == 200)
        #expect(answer.json["source"] == "fallback")
        #expect(answer.json["environment"]?["AWS_ACCESS_KEY_ID"] == "AKIAOLD")
        #expect(try site.recorded.suffix(2) == ["exchange.failed", "fallback.used"])
    }

    @Test("a report of a token that this run was not given for this target is refused, and recorded nowhere")
    func foreign() async throws {
        let site = try await site()
        let (run, other) = (try await site.run(), try await site.run())
        let foreign = try await handed(site, other.token)
        let plain = try await site.send(.get, "/v1/token?audience=https://service.example.com", as: run.token)
        let elsewhere = try #require(plain.json["jti"]?.asString)
        let before = try site.recorded
        for identifier in [foreign, elsewhere, "j"] {
            let body = Self.failed("outage", of: identifier, timedOut: true)
            let answer = try await site.send(.post, "/v1/targets/own/outcome", as: run.token, body: body)
            #expect(answer.status == 400)
            #expect(answer.text.contains("POST /v1/targets/own/token"))
        }
        #expect(try site.recorded == before)
    }

    @Test("a report that cannot be read is refused by its member, and recorded nowhere")
    func unreadable() async throws {
        let site = try await site()
        let run = try await site.run()
        for (body, member) in [
            (#"{"outcome": "succeeded"}"#, "'jti'"), (#"{"jti": "j"}"#, "'outcome'"),
            (#"{"jti": "j", "outcome": "refused"}"#, "'attempts'"), (#"{"jti": "j", "x": 1}"#, "'x'"),
            (#"{"jti": "j", "outcome": "succeeded", "expires_at": "soon"}"#, "'expires_at'"), ("[]", "object"),
        ] {
            let answer = try await site.send(.post, "/v1/targets/own/outcome", as: run.token, body: body)
            #expect(answer.status == 400)
            #expect(answer.text.contains(member), "\(body): \(answer.text)")
        }
        #expect(try site.recorded == ["run.registered"])
    }

    @Test("each way of trading refuses the other's calls, and says which is right")
    func wrongWay() async throws {
        let site = try await site()
        let run = try await site.run()
        for (path, right) in [
            ("/v1/targets/own/credentials", "/v1/targets/own/token"), ("/v1/targets/bao/token", "/v1/targets/bao/cred"),
        ] {
            let answer = try await site.send(.post, path, as: run.token)
            #expect(answer.status == 409)
            #expect(answer.text.contains(right))
        }
        let report = try await site.send(
            .post,
            "/v1/targets/bao/outcome",
            as: run.token,
            body: #"{"jti": "j", "outcome": "succeeded"}"#
        )
        #expect(report.status == 409)
        #expect(site.network.requests.isEmpty)
        #expect(try site.recorded == ["run.registered"])
    }

    @Test("where the policy says no there is no token, and no report is taken")
    func denied() async throws {
        let site = try await site()
        let run = try await site.run(ref: "refs/heads/feature")
        #expect(try await site.send(.post, "/v1/targets/own/token", as: run.token).status == 403)
        let body = Self.failed("outage", of: "j")
        #expect(try await site.send(.post, "/v1/targets/own/outcome", as: run.token, body: body).status == 403)
        #expect(try site.recorded == ["run.registered", "exchange.denied", "exchange.denied"])
    }

    @Test("the module that trades for the broker trades for the job, and what it got opens with the broker's index")
    func trades() async throws {
        let site = try await site()
        let run = try await site.run()
        let response = try await site.send(.post, "/v1/targets/own/token", as: run.token)
        let answer = try TargetTokenAnswer(parsing: response.response.body)
        let cloud = FakeTransport([.status(200, Self.sts)])
        let exchange = Exchange(
            transport: cloud,
            clock: site.book.clock.wall,
            pacing: TestTime().pacing(),
            breakers: Breakers()
        )
        let traded = try await exchange.trade(answer.token, at: answer.target, for: answer.job)
        let sent = String(decoding: try #require(cloud.requests.first).body, as: UTF8.self)
        #expect(sent.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdeploy"))
        #expect(cloud.requests[0].limits.total == .seconds(4))
        #expect(cloud.requests[0].certificateAuthorities == "ca.pem")
        let report = OutcomeReport(identifier: answer.token.identifier, traded.report).json.text
        let noted = try await site.send(.post, "/v1/targets/own/outcome", as: run.token, body: report)
        #expect(noted.status == 200)
        #expect(try site.entries.last?.credential == "ASIAJOB")
        let credential = CredentialAnswer(traded.released(recordedAt: 2))
        #expect(credential.ledgerIndex == 2)
        #expect(credential.environment.texts()["AWS_SECRET_ACCESS_KEY"] == "geheim")
        for bytes in site.storage.snapshot.entries.values {
            #expect(!String(decoding: bytes, as: UTF8.self).contains("geheim"))
        }
    }

    private static let sts = """
        <AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAJOB</AccessKeyId>\
        <SecretAccessKey>geheim</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration>\
        </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
        """
}
