import HTTP
import JSON
import Sandbox
import Support
import Testing
import Time

private let provider = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/jobpass"
private let types = "urn:ietf:params:oauth:token-type:"

@Suite("The stand-in for Google Cloud")
struct GoogleStandInTests {
    private func exchange(
        _ sandbox: SandboxHarness,
        _ token: String,
        _ changes: [String: String?] = [:]
    ) async throws -> (status: Int, answer: JSON) {
        var form: [(String, String)] = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("audience", provider), ("scope", "s"),
            ("requested_token_type", types + "access_token"), ("subject_token", token),
            ("subject_token_type", types + "jwt"),
        ]
        for (name, value) in changes {
            form.removeAll { $0.0 == name }
            if let value { form.append((name, value)) }
        }
        let fields: HTTPFields = ["Content-Type": "application/x-www-form-urlencoded"]
        let response = try await sandbox.send(.post, "/v1/token", fields: fields, body: FormText(form).bytes)
        return (response.status, try JSON.parse(response.body))
    }

    @Test(
        "a token for the provider's name, with https: or without, is taken",
        arguments: [provider, "https:\(provider)"]
    )
    func taken(_ audience: String) async throws {
        let sandbox = try await SandboxHarness()
        let (status, answer) = try await exchange(sandbox, sandbox.issuer.sign(sandbox.claims(for: audience)))
        #expect(status == 200, "\(answer)")
        #expect(answer["token_type"] == "Bearer")
        #expect(answer["expires_in"] == 3_599)
        #expect(answer["issued_token_type"] == .string(types + "access_token"))
        #expect(sandbox.events.map(\.target) == [provider])
    }

    @Test("the algorithms are RS256 and ES256", arguments: [SignatureChoice.rs256, .es256, .edDSA])
    func algorithms(_ choice: SignatureChoice) async throws {
        let sandbox = try await SandboxHarness()
        let token = try sandbox.issuer.sign(sandbox.claims(for: provider), choice.algorithm)
        #expect(try await exchange(sandbox, token).status == (choice == .edDSA ? 400 : 200))
    }

    @Test("the subject may have 127 bytes and no more", arguments: [(127, 200, nil), (128, 400, "invalid_request")])
    func subject(_ bytes: Int, _ status: Int, _ code: String?) async throws {
        let sandbox = try await SandboxHarness()
        var claims = sandbox.claims(for: provider)
        claims["sub"] = .string(String(repeating: "s", count: bytes))
        let (found, answer) = try await exchange(sandbox, sandbox.issuer.sign(claims))
        #expect(found == status)
        #expect(answer["error"]?.asString == code)
        if code != nil { #expect(answer["error_description"]?.asString?.contains("127 bytes") == true) }
    }

    static let spoilt: [SpoiltToken] = [
        SpoiltToken("for another audience", "audience") { claims, _ in claims["aud"] = "sts.amazonaws.com" },
        SpoiltToken("expired", "exp") { claims, now in claims["exp"] = .integer(now - 31) },
        SpoiltToken("from the future", "iat") { claims, now in claims["iat"] = .integer(now + 31) },
        SpoiltToken("older than a day", "stale to sign-in") { claims, now in claims["iat"] = .integer(now - 86_401) },
        SpoiltToken("of a stranger", "issuer in ID Token") { claims, _ in claims["iss"] = "https://example.com" },
        SpoiltToken("without iat", "iat") { claims, _ in claims["iat"] = nil },
    ]

    @Test("a token that is not good is an invalid grant", arguments: spoilt)
    func refused(_ spoilt: SpoiltToken) async throws {
        let sandbox = try await SandboxHarness()
        var claims = sandbox.claims(for: provider)
        spoilt.change(&claims, sandbox.clock.now.seconds)
        let (status, answer) = try await exchange(sandbox, sandbox.issuer.sign(claims))
        #expect(status == 400)
        #expect(answer["error"] == "invalid_grant")
        #expect(answer["error_description"]?.asString?.contains(spoilt.code) == true, "\(answer)")
    }

    @Test(
        "a request that is none is refused with its code",
        arguments: [
            (["audience": "//iam.googleapis.com/x"], "invalid_target"), (["audience": nil], "invalid_request"),
            (["scope": nil], "invalid_request"), (["requested_token_type": nil], "invalid_request"),
            (["grant_type": "client_credentials"], "unsupported_grant_type"), (["subject_token": "x"], "invalid_grant"),
        ] as [([String: String?], String)]
    )
    func malformed(_ changes: [String: String?], _ code: String) async throws {
        let sandbox = try await SandboxHarness()
        let (status, answer) = try await exchange(sandbox, sandbox.issuer.sign(sandbox.claims(for: provider)), changes)
        #expect(status == 400)
        #expect(answer["error"] == .string(code))
    }

    private func call(
        _ sandbox: SandboxHarness,
        _ method: String,
        _ body: JSON,
        token: String?,
        account: String = "deploy@acme.iam.gserviceaccount.com"
    ) async throws -> (status: Int, answer: JSON) {
        var fields: HTTPFields = ["Content-Type": "application/json"]
        if let token { fields.append("Authorization", "Bearer \(token)") }
        let path = "/v1/projects/-/serviceAccounts/\(account):\(method)"
        let response = try await sandbox.send(.post, path, fields: fields, body: body.serialized())
        return (response.status, try JSON.parse(response.body))
    }

    @Test("a federated token acts as a service account until its hour is over, and no other token does")
    func impersonation() async throws {
        let sandbox = try await SandboxHarness()
        let exchanged = try await exchange(sandbox, sandbox.issuer.sign(sandbox.claims(for: provider))).answer
        let token = try #require(exchanged["access_token"]?.asString)
        let access = try await call(sandbox, "generateAccessToken", ["scope": ["s"], "lifetime": "900s"], token: token)
        #expect(access.status == 200)
        #expect(access.answer["expireTime"] == .string(RFC3339.format(sandbox.clock.now + .seconds(900))))
        let identity = try await call(sandbox, "generateIdToken", ["audience": "https://run.example"], token: token)
        #expect(identity.answer["token"]?.asString?.split(separator: ".").count == 3)
        for (body, status) in [
            (["scope": []], "INVALID_ARGUMENT"), (["scope": ["s"], "lifetime": "7200s"], "INVALID_ARGUMENT"),
        ]
            as [(JSON, String)]
        {
            let refused = try await call(sandbox, "generateAccessToken", body, token: token)
            #expect(refused.status == 400)
            #expect(refused.answer["error"]?["status"] == .string(status))
        }
        #expect(try await call(sandbox, "generateAccessToken", ["scope": ["s"]], token: "other").status == 401)
        #expect(try await call(sandbox, "generateAccessToken", ["scope": ["s"]], token: nil).status == 401)
        #expect(
            try await call(sandbox, "generateAccessToken", ["scope": ["s"]], token: token, account: "nobody").status
                == 404
        )
        sandbox.clock.advance(by: .seconds(3_600))
        #expect(try await call(sandbox, "generateAccessToken", ["scope": ["s"]], token: token).status == 401)
    }
}
