import Exchange
import HTTP
import JSON
import Ledger
import Support
import Testing
import Time

private let account = "deploy@acme-prod.iam.gserviceaccount.com"

/// What Google's Security Token Service answers, in the shape of its API description (sts v1).
private let federated = FakeTransport.Reply.status(
    200,
    """
    {"access_token":"ya29.federated","issued_token_type":"urn:ietf:params:oauth:token-type:access_token",\
    "token_type":"Bearer","expires_in":3599}
    """
)

@Suite("Trading at Google Cloud")
struct GCPTradeTests {
    @Test("the request is the form that google-auth sends")
    func request() async throws {
        let harness = try TradeHarness([.status(400, "{\"error\":\"invalid_grant\"}")])
        _ = try await harness.failure(at: gcpTarget())
        let request = try #require(harness.network.requests.first)
        #expect(request.method == .post)
        #expect(request.url == "https://sts.googleapis.com/v1/token")
        #expect(request.fields == ["Content-Type": "application/x-www-form-urlencoded"])
        // The names, their order and the values are those that protocols.md, section 2.1, took down from google-auth 2.62.
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
                + "&audience=%2F%2Fiam.googleapis.com%2Fprojects%2F123456789%2Flocations%2Fglobal%2FworkloadIdentityPools"
                + "%2Fpool%2Fproviders%2Fjobpass&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcloud-platform"
                + "&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aaccess_token"
                + "&subject_token=\(harness.sentToken())"
                + "&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Ajwt"
        )
    }

    @Test("without a service account the job is the pool's own principal")
    func direct() async throws {
        let harness = try TradeHarness([federated])
        let credential = try await harness.obtain(at: gcpTarget())
        #expect(credential.type == .gcp)
        #expect(credential.expires == harness.book.clock.now + .seconds(3_599))
        #expect(
            credential.environment.texts() == [
                "CLOUDSDK_AUTH_ACCESS_TOKEN": "ya29.federated", "GOOGLE_OAUTH_ACCESS_TOKEN": "ya29.federated",
            ]
        )
        #expect(credential.details["provider"] == .string(gcpProvider))
        #expect(credential.details["service_account"] == nil)
        #expect(harness.network.requests.count == 1)
    }

    @Test(
        "a service account's access token is asked for with the federated one, for the scopes and the time that are set"
    )
    func impersonation() async throws {
        let answer = "{\"accessToken\":\"ya29.account\",\"expireTime\":\"2026-11-22T10:30:00Z\"}"
        let harness = try TradeHarness([federated, .status(200, answer)])
        let credential = try await harness.obtain(at: gcpTarget(account: account, session: .seconds(900)))
        #expect(credential.expires == (try RFC3339.parse("2026-11-22T10:30:00Z")))
        #expect(credential.environment.texts()["CLOUDSDK_AUTH_ACCESS_TOKEN"] == "ya29.account")
        #expect(credential.details["service_account"] == .string(account))
        let requests = harness.network.requests
        #expect(requests.count == 2)
        #expect(
            String(decoding: requests[0].body, as: UTF8.self).contains(
                "&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fiam&"
            )
        )
        #expect(
            requests[1].url
                == "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/\(account):generateAccessToken"
        )
        #expect(requests[1].fields["Authorization"] == "Bearer ya29.federated")
        #expect(
            try JSON.parse(requests[1].body)
                == ["scope": ["https://www.googleapis.com/auth/cloud-platform"], "lifetime": "900s"]
        )
        #expect(try harness.lastEntry().credential == account)
    }

    @Test("a service account's ID token is asked for by its audience, and ends when it says")
    func idToken() async throws {
        // {"exp":1795349400}: 2026-11-22T12:50:00Z
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjE3OTUzNTE4MDB9.c2ln"
        let harness = try TradeHarness([federated, .status(200, "{\"token\":\"\(token)\"}")])
        let credential = try await harness.obtain(at: gcpTarget(account: account, credential: .idToken))
        #expect(credential.expires == UnixTime(seconds: 1_795_351_800))
        #expect(credential.environment.texts() == ["GOOGLE_ID_TOKEN": token])
        let request = try #require(harness.network.requests.last)
        #expect(request.url.hasSuffix("/serviceAccounts/\(account):generateIdToken"))
        #expect(try JSON.parse(request.body) == ["audience": "https://run.example", "includeEmail": true])
    }

    @Test("an endpoint of one's own serves both services")
    func endpoint() async throws {
        let gcp = try GCPTarget(provider: gcpProvider, serviceAccount: account, endpoint: "http://127.0.0.1:8090/gcp")
        let harness = try TradeHarness([federated, .status(500)])
        _ = try await harness.failure(at: Target(name: "g", service: .gcp(gcp)))
        #expect(harness.network.requests[0].url == "http://127.0.0.1:8090/gcp/v1/token")
        #expect(
            harness.network.requests[1].url.hasPrefix("http://127.0.0.1:8090/gcp/v1/projects/-/serviceAccounts/deploy@")
        )
    }

    /// Errors of Google's, what they mean, and a part of what is said of them.
    static let refusals: [(status: Int, body: String, kind: ExchangeFailure.Kind, code: String, says: String)] = [
        (400, oauth("invalid_grant", "ID Token issued at 1 is stale to sign-in."), .refused, "invalid_grant", "clocks"),
        (
            400, oauth("invalid_grant", "Error connecting to the given credential's issuer."), .refused,
            "invalid_grant",
            "discovery document"
        ),
        (
            400, oauth("unauthorized_client", "The given credential is rejected by the attribute condition."), .refused,
            "unauthorized_client", "attribute condition is false"
        ),
        (400, oauth("invalid_target", "x"), .misconfigured, "invalid_target", "check 'provider'"),
        (
            400, oauth("invalid_request", "mend the target's settings"), .misconfigured, "invalid_request",
            "mend the target's settings"
        ),
        (
            401, oauth("something_new", "compare the token's claims"), .refused, "something_new",
            "compare the token's claims"
        ),
        (
            403, status("PERMISSION_DENIED", 403), .refused, "PERMISSION_DENIED",
            "roles/iam.workloadIdentityUser on \(account)"
        ),
        (404, status("NOT_FOUND", 404), .misconfigured, "NOT_FOUND", "no service account"),
        (400, status("INVALID_ARGUMENT", 400), .misconfigured, "INVALID_ARGUMENT", "'session'"),
        (401, status("UNAUTHENTICATED", 401), .refused, "UNAUTHENTICATED", "compare the token's claims"),
    ]

    private static func oauth(_ code: String, _ text: String) -> String {
        "{\"error\":\"\(code)\",\"error_description\":\"\(text)\"}"
    }

    private static func status(_ status: String, _ code: Int) -> String {
        "{\"error\":{\"code\":\(code),\"message\":\"the text\",\"status\":\"\(status)\"}}"
    }

    @Test("each refusal of Google's has its kind, its code and what mends it", arguments: refusals.indices)
    func explained(_ index: Int) async throws {
        let row = Self.refusals[index]
        // Google's own status comes from the second service, OAuth's from the first.
        let isSecond = row.body.contains("\"status\"")
        let refused = FakeTransport.Reply.status(row.status, row.body)
        let harness = try TradeHarness(isSecond ? [federated, refused] : [refused])
        let failure = try #require(try await harness.failure(at: gcpTarget(account: account)))
        #expect(failure.kind == row.kind)
        #expect(failure.code == row.code)
        #expect(failure.advice.contains(row.says), "\(failure.advice)")
        #expect(harness.network.requests.count == (isSecond ? 2 : 1))
    }

    @Test("an outage of the second service is waited for without asking the first again")
    func secondOutage() async throws {
        let answer = "{\"accessToken\":\"ya29.account\",\"expireTime\":\"2026-11-22T10:30:00Z\"}"
        let harness = try TradeHarness([federated, .status(503), .failing(.connection), .status(200, answer)])
        _ = try await harness.obtain(at: gcpTarget(account: account))
        let urls = harness.network.requests.map(\.url)
        #expect(urls.count == 4)
        #expect(urls.filter { $0.hasSuffix("/v1/token") }.count == 1)
    }

    @Test(
        "a second answer that is none of Google's is broken",
        arguments: [
            "{}", "{\"accessToken\":\"x\"}", "{\"accessToken\":\"x\",\"expireTime\":\"soon\"}",
            "{\"accessToken\":\"x y\",\"expireTime\":\"2026-11-22T10:30:00Z\"}",
            "{\"accessToken\":\"x\",\"expireTime\":\"2026-11-22T09:00:00Z\"}",
        ]
    )
    func brokenSecond(_ body: String) async throws {
        let harness = try TradeHarness([federated, .status(200, body)])
        let failure = try #require(try await harness.failure(at: gcpTarget(account: account)))
        #expect(failure.kind == .brokenAnswer)
        #expect(failure.code == "no-gcp-answer")
    }
}
