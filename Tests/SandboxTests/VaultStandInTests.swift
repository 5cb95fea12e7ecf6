import Crypto
import HTTP
import JSON
import Sandbox
import Support
import Testing
import Time

@Suite("The stand-in for Vault")
struct VaultStandInTests {
    private func login(_ sandbox: SandboxHarness, _ token: String, role: String = "Deploy") async throws -> HTTPResponse
    {
        try await sandbox.post("/v1/auth/jwt/login", json: ["role": .string(role), "jwt": .string(token)])
    }

    private func errors(_ response: HTTPResponse) throws -> [String] {
        try JSON.parse(response.body)["errors"]?.asArray?.compactMap(\.asString) ?? []
    }

    @Test("a good token logs in, whatever its algorithm", arguments: [SignatureChoice.rs256, .es256, .edDSA])
    func taken(algorithm: SignatureChoice) async throws {
        let sandbox = try await SandboxHarness()
        let response = try await login(
            sandbox,
            try sandbox.issuer.sign(sandbox.claims(for: "vault"), algorithm.algorithm)
        )
        #expect(response.status == 200)
        let answer = try JSON.parse(response.body)
        let auth = try #require(answer["auth"])
        #expect(auth["client_token"]?.asString?.hasPrefix("s.sandbox") == true)
        #expect(auth["client_token"]?.asString?.utf8.count == 26)
        #expect(auth["lease_duration"] == 3600)
        #expect(auth["renewable"] == false)
        #expect(auth["metadata"] == ["role": "deploy"])
        #expect(auth["mfa_requirement"] == JSON.null)
        #expect(answer["data"] == JSON.null)
        #expect(answer["lease_id"] == "")
        #expect(sandbox.events.map(\.target) == ["deploy"])
    }

    @Test("a token can be looked at until it is revoked, or its time is over")
    func life() async throws {
        let sandbox = try await SandboxHarness()
        let token = try sandbox.issuer.sign(sandbox.claims(for: "vault"))
        let answer = try JSON.parse(try await login(sandbox, token).body)
        let held = try #require(answer["auth"]?["client_token"]?.asString)
        let bearer: HTTPFields = ["Authorization": "Bearer \(held)"]
        sandbox.clock.advance(by: .seconds(600))
        let looked = try await sandbox.send(.get, "/v1/auth/token/lookup-self", fields: ["X-Vault-Token": held])
        let data = try #require(try JSON.parse(looked.body)["data"])
        #expect(data["id"] == .string(held))
        #expect(data["ttl"] == 3000)
        #expect(data["display_name"] == "jwt-project:acme/web:ref:refs/heads/main")
        #expect(data["expire_time"] == .string(RFC3339.format(sandbox.clock.now + .seconds(3000))))
        let revoked = try await sandbox.send(.post, "/v1/auth/token/revoke-self", fields: bearer)
        #expect(revoked.status == 204 && revoked.body.isEmpty)
        let gone = try await sandbox.send(.get, "/v1/auth/token/lookup-self", fields: bearer)
        #expect(gone.status == 403)
        #expect(try errors(gone) == ["permission denied"])

        let second = try JSON.parse(
            try await login(sandbox, try sandbox.issuer.sign(sandbox.claims(for: "vault"))).body
        )
        let other = try #require(second["auth"]?["client_token"]?.asString)
        sandbox.clock.advance(by: .seconds(3600))
        let late = try await sandbox.send(.get, "/v1/auth/token/lookup-self", fields: ["X-Vault-Token": other])
        #expect(late.status == 403)
    }

