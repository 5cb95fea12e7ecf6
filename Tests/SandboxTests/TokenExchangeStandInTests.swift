import HTTP
import JSON
import Sandbox
import Support
import Testing
import Time

@Suite("The stand-in for a server of RFC 8693")
struct TokenExchangeStandInTests {
    private static let grant = "urn:ietf:params:oauth:grant-type:token-exchange"
    private static let types = "urn:ietf:params:oauth:token-type:"

    private func exchange(
        _ sandbox: SandboxHarness,
        _ token: String,
        _ changes: [String: String?] = [:]
    ) async throws -> (status: Int, answer: JSON) {
        var form: [(String, String)] = [
            ("grant_type", Self.grant), ("subject_token", token), ("subject_token_type", Self.types + "jwt"),
            ("audience", "registry"),
        ]
        for (name, value) in changes {
            form.removeAll { $0.0 == name }
            if let value { form.append((name, value)) }
        }
        let response = try await sandbox.send(
            .post,
            "/token",
            fields: ["Content-Type": "application/x-www-form-urlencoded"],
            body: FormText(form).bytes
        )
        #expect(response.fields["Cache-Control"] == "no-store")
        return (response.status, try JSON.parse(response.body))
    }

    @Test("a good token becomes an access token")
    func taken() async throws {
        let sandbox = try await SandboxHarness()
        let token = try sandbox.issuer.sign(sandbox.claims(for: "sandbox"))
        let (status, answer) = try await exchange(sandbox, token, ["scope": "push pull"])
        #expect(status == 200)
        #expect(answer["access_token"]?.asString?.hasPrefix("sandbox_") == true)
        #expect(answer["issued_token_type"] == .string(Self.types + "access_token"))
        #expect(answer["token_type"] == "Bearer")
        #expect(answer["expires_in"] == 3600)
        #expect(answer["scope"] == "push pull")
        #expect(sandbox.events.map(\.target) == ["registry"])
    }

    @Test(
        "a request that is none is refused with its code",
        arguments: [
            (["grant_type": nil], "invalid_request"), (["grant_type": "client_credentials"], "unsupported_grant_type"),
            (["subject_token": nil], "invalid_request"), (["subject_token": "x"], "invalid_request"),
            (["subject_token_type": nil], "invalid_request"),
            (["subject_token_type": "urn:ietf:params:oauth:token-type:saml2"], "invalid_request"),
            (["requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"], "invalid_request"),
            (["actor_token": "x"], "invalid_request"), (["actor_token_type": "x"], "invalid_request"),
            (["resource": "not a url"], "invalid_target"),
        ] as [([String: String?], String)]
    )
    func malformed(changes: [String: String?], code: String) async throws {
        let sandbox = try await SandboxHarness()
        let token = try sandbox.issuer.sign(sandbox.claims(for: "sandbox"))
        let (status, answer) = try await exchange(sandbox, token, changes)
        #expect(status == 400)
        #expect(answer["error"] == .string(code))
        #expect(answer["error_description"]?.asString?.isEmpty == false)
    }

    /// How a token is spoilt.
    static let spoilt: [SpoiltToken] = [
        SpoiltToken("for another audience", "aud") { claims, _ in claims["aud"] = "vault" },
        SpoiltToken("expired", "exp") { claims, now in claims["exp"] = .integer(now - 31) },
        SpoiltToken("from the future", "iat") { claims, now in claims["iat"] = .integer(now + 31) },
        SpoiltToken("of a stranger", "not trusted") { claims, _ in claims["iss"] = "https://example.com" },
        SpoiltToken("without a subject", "sub") { claims, _ in claims["sub"] = nil },
    ]

    @Test("a token that is not good is an invalid request (RFC 8693, section 2.2.2)", arguments: spoilt)
    func refused(_ spoilt: SpoiltToken) async throws {
        let sandbox = try await SandboxHarness()
        var claims = sandbox.claims(for: "sandbox")
        spoilt.change(&claims, sandbox.clock.now.seconds)
        let (status, answer) = try await exchange(sandbox, try sandbox.issuer.sign(claims))
        #expect(status == 400)
        #expect(answer["error"] == "invalid_request")
        #expect(answer["error_description"]?.asString?.contains(spoilt.code) == true)
    }

    @Test("a token of another type is not an ID token")
    func otherType() async throws {
        let sandbox = try await SandboxHarness()
        let token = try sandbox.issuer.sign(sandbox.claims(for: "sandbox"), header: ["typ": "at+jwt"])
        #expect(try await exchange(sandbox, token).status == 400)
    }

    @Test("GET, JSON and repeated parameters are refused")
    func form() async throws {
        let sandbox = try await SandboxHarness()
        let got = try await sandbox.send(.get, "/token")
        #expect(got.status == 405 && got.fields["Allow"] == "POST")
        let json = try await sandbox.post("/token", json: [:], fields: ["Content-Type": "application/json"])
        #expect(json.status == 400)
        let repeated = try await sandbox.post("/token", form: ["grant_type": Self.grant, "grant_type": Self.grant])
        #expect(repeated.status == 400)
        #expect(try JSON.parse(repeated.body)["error"] == "invalid_request")
    }

    @Test("what the sandbox does not play is not found")
    func notFound() async throws {
        let sandbox = try await SandboxHarness()
        #expect(try await sandbox.send(.get, "/elsewhere").status == 404)
    }
}
