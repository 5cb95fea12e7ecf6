import Exchange
import HTTP
import JSON
import Ledger
import Support
import Testing
import Time

@Suite("Trading at Microsoft Entra ID")
struct AzureTradeTests {
    /// An error in the shape that protocols.md, section 3, describes.
    private static func error(_ number: Int, _ code: String = "invalid_client") -> String {
        """
        {"error":"\(code)","error_description":"AADSTS\(number): The text of it. Trace ID: 0aa1 Correlation ID: 1bb2 Timestamp: \
        2026-11-22 09:00:00Z","error_codes":[\(number)],"timestamp":"2026-11-22 09:00:00Z","trace_id":"0aa1",\
        "correlation_id":"1bb2"}
        """
    }

    @Test("the request is a client assertion at the tenant's own endpoint")
    func request() async throws {
        let harness = try TradeHarness([.status(401, Self.error(700_213))])
        _ = try await harness.failure(at: azureTarget())
        let request = try #require(harness.network.requests.first)
        #expect(request.method == .post)
        #expect(request.url == "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token")
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == "grant_type=client_credentials&client_id=11111111-2222-3333-4444-555555555555"
                + "&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
                + "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
                + "&client_assertion=\(harness.sentToken())"
        )
    }

    @Test("the access token reaches the job beside what its tools need to know")
    func obtained() async throws {
        // {"uti":"abc-1"}
        let token = "eyJhbGciOiJSUzI1NiJ9.eyJ1dGkiOiJhYmMtMSJ9.c2ln"
        let answer = "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"access_token\":\"\(token)\"}"
        let harness = try TradeHarness([.status(200, answer)])
        let credential = try await harness.obtain(at: azureTarget(authority: "https://login.microsoftonline.us"))
        #expect(credential.expires == harness.book.clock.now + .seconds(3_599))
        #expect(
            credential.environment.texts() == [
                "AZURE_ACCESS_TOKEN": token, "AZURE_TENANT_ID": "contoso.onmicrosoft.com",
                "AZURE_CLIENT_ID": "11111111-2222-3333-4444-555555555555",
                "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us",
            ]
        )
        #expect(try harness.lastEntry().credential == "abc-1")
    }

    /// The codes of protocols.md, section 3; whether waiting may help; a part of the advice.
    static let codes: [(number: Int, kind: ExchangeFailure.Kind, tries: Int, says: String)] = [
        (70_021, .refused, 4, "takes minutes"), (700_211, .refused, 1, "token's iss"),
        (700_212, .refused, 1, "token's aud"), (700_213, .refused, 1, "token's sub"),
        (7_002_138, .refused, 1, "upper and lower case"), (700_024, .refused, 1, "clocks"),
        (700_027, .refused, 1, "JWKS"), (7_000_226, .refused, 1, "no federated credential at all"),
        (7_002_131, .refused, 1, "plain subject"), (7_002_241, .refused, 1, "plain subject"),
        (700_233, .refused, 1, "plain subject"), (700_234, .refused, 1, "plain subject"),
        (700_235, .refused, 1, "plain subject"), (700_237, .refused, 1, "plain subject"),
        (700_222, .refused, 1, "Entra's own"), (70_011, .misconfigured, 1, "'scope'"),
        (900_439, .misconfigured, 1, "'authority'"), (999_999, .refused, 1, "compare the token's claims"),
    ]

    @Test("each of Entra's codes is explained, under whatever error and status it comes", arguments: codes.indices)
    func explained(_ index: Int) async throws {
        let row = Self.codes[index]
        for (status, error) in [(401, "invalid_client"), (400, "invalid_request")] {
            let harness = try TradeHarness([.status(status, Self.error(row.number, error))])
            let failure = try #require(try await harness.failure(at: azureTarget()))
            #expect(failure.kind == row.kind)
            #expect(failure.code == "AADSTS\(row.number)")
            #expect(failure.attempts == row.tries)
            #expect(failure.advice.contains(row.says), "\(failure.advice)")
            #expect(failure.message == "AADSTS\(row.number): The text of it. (Entra trace 0aa1)")
        }
    }

    @Test("a new federated credential that counts after a moment is no failure")
    func propagates() async throws {
        let good = "{\"token_type\":\"Bearer\",\"expires_in\":\"3599\",\"access_token\":\"t\"}"
        let harness = try TradeHarness([.status(400, Self.error(70_021)), .status(200, good)])
        let texts = try await harness.obtain(at: azureTarget()).environment.texts()
        #expect(texts["AZURE_ACCESS_TOKEN"] == "t")
    }

    @Test("an answer without an end is broken, since every token of Entra's has one")
    func endless() async throws {
        let harness = try TradeHarness([.status(200, "{\"access_token\":\"t\"}")])
        #expect(try await harness.failure(at: azureTarget())?.code == "no-entra-answer")
    }
}