    /// How a token is spoilt, and what OpenBao 2.7.2 says of it.
    static let spoilt: [SpoiltToken] = [
        SpoiltToken("for another audience", "audience claim does not match any expected audience") { claims, _ in
            claims["aud"] = "sts.amazonaws.com"
        },
        SpoiltToken("expired", "invalid expiration time (exp) claim: token is expired") { claims, now in
            claims["exp"] = .integer(now - 100)
        },
        SpoiltToken("from the future", "invalid not before (nbf) claim: token not yet valid") { claims, now in
            claims["nbf"] = .integer(now + 100)
        },
        SpoiltToken("of a stranger", "invalid issuer (iss) claim") { claims, _ in claims["iss"] = "https://example.com"
        },
        SpoiltToken("without any time", "no issued at (iat), not before (nbf), or expiration time (exp)") { claims, _ in
            for name in ["iat", "nbf", "exp"] { claims[name] = nil }
        },
        SpoiltToken("without an end, long ago", "token is expired") { claims, now in
            claims["exp"] = nil
            claims["iat"] = .integer(now - 210)
            claims["nbf"] = nil
        },
        SpoiltToken("without a subject", "claim \"sub\" not found in token") { claims, _ in claims["sub"] = nil },
    ]

    @Test("a token that the login would refuse is refused in its words", arguments: spoilt)
    func refused(_ spoilt: SpoiltToken) async throws {
        let sandbox = try await SandboxHarness()
        var claims = sandbox.claims(for: "vault")
        spoilt.change(&claims, sandbox.clock.now.seconds)
        let response = try await login(sandbox, try sandbox.issuer.sign(claims))
        #expect(response.status == 400)
        let texts = try errors(response)
        #expect(texts.count == 1 && texts[0].contains(spoilt.code))
        guard case .refused = sandbox.events.first?.outcome else {
            Issue.record("no refusal was reported")
            return
        }
    }

    @Test("a token without an end lasts a while after its beginning")
    func endless() async throws {
        let sandbox = try await SandboxHarness()
        var claims = sandbox.claims(for: "vault")
        claims["exp"] = nil
        claims["iat"] = .integer(sandbox.clock.now.seconds - 200)
        #expect(try await login(sandbox, try sandbox.issuer.sign(claims)).status == 200)
    }

    @Test("a signature that is not the issuer's is refused")
    func forged() async throws {
        let sandbox = try await SandboxHarness()
        let stranger = try await TestIssuer(newKeysFor: [.es256])
        let response = try await login(sandbox, try stranger.sign(sandbox.claims(for: "vault"), .es256))
        #expect(response.status == 400)
        #expect(try errors(response)[0].contains("failed to verify id token signature"))
    }

    @Test("roles, mounts, namespaces and methods that there are not are refused as Vault refuses them")
    func elsewhere() async throws {
        let sandbox = try await SandboxHarness { $0.vaultRoles = ["deploy"] }
        let token = try sandbox.issuer.sign(sandbox.claims(for: "vault"))
        let unknown = try await login(sandbox, token, role: "nope")
        #expect(unknown.status == 400)
        #expect(try errors(unknown) == ["role \"nope\" could not be found"])
        #expect(try await login(sandbox, token, role: "DEPLOY").status == 200)
        let body: JSON = ["role": "deploy", "jwt": .string(token)]
        #expect(try await sandbox.post("/v1/auth/other/login", json: body).status == 403)
        let namespace = try await sandbox.post("/v1/auth/jwt/login", json: body, fields: ["X-Vault-Namespace": "team"])
        #expect(namespace.status == 404)
        #expect(try await sandbox.send(.get, "/v1/auth/jwt/login").status == 405)
        #expect(try await sandbox.send(.get, "/v1/secret/data/x").status == 403)
        #expect(try await sandbox.send(.get, "/v1/auth/token/lookup-self").status == 403)
        #expect(try await sandbox.send(.get, "/v1/sys/health").status == 200)
    }

    @Test(
        "a body that is no login is refused",
        arguments: [
            ("", "failed to parse JSON"), ("{", "failed to parse JSON"), ("{\"a\":1,\"a\":2}", "failed to parse JSON"),
            ("{\"role\":\"r\"}", "missing token"), ("{\"role\":\"r\",\"jwt\":\"\"}", "missing token"),
            ("{\"jwt\":\"a.b.c\"}", "missing role"), ("[]", "missing token"),
        ]
    )
    func malformed(body: String, text: String) async throws {
        let sandbox = try await SandboxHarness()
        let response = try await sandbox.send(.post, "/v1/auth/jwt/login", body: Array(body.utf8))
        #expect(response.status == 400)
        #expect(try errors(response).first?.hasPrefix(text) == true)
    }
}
