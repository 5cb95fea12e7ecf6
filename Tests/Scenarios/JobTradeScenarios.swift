import JSON
import POSIX
import Testing

extension Scenarios {
    /// A target with `exchange: job` at a real OpenBao: the broker hands out the ID token, and exec does the rest.
    @Suite("A job trades at OpenBao itself, and the broker never sees what it gets")
    struct JobTradeScenarios {
        private static let audience = "https://openbao.example"
        private static let fallback = "s.the-old-one"
        private let bao: OpenBao
        private let site: Site
        private let broker: Running

        init() throws {
            let folder = try Folder()
            bao = try OpenBao(in: folder)
            site = try Site(
                """
                targets:
                  own:
                    type: vault
                    address: \(bao.url)
                    role: deploy
                    audience: \(Self.audience)
                    exchange: job
                    timeout: 3s
                    allow: [{project: acme/web}]
                    fallback: {context: legacy, until: 2099-12-31, reason: the role is new}
                contexts:
                  legacy: {allow: [{project: acme/web}]}
                """,
                in: folder
            )
            let stored = try site.command(["secret", "set", "legacy", "VAULT_TOKEN"], input: Self.fallback)
            try #require(stored.code == 0, "\(stored)")
            broker = try site.serve()
            try bao.trust(issuer: site.url, audience: Self.audience, job: "release")
        }

        @Test("exec and credential trade, and the ledger has the token, and the outcome by the job's own word")
        func trades() throws {
            let program = try RelyingParty.program("bao")
            let job = try site.register()
            let run = try job.command(["exec", "own", "--", program, "token", "lookup", "-format=json"])
            #expect(run.code == 0, "\(run)")
            #expect(try JSON.parse(Array(run.output.utf8))["data"]?["meta"]?["role"] == "deploy")
            let issued = try site.entries("kind=token.issued&run=\(job.id)")
            let outcome = try #require(try site.entries("kind=exchange.succeeded&run=\(job.id)").first)
            #expect(issued.count == 1)
            #expect(outcome["jti"] == issued.first?["jti"])
            #expect(outcome["credential"]?.asString?.isEmpty == false, "the accessor, by which OpenBao's log names it")
            #expect(outcome["reason"]?.asString?.contains("by its own report") == true)
            let credential = try job.command(["credential", "own", "--format", "json"])
            #expect(try JSON.parse(Array(credential.output.utf8))["source"] == "exchange", "\(credential)")
        }

        @Test("a no is final and recorded; an outage brings the fallback, masked")
        func fails() throws {
            let other = try site.register(["job": "tests"])
            let refused = try other.command(["exec", "own", "--", "echo", "started"])
            #expect(refused.code == 77 && refused.output == "", "\(refused)")
            let entry = try site.entries("kind=exchange.refused&run=\(other.id)").first
            #expect(entry?["reason"]?.asString?.contains("by its own report") == true)
            bao.server.stop()
            let job = try site.register()
            let check = "[ \"$VAULT_TOKEN\" = \(Self.fallback) ] && echo \"right $VAULT_TOKEN\""
            let out = try job.command(["exec", "own", "--", "sh", "-c", check])
            #expect(out.code == 0 && out.output == "right ***\n", "\(out)")
            #expect(out.error.contains("static fallback"), "\(out)")
            #expect(try site.entries("kind=fallback.used&run=\(job.id)").count == 1)
            #expect(try site.entries("kind=fallback.used&run=\(other.id)") == [])
        }
    }
}
