import JSON
import POSIX
import Testing

extension Scenarios {
    /// A real OpenBao whose role is bound to project, job and sub, and a target with a fallback.
    @Suite("OpenBao lets in the run that its role names, and nobody else")
    struct OpenBaoScenarios {
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
                    allow:
                      - {project: acme/web}
                    fallback:
                      context: openbao-legacy
                      until: 2099-12-31
                      reason: the role is new
                contexts:
                  openbao-legacy:
                    allow:
                      - {project: acme/web}
                """,
                in: folder
            )
            let stored = try site.command(["secret", "set", "openbao-legacy", "VAULT_TOKEN"], input: "s.the-old-one")
            try #require(stored.code == 0, "\(stored)")
            broker = try site.serve()
            try bao.trust(issuer: site.url, audience: Self.audience, job: "release")
        }

        @Test("the right run works with a token that OpenBao itself vouches for")
        func rightRun() throws {
            let program = try RelyingParty.program("bao")
            let run = try site.register().command(["exec", "openbao", "--", program, "token", "lookup", "-format=json"])
            #expect(run.code == 0, "\(run)")
            let data = try JSON.parse(Array(run.output.utf8))["data"]
            #expect(data?["path"] == "auth/jwt/login")
            #expect(data?["meta"]?["role"] == "deploy")
            #expect(data?["display_name"] == "jwt-project:acme/web:ref:refs/heads/main:workflow:deploy:job:release")
            #expect(try site.entries("kind=exchange.succeeded&target=openbao").count == 1)
        }

        @Test(
            "a run that the role does not name is refused, starts nothing and gets no fallback",
            arguments: [["job": "tests"], ["ref": "refs/heads/feature"], ["workflow": "nightly"]] as [JSONObject]
        )
        func wrongRun(changes: JSONObject) throws {
            let run = try site.register(changes).command(["exec", "openbao", "--", "echo", "started"])
            #expect(run.code == 77, "\(run)")
            #expect(run.output == "")
            // OpenBao's own words reach the person who must change the role.
            #expect(run.error.contains("claim"), "\(run)")
            let refused = try site.entries("kind=exchange.refused&target=openbao")
            #expect(refused.count == 1)
            #expect(try site.entries("kind=fallback.used") == [])
        }

        @Test("while OpenBao is stopped the static secret is used, and the ledger says why")
        func stopped() throws {
            let job = try site.register()
            bao.server.stop()
            let check = "[ \"$VAULT_TOKEN\" = s.the-old-one ] && echo right"
            let run = try job.command(["exec", "openbao", "--", "sh", "-c", check])
            #expect(run.code == 0, "\(run)")
            #expect(run.output.hasPrefix("right\n"), "\(run)")
            #expect(!run.output.contains("s.the-old-one"), "the secret stands in the output: \(run)")
            let used = try site.entries("kind=fallback.used&target=openbao")
            #expect(used.count == 1)
            #expect(used.first?["reason"]?.asString?.contains("the role is new") == true, "\(used)")
            #expect(try site.entries("kind=exchange.failed&target=openbao").count == 1)
        }

        @Test("the end of the run is the end of its token, as OpenBao itself says")
        func ends() throws {
            let job = try site.register()
            let run = try job.command(["credential", "openbao", "--format", "json"])
            try #require(run.code == 0, "\(run)")
            let credential = try JSON.parse(Array(run.output.utf8))
            let token = try #require(credential["environment"]?["VAULT_TOKEN"]?.asString)
            let lookup = "\(bao.url)/v1/auth/token/lookup-self"
            #expect(try Call("GET", lookup, token: token).status == 200)
            let ended = try Call("DELETE", "\(site.url)/v1/runs/\(job.id)", token: site.token(.orchestrator))
            #expect(ended.status == 204, "\(ended)")
            #expect(try Call("GET", lookup, token: token).status == 403)
            let revoked = try site.entries("kind=credential.revoked&run=\(job.id)")
            #expect(revoked.count == 1)
            #expect(revoked.first?["outcome"] == "succeeded")
            #expect(revoked.first?["target"] == "openbao")
            let last = try site.entries("kind=run.ended&run=\(job.id)").first
            let reason = last?["reason"]?.asString ?? "none"
            #expect(reason.hasPrefix("being revoked: openbao "), "\(reason)")
        }

        @Test("a fallback ends on its date")
        func fallbackEnds() throws {
            let text = try Files.readText(site.configuration)
            try folder.write("site/jobpass.yaml", text.split(separator: "2099-12-31").joined(separator: "2020-12-31"))
            broker.stop()
            let restarted = try site.serve()
            bao.server.stop()
            let run = try site.register().command(["exec", "openbao", "--", "echo", "started"])
            #expect(run.code == 69 || run.code == 75, "\(run)")
            #expect(run.output == "")
            #expect(run.error.contains("2020-12-31"), "\(run)")
            #expect(try site.entries("kind=fallback.used") == [])
            restarted.stop()
        }
    }
}
