import HTTP
import JSON
import Sandbox
import Support
import Testing

@Suite("What the stand-in for Vault keeps")
struct VaultShelfTests {
    private func login(_ sandbox: SandboxHarness, _ fields: HTTPFields = [:]) async throws -> JSON {
        let token = try sandbox.issuer.sign(sandbox.claims(for: "vault"))
        let response = try await sandbox.post(
            "/v1/auth/jwt/login",
            json: ["role": "ci", "jwt": .string(token)],
            fields: fields
        )
        return try JSON.parse(response.body)
    }

    private func held(_ sandbox: SandboxHarness) async throws -> HTTPFields {
        ["X-Vault-Token": try #require(try await login(sandbox)["auth"]?["client_token"]?.asString)]
    }

    @Test("a secret is read in its versions, and written in a new one")
    func secrets() async throws {
        let sandbox = try await SandboxHarness { $0.vaultSecrets = ["secret/data/web": ["password": "x"]] }
        let fields = try await held(sandbox)
        let read = try await sandbox.send(.get, "/v1/secret/data/web", fields: fields)
        #expect(try JSON.parse(read.body)["data"]?["data"] == ["password": "x"])
        let written = try await sandbox.post("/v1/secret/data/web", json: ["data": ["password": "y"]], fields: fields)
        #expect(try JSON.parse(written.body)["data"]?["version"] == 2)
        let first = try await sandbox.send(.get, "/v1/secret/data/web?version=1", fields: fields)
        #expect(try JSON.parse(first.body)["data"]?["data"] == ["password": "x"])
        for path in ["/v1/secret/data/other", "/v1/secret/data/web?version=3", "/v1/secret/web"] {
            #expect(try await sandbox.send(.get, path, fields: fields).status == 404)
        }
        #expect(try await sandbox.send(.get, "/v1/secret/data/web").status == 403)
    }

    @Test("a dynamic secret has a lease, which ends with the token that got it")
    func leases() async throws {
        let sandbox = try await SandboxHarness()
        let fields = try await held(sandbox)
        let other = try await held(sandbox)
        let made = try JSON.parse(try await sandbox.send(.get, "/v1/database/creds/web", fields: fields).body)
        #expect(made["data"]?["username"]?.asString?.hasPrefix("v-jwt-web-") == true)
        let certificate = try JSON.parse(
            try await sandbox.post("/v1/pki/issue/web", json: ["common_name": "web.example"], fields: fields).body
        )
        #expect(certificate["data"]?["private_key"]?.asString?.hasPrefix("-----BEGIN PRIVATE KEY-----") == true)
        for lease in [made["lease_id"], certificate["lease_id"]] {
            let body: JSON = ["lease_id": lease ?? .null]
            #expect(try await sandbox.post("/v1/sys/leases/lookup", json: body, fields: other).status == 200)
            #expect(try await sandbox.post("/v1/sys/leases/revoke", json: body, fields: fields).status == 403)
        }
        #expect(try await sandbox.send(.post, "/v1/auth/token/revoke-self", fields: fields).status == 204)
        let gone = try await sandbox.post(
            "/v1/sys/leases/lookup",
            json: ["lease_id": made["lease_id"] ?? .null],
            fields: other
        )
        #expect(gone.status == 400)
        #expect(try JSON.parse(gone.body)["errors"] == ["invalid lease"])
    }

    @Test("a wrapping is opened once, within its time")
    func wrapping() async throws {
        let sandbox = try await SandboxHarness()
        let wrapped = try await login(sandbox, ["X-Vault-Wrap-TTL": "60"])
        #expect(wrapped["auth"] == JSON.null)
        #expect(wrapped["wrap_info"]?["ttl"] == 60)
        let token = try #require(wrapped["wrap_info"]?["token"]?.asString)
        let opened = try await sandbox.send(.post, "/v1/sys/wrapping/unwrap", fields: ["X-Vault-Token": token])
        #expect(try JSON.parse(opened.body)["auth"]?["client_token"]?.asString?.hasPrefix("s.sandbox") == true)
        #expect(try await sandbox.post("/v1/sys/wrapping/unwrap", json: ["token": .string(token)]).status == 400)
        let late = try #require(try await login(sandbox, ["X-Vault-Wrap-TTL": "60"])["wrap_info"]?["token"]?.asString)
        sandbox.clock.advance(by: .seconds(61))
        #expect(try await sandbox.send(.post, "/v1/sys/wrapping/unwrap", fields: ["X-Vault-Token": late]).status == 400)
    }

    @Test("a wrapping that nobody has opened ends itself")
    func endedWrapping() async throws {
        let sandbox = try await SandboxHarness()
        let token = try #require(try await login(sandbox, ["X-Vault-Wrap-TTL": "60"])["wrap_info"]?["token"]?.asString)
        let fields: HTTPFields = ["X-Vault-Token": token]
        #expect(try await sandbox.send(.post, "/v1/auth/token/revoke-self", fields: fields).status == 204)
        #expect(try await sandbox.send(.post, "/v1/sys/wrapping/unwrap", fields: fields).status == 400)
    }

    @Test("a namespace is there where it was named")
    func namespaces() async throws {
        let sandbox = try await SandboxHarness { $0.vaultNamespaces = ["team/web"] }
        #expect(try await login(sandbox, ["X-Vault-Namespace": "team/web/"])["auth"]?["client_token"] != nil)
        #expect(try await login(sandbox, ["X-Vault-Namespace": "team/other"])["errors"] == ["namespace not found"])
    }
}
