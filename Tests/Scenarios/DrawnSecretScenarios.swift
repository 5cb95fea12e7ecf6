import JSON
import Testing

extension Scenarios {
    /// A context whose values are kept in a real OpenBao, and fetched with the run's own identity.
    @Suite("A context draws values from OpenBao when a run reads it")
    struct DrawnSecretScenarios {
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
                    timeout: 2s
                    allow:
                      - {project: acme/web}
                contexts:
                  web:
                    allow:
                      - {project: acme/web}
                    from: {target: openbao, path: secret/data/web, fields: {DB_USER: username, DB_PASSWORD: password}}
                """,
                in: folder
            )
            broker = try site.serve()
            try bao.trust(issuer: site.url, audience: Self.audience, job: "release")
            // The policy that every token has, so that the role stays as the script writes it.
            try bao.run(
                ["policy", "write", "default", "-"],
                input: """
                    path "secret/data/web" { capabilities = ["read"] }
                    path "auth/token/revoke-self" { capabilities = ["update"] }

                    """
            )
            try bao.run(["kv", "put", "-mount=secret", "web", "username=ada", "password=drawn-hunter2"])
            let stored = try site.command(["secret", "set", "web", "OTHER"], input: "stored")
            try #require(stored.code == 0, "\(stored)")
        }

        @Test("whole, beside what is stored, or by name; the ledger has the trade and the read, and no value")
        func drawn() throws {
            let job = try site.register()
            let check = "[ \"$DB_USER:$DB_PASSWORD:$OTHER\" = ada:drawn-hunter2:stored ] && echo right"
            let run = try job.command(["exec", "--context", "web", "--", "sh", "-c", check])
            #expect(run.code == 0 && run.output.hasPrefix("right"), "\(run)")
            #expect(try job.command(["secret", "get", "web", "DB_PASSWORD"]).output == "drawn-hunter2")
            // What is stored needs no OpenBao.
            #expect(try job.command(["secret", "get", "web", "OTHER"]).output == "stored")
            let trades = try site.entries("kind=exchange.succeeded&target=openbao")
            #expect(trades.map { $0["context"] } == ["web", "web"])
            let reads = try site.entries("kind=secret.read&context=web")
            #expect(reads.count == 3)
            for entry in trades + reads { #expect(!entry.text.contains("drawn-hunter2")) }
            try bao.run(["kv", "put", "-mount=secret", "web", "username=ada", "password=changed"])
            #expect(try job.command(["secret", "get", "web", "DB_PASSWORD"]).output == "changed")
        }

        @Test("the logins that a run drew with end with the run")
        func ends() throws {
            let before = try bao.tokens()
            let job = try site.register()
            for _ in 0..<2 { #expect(try job.command(["secret", "get", "web", "DB_USER"]).output == "ada") }
            #expect(try bao.tokens() == before + 2)
            let ended = try Call("DELETE", "\(site.url)/v1/runs/\(job.id)", token: site.token(.orchestrator))
            #expect(ended.status == 204, "\(ended)")
            #expect(try bao.tokens() == before)
            let revoked = try site.entries("kind=credential.revoked&run=\(job.id)")
            #expect(revoked.map { $0["outcome"] } == ["succeeded", "succeeded"])
        }

        @Test("what OpenBao refuses, or has not, or what is stored too, is refused with its reason")
        func refused() throws {
            let other = try site.register(["job": "tests"]).command(["secret", "get", "web", "DB_USER"])
            #expect(other.code == 77 && other.error.contains("claim"), "\(other)")
            try bao.run(["kv", "put", "-mount=secret", "web", "username=ada"])
            let missing = try site.register().command(["secret", "get", "web", "DB_PASSWORD"])
            #expect(missing.code != 0 && missing.error.contains("no field 'password'"), "\(missing)")
            try bao.run(["kv", "put", "-mount=secret", "web", "username=ada", "password=x"])
            #expect(try site.command(["secret", "set", "web", "DB_USER"], input: "stored").code == 0)
            let both = try site.register().command(["exec", "--context", "web", "--", "true"])
            #expect(both.code != 0 && both.error.contains("delete the stored one"), "\(both)")
            bao.server.stop()
            let out = try site.register().command(["secret", "get", "web", "DB_PASSWORD"])
            #expect(out.code == 69 || out.code == 75, "\(out)")
            #expect(try site.entries("kind=exchange.failed&context=web").count == 1)
        }
    }
}
