import Crypto
import JSON
import POSIX
import Testing

extension Scenarios {
    /// A real OpenBao with a key-value store and a certificate authority, and jobs that use hvac.
    @Suite("OpenBao's secrets reach the job in variables, with leases that end with its token")
    struct VaultSecretScenarios {
        private static let audience = "https://openbao.example"
        private let folder: Folder
        private let bao: OpenBao
        private let site: Site
        private let broker: Running

        init() throws {
            folder = try Folder()
            bao = try OpenBao(in: folder)
            site = try Site(
                """
                targets:
                  openbao:
                    type: vault
                    address: \(bao.url)
                    role: deploy
                    audience: \(Self.audience)
                    allow: [{project: acme/web}]
                    reads:
                      - {path: secret/data/web, fields: {APP_PASSWORD: password}}
                      - {path: pki/issue/web, fields: {APP_KEY: private_key, APP_SERIAL: serial_number}, with: {common_name: web.example}}
                  forbidden:
                    type: vault
                    address: \(bao.url)
                    role: deploy
                    audience: \(Self.audience)
                    allow: [{project: acme/web}]
                    reads:
                      - {path: secret/data/other, fields: {APP_OTHER: password}}
                  wrapped:
                    type: vault
                    address: \(bao.url)
                    role: deploy
                    audience: \(Self.audience)
                    wrap: 60s
                    allow: [{project: acme/web}]
                """,
                in: folder
            )
            broker = try site.serve()
            try bao.trust(issuer: site.url, audience: Self.audience, job: "release")
            try prepare()
        }

        /// A secret, an authority, and a policy that lets the role at both.
        private func prepare() throws {
            try bao.run(["kv", "put", "-mount=secret", "web", "password=hunter2 'quoted'"])
            try bao.run(["kv", "put", "-mount=secret", "other", "password=x"])
            try bao.run(["secrets", "enable", "pki"])
            try bao.run(["write", "pki/root/generate/internal", "common_name=root", "key_type=ec", "key_bits=256"])
            let role = ["allow_any_name=true", "key_type=ec", "key_bits=256", "generate_lease=true", "ttl=10m"]
            try bao.run(["write", "pki/roles/web"] + role)
            let policy = """
                path "secret/data/web" { capabilities = ["read"] }
                path "pki/issue/web" { capabilities = ["update"] }
                """
            try bao.run(["policy", "write", "web", "-"], input: policy)
            try bao.run(["write", "auth/jwt/role/deploy", "role_type=jwt", "token_policies=default,web"])
        }

        private func digest(_ text: String) -> JSON { .string(SHA256.hash(text).hex) }

        @Test("a job by hvac reads as the role may, and finds the same in its variables")
        func reads() throws {
            let python = try RelyingParty.program("python")
            let script = RelyingParty.script("vault_job.py")
            let run = try site.register().command(["exec", "openbao", "--", python, script, "token", "web"])
            #expect(run.code == 0, "\(run)")
            let found = try JSON.parse(Array((run.output.split(separator: "\n").first ?? "").utf8))
            #expect(found["role"] == "deploy")
            #expect(found["secret"]?["password"] == digest("hunter2 'quoted'"))
            #expect(found["environment"]?["APP_PASSWORD"] == digest("hunter2 'quoted'"))
            let names = found["environment"]?.asObject?.members.map(\.name)
            #expect(names == ["APP_KEY", "APP_PASSWORD", "APP_SERIAL"])
        }

        @Test("the credential ends with its first lease, and the certificate's lease ends with the login's token")
        func leases() throws {
            let run = try site.register().command(["credential", "openbao", "--format", "json"])
            #expect(run.code == 0, "\(run)")
            let answer = try JSON.parse(Array(run.output.utf8))
            let token = try #require(answer["environment"]?["VAULT_TOKEN"]?.asString)
            let lease = try #require(answer["credential"]?["reads"]?.asArray?.last?["lease_id"]?.asString)
            let seconds = answer["credential"]?["reads"]?.asArray?.last?["lease_duration"]?.asInteger
            // OpenBao counts from the certificate's own beginning, a moment before.
            #expect((590...600).contains(seconds ?? 0), "\(run)")
            #expect(try bao.run(["lease", "lookup", lease], mayFail: true).code == 0)
            let revoked = try Call("POST", "\(bao.url)/v1/auth/token/revoke-self", token: token)
            #expect(revoked.status == 204)
            #expect(try bao.run(["lease", "lookup", lease], mayFail: true).code != 0)
        }

        @Test("a read that the role may not make starts nothing, says so, and leaves no token behind")
        func forbidden() throws {
            let before = try bao.tokens()
            let run = try site.register().command(["exec", "forbidden", "--", "echo", "started"])
            #expect(run.code == 77, "\(run)")
            #expect(run.output == "")
            #expect(run.error.contains("permission denied"), "\(run)")
            #expect(try bao.tokens() == before)
        }

        @Test("a wrapped login is opened by the job, once")
        func wrapped() throws {
            let python = try RelyingParty.program("python")
            let script = RelyingParty.script("vault_job.py")
            let open = "\"\(python)\" \"\(script)\" unwrap; \"\(python)\" \"\(script)\" unwrap 2>/dev/null || echo once"
            let run = try site.register().command(["exec", "wrapped", "--", "sh", "-c", open])
            #expect(run.output.contains("\"role\": \"deploy\""), "\(run)")
            #expect(run.output.contains("once"), "\(run)")
        }
    }
}
