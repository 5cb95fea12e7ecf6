import HTTP
import JSON
import Sandbox
import Support
import Testing
import Time

@Suite("The stand-in for Microsoft Entra ID")
struct EntraStandInTests {
    private static let audience = "api://AzureADTokenExchange"

    private func ask(
        _ sandbox: SandboxHarness,
        _ assertion: String,
        scope: String = "https://management.azure.com/.default"
    ) async throws -> (status: Int, answer: JSON) {
        let response = try await sandbox.post(
            "/contoso/oauth2/v2.0/token",
            form: [
                "grant_type": "client_credentials", "client_id": "11111111-2222-3333-4444-555555555555", "scope": scope,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": assertion,
            ]
        )
        return (response.status, try JSON.parse(response.body))
    }

    @Test(
        "an assertion of RS256 is taken, any other algorithm is not",
        arguments: [SignatureChoice.rs256, .es256, .edDSA]
    )
    func algorithms(_ choice: SignatureChoice) async throws {
        let sandbox = try await SandboxHarness()
        let token = try sandbox.issuer.sign(sandbox.claims(for: Self.audience), choice.algorithm)
        let (status, answer) = try await ask(sandbox, token)
        if choice == .rs256 {
            #expect(status == 200)
            #expect(answer["token_type"] == "Bearer" && answer["expires_in"] == 3_599)
        } else {
            #expect(status == 401)
            #expect(answer["error_codes"] == [700_027])
        }
    }

    /// How an assertion is spoilt, and Entra's number for it.
    static let spoilt: [SpoiltToken] = [
        SpoiltToken("for another audience", "700212") { claims, _ in claims["aud"] = "sts.amazonaws.com" },
        SpoiltToken("expired", "700024") { claims, now in claims["exp"] = .integer(now - 31) },
        SpoiltToken("not yet valid", "700024") { claims, now in claims["nbf"] = .integer(now + 31) },
        SpoiltToken("of a stranger", "700211") { claims, _ in claims["iss"] = "https://example.com" },
        SpoiltToken("of another subject", "700213") { claims, _ in claims["sub"] = "project:acme/other" },
        SpoiltToken("of a subject in other letters", "7002138") { claims, _ in
            claims["sub"] = "project:Acme/web:ref:refs/heads/main"
        },
    ]

    @Test("an assertion that is not good has Entra's number", arguments: spoilt)
    func refused(_ spoilt: SpoiltToken) async throws {
        let sandbox = try await SandboxHarness { $0.azureSubjects = ["project:acme/web:ref:refs/heads/main"] }
        var claims = sandbox.claims(for: Self.audience)
        spoilt.change(&claims, sandbox.clock.now.seconds)
        let (status, answer) = try await ask(sandbox, sandbox.issuer.sign(claims))
        #expect(status == 401)
        #expect(answer["error_codes"]?.asArray?.first?.asInteger == Int64(spoilt.code))
        #expect(answer["error_description"]?.asString?.hasPrefix("AADSTS\(spoilt.code): ") == true)
        for name in ["trace_id", "correlation_id", "timestamp"] { #expect(answer[name]?.asString?.isEmpty == false) }
    }

    @Test(
        "a scope names one resource and all that is allowed of it",
        arguments: ["x", "a/.default b/.default", "User.Read"]
    )
    func scope(_ scope: String) async throws {
        let sandbox = try await SandboxHarness()
        let token = try sandbox.issuer.sign(sandbox.claims(for: Self.audience))
        let (status, answer) = try await ask(sandbox, token, scope: scope)
        #expect(status == 400)
        #expect(answer["error_codes"] == [70_011])
    }

    @Test("the document that SDKs look for names the endpoint")
    func discovery() async throws {
        let sandbox = try await SandboxHarness()
        let response = try await sandbox.send(.get, "/contoso/v2.0/.well-known/openid-configuration")
        let endpoint = try JSON.parse(response.body)["token_endpoint"]?.asString
        #expect(endpoint?.hasSuffix("/contoso/oauth2/v2.0/token") == true)
    }
}
