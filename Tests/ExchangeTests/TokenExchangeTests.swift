import Exchange
import HTTP
import JSON
import POSIX
import Support
import Testing
import Time

private let prefix = "urn:ietf:params:oauth:token-type:"

@Suite("Trading at a server of RFC 8693")
struct TokenExchangeTests {
    @Test("the request carries every parameter that is set, the repeated ones each time")
    func request() async throws {
        let parameters = [
            ("audience", "registry"), ("audience", "store"), ("resource", "https://api.example/a"),
            ("scope", "push pull"),
            ("client_id", "ci"),
        ]
        let harness = try TradeHarness([.status(400, "{\"error\":\"invalid_request\"}")])
        _ = try await harness.failure(at: exchangeTarget(parameters, requested: "access_token"))
        let request = try #require(harness.network.requests.first)
        #expect(request.url == "https://sts.example.com/oauth/token")
        #expect(request.fields["Content-Type"] == "application/x-www-form-urlencoded")
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
                + "&subject_token=\(harness.sentToken())"
                + "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt"
                + "&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"
                + "&audience=registry&audience=store&resource=https%3A%2F%2Fapi.example%2Fa&scope=push%20pull&client_id=ci"
        )
    }

    @Test("an actor's token is read at each trade, and sent with its type")
    func actor() async throws {
        let folder = try Files.makeTemporaryDirectory("jobpass-actor")
        defer { try? Files.removeTree(folder) }
        let file = "\(folder)/token"
        let exchange = try TokenExchangeTarget(
            endpoint: "https://sts.example.com/oauth/token",
            actorTokenFile: file,
            actorTokenType: "access_token"
        )
        let target = try Target(name: "sts", service: .tokenExchange(exchange))
        let harness = try TradeHarness([.status(400, "{\"error\":\"invalid_request\"}")])
        let missing = try #require(try await harness.failure(at: target))
        #expect(missing.kind == .misconfigured && missing.code == "actor-token")
        #expect(missing.message.contains(file) && harness.network.requests.isEmpty)
        for token in ["first", "second"] {
            try Files.replace(file, Array("\(token)\n".utf8))
            _ = try await harness.failure(at: target)
        }
        let bodies = harness.network.requests.map { String(decoding: $0.body, as: UTF8.self) }
        let type = "actor_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"
        #expect(bodies.map { $0.contains("&actor_token=first&\(type)") } == [true, false])
        #expect(bodies.map { $0.contains("&actor_token=second&\(type)") } == [false, true])
        #expect(throws: TargetError.self) {
            try TokenExchangeTarget(endpoint: "https://sts.example.com/token", actorTokenType: "jwt")
        }
    }

    @Test("the answer of RFC 8693, section 2.3, becomes a credential")
    func answer() async throws {
        let body = """
            {"access_token":"eyJhbGciOiJFUzI1NiIsImtpZCI6IjllciJ9.eyJhdWQiOiJodHRwczovL2JhY2tlbmQuZXhhbXBsZS5jb20ifQ.c2ln",\
            "issued_token_type":"urn:ietf:params:oauth:token-type:access_token","token_type":"Bearer","expires_in":60}
            """
        let harness = try TradeHarness([.status(200, body)])
        let credential = try await harness.obtain(at: exchangeTarget())
        #expect(credential.type == .tokenExchange)
        #expect(credential.expires == harness.book.clock.now + .seconds(60))
        #expect(credential.environment.texts().keys.sorted() == ["ACCESS_TOKEN"])
        #expect(
            credential.details == ["token_type": "Bearer", "issued_token_type": .string(prefix + "access_token")]
        )
    }

    @Test("without expires_in a JWT's own exp tells the end, and an opaque token has none")
    func ends() async throws {
        // {"exp":1795351800}
        let jwt = "{\"access_token\":\"eyJhbGciOiJub25lIn0.eyJleHAiOjE3OTUzNTE4MDB9.c2ln\"}"
        let told = try await TradeHarness([.status(200, jwt)]).obtain(at: exchangeTarget()).expires
        #expect(told == UnixTime(seconds: 1_795_351_800))
        let opaque = try await TradeHarness([.status(201, "{\"access_token\":\"x\"}")]).obtain(at: exchangeTarget())
            .expires
        #expect(opaque == nil)
    }

    @Test("a token is given back as RFC 7009 has it, at the server's own host alone")
    func revocation() async throws {
        let target = try exchangeTarget([("client_id", "ci")], revocation: "https://sts.example.com/oauth/revoke")
        let harness = try TradeHarness([.status(200, "{\"access_token\":\"x\"}"), .status(200)])
        let revocation = try await harness.trade(at: target).revocation
        try await harness.exchange.revoke(try #require(revocation), at: target)
        let request = try #require(harness.network.requests.last)
        #expect(request.url == "https://sts.example.com/oauth/revoke")
        #expect(
            String(decoding: request.body, as: UTF8.self) == "token=x&token_type_hint=access_token&client_id=ci"
        )
        for elsewhere in [
            "https://evil.example/revoke", "https://sts.example.com:444/r", "https://sts.example.com.evil/r",
        ] {
            #expect(throws: TargetError.self) { try exchangeTarget(revocation: elsewhere) }
        }
    }

    /// Requests as three products want them, and the bodies that come of them (protocols.md, section 6).
    @Test("Pulumi Cloud is asked for a team's token of half an hour")
    func pulumi() async throws {
        let parameters = [
            ("audience", "urn:pulumi:org:acme"), ("scope", "team:web"), ("expiration", "1800"),
        ]
        let pulumi = try TokenExchangeTarget(
            endpoint: "https://api.pulumi.com/api/oauth/token",
            parameters: parameters.map { TokenExchangeTarget.Parameter($0.0, $0.1) },
            subjectTokenType: "id_token",
            requestedTokenType: "urn:pulumi:token-type:access_token:team",
            environment: "PULUMI_ACCESS_TOKEN"
        )
        let answer = """
            {"access_token":"pul-1","issued_token_type":"urn:pulumi:token-type:access_token:team","token_type":"token",\
            "expires_in":1800,"scope":"team:web"}
            """
        let harness = try TradeHarness([.status(200, answer)])
        let credential = try await harness.obtain(at: Target(name: "pulumi", service: .tokenExchange(pulumi)))
        #expect(credential.environment.texts() == ["PULUMI_ACCESS_TOKEN": "pul-1"])
        #expect(credential.details["scope"] == "team:web")
        let body = String(decoding: harness.network.requests[0].body, as: UTF8.self)
        #expect(body.contains("&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token&"))
        #expect(body.hasSuffix("&audience=urn%3Apulumi%3Aorg%3Aacme&scope=team%3Aweb&expiration=1800"))
    }

    @Test("JFrog is asked in JSON, and its own form of a refusal is understood")
    func jfrog() async throws {
        let jfrog = try TokenExchangeTarget(
            endpoint: "https://acme.jfrog.io/access/api/v1/oidc/token",
            parameters: [TokenExchangeTarget.Parameter("provider_name", "jobpass")],
            subjectTokenType: "id_token",
            body: .json,
            environment: "JFROG_CLI_ACCESS_TOKEN"
        )
        let target = try Target(name: "jfrog", service: .tokenExchange(jfrog))
        let refusal = "{\"errors\":[{\"status\":401,\"message\":\"Failed to verify token\"}]}"
        let harness = try TradeHarness([.status(401, refusal)])
        let failure = try #require(try await harness.failure(at: target))
        #expect(failure.kind == .refused)
        #expect(failure.description == "http-401: Failed to verify token")
        let request = harness.network.requests[0]
        #expect(request.fields["Content-Type"] == "application/json")
        #expect(
            try JSON.parse(request.body) == [
                "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
                "subject_token": .string(harness.sentToken()), "subject_token_type": .string(prefix + "id_token"),
                "provider_name": "jobpass",
            ]
        )
    }

    @Test("Databricks is asked as a service principal")
    func databricks() async throws {
        let databricks = try TokenExchangeTarget(
            endpoint: "https://dbc-1.cloud.databricks.com/oidc/v1/token",
            parameters: [
                TokenExchangeTarget.Parameter("client_id", "1f7b"), TokenExchangeTarget.Parameter("scope", "all-apis"),
            ],
            environment: "DATABRICKS_TOKEN"
        )
        let answer = "{\"access_token\":\"d\",\"token_type\":\"Bearer\",\"expires_in\":3600,\"scope\":\"all-apis\"}"
        let harness = try TradeHarness([.status(200, answer)])
        let credential = try await harness.obtain(at: Target(name: "db", service: .tokenExchange(databricks)))
        #expect(credential.environment.texts() == ["DATABRICKS_TOKEN": "d"])
        #expect(
            String(decoding: harness.network.requests[0].body, as: UTF8.self).hasSuffix(
                "&client_id=1f7b&scope=all-apis"
            )
        )
    }

    @Test(
        "an error says whether the token was refused or the request was wrong",
        arguments: [
            ("invalid_request", ExchangeFailure.Kind.refused), ("invalid_grant", .refused),
            ("invalid_client", .refused),
            ("unauthorized_client", .refused), ("invalid_target", .misconfigured), ("invalid_scope", .misconfigured),
            ("unsupported_grant_type", .misconfigured), ("odd", .refused),
        ]
    )
    func errors(_ code: String, _ kind: ExchangeFailure.Kind) async throws {
        let body = "{\"error\":\"\(code)\",\"error_description\":\"why\"}"
        let failure = try #require(try await TradeHarness([.status(400, body)]).failure(at: exchangeTarget()))
        #expect(failure.kind == kind)
        #expect(failure.description == "\(code): why")
    }
}
