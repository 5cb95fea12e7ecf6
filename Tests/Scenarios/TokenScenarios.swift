import Crypto
import JSON
import Support
import Testing

extension Scenarios {
    /// Tokens as relying parties see them, who know the issuer's URL and nothing else.
    @Suite("A token proves what the run is, from the discovery document alone")
    struct TokenScenarios {
        private let site: Site
        private let broker: Running

        init() throws {
            site = try Site(
                """
                audiences:
                  - audience: RS256.example
                    allow: [{project: "acme/*", ref: refs/heads/main}]
                  - audience: ES256.example
                    algorithm: ES256
                    allow: [{project: "acme/*", ref: refs/heads/main}]
                  - audience: forks.example
                    allow: [{project: "acme/*", trust: untrusted}]
                """,
                in: try Folder()
            )
            broker = try site.serve()
        }

        @Test("PyJWT verifies it and reads the run's claims", arguments: ["RS256", "ES256"])
        func verifies(algorithm: String) throws {
            let job = try site.register(["claims": ["team": "web"], "sha": "1f0c"])
            let audience = "\(algorithm).example"
            let token = try job.command(["token", "--audience", audience])
            #expect(token.code == 0, "\(token)")
            let claims = try RelyingParty.claims(of: token.output, issuer: site.url, audience: audience)
            let wanted: [String: JSON] = [
                "iss": .string(site.url), "aud": .string(audience), "project": "acme/web", "workflow": "deploy",
                "sub": "project:acme/web:ref:refs/heads/main:workflow:deploy:job:release", "job": "release",
                "team": "web",
                "ref": "refs/heads/main", "sha": "1f0c",
            ]
            for (name, value) in wanted { #expect(claims[name] == value, "\(name)") }
            let lifetime = (claims["exp"]?.asInteger ?? 0) - (claims["iat"]?.asInteger ?? 0)
            #expect(lifetime == 300)
            #expect(
                try job.command(["token", "--audience", audience]).output != token.output,
                "one jti for two tokens"
            )
        }

        @Test("the token and its entry in the ledger are the same, by hash")
        func recorded() throws {
            let job = try site.register()
            let call = try Call("GET", "\(site.url)/v1/token?audience=RS256.example", token: job.requestToken)
            #expect(call.status == 200, "\(call)")
            let token = try #require(call.json["value"]?.asString)
            #expect(call.json["count"] == .integer(Int64(token.utf8.count)))
            let entries = try site.entries("token_sha256=\(SHA256.hash(token).hex)")
            #expect(entries.map { $0["kind"] } == ["token.issued"])
            #expect(entries.first?["index"] == call.json["ledger_index"])
        }

        @Test("our own verifier accepts it from outside, and refuses it once a letter is changed")
        func ownVerifier() throws {
            let token = try site.register().command(["token", "--audience", "ES256.example"]).output
            let right = try Finished(
                try BuiltCommand.path(),
                ["verify", "--issuer", site.url, "--audience", "ES256.example"],
                input: token
            )
            #expect(right.code == 0, "\(right)")
            let other = try Finished(
                try BuiltCommand.path(),
                ["verify", "--issuer", site.url, "--audience", "other"],
                input: token
            )
            #expect(other.code == 65, "\(other)")
            var letters = Array(token)
            let middle = letters.count / 2
            letters[middle] = letters[middle] == "A" ? "B" : "A"
            let forged = try Finished(
                try BuiltCommand.path(),
                ["verify", "--issuer", site.url],
                input: String(letters)
            )
            #expect(forged.code == 65, "\(forged)")
        }

        @Test("the wrong branch is denied, and told which claim decided")
        func wrongBranch() throws {
            let job = try site.register(["ref": "refs/heads/feature"])
            let token = try job.command(["token", "--audience", "RS256.example"])
            #expect(token.code == 77, "\(token)")
            #expect(token.output == "")
            for part in ["ref", "refs/heads/feature", "refs/heads/main"] {
                #expect(token.error.contains(part), "\(token)")
            }
            let call = try Call("GET", "\(site.url)/v1/token?audience=RS256.example", token: job.requestToken)
            #expect(call.status == 403)
            #expect(call.json["error"] == "access_denied")
            let trace = try #require(call.json["trace"]?.asString)
            let entries = try site.entries("trace=\(trace)")
            #expect(entries.map { $0["kind"] } == ["token.denied"])
            #expect(broker.said.contains(trace), "the server's log does not have the trace")
        }

        @Test("a fork's run has an issuer of its own, and only what names it")
        func untrusted() throws {
            let job = try site.register(["trust": "untrusted"])
            #expect(try job.command(["token", "--audience", "RS256.example"]).code == 77)
            let token = try job.command(["token", "--audience", "forks.example"])
            #expect(token.code == 0, "\(token)")
            let issuer = "\(site.url)/untrusted"
            let claims = try RelyingParty.claims(of: token.output, issuer: issuer, audience: "forks.example")
            #expect(claims["iss"] == .string(issuer))
            let trusting = try Finished(try BuiltCommand.path(), ["verify", "--issuer", site.url], input: token.output)
            #expect(trusting.code == 65, "the first issuer's keys verify a fork's token: \(trusting)")
        }

        @Test("a request token dies with its run")
        func endedRun() throws {
            let job = try site.register()
            let path = "\(site.url)/v1/runs/\(job.id)"
            #expect(try Call("DELETE", path, token: site.token(.orchestrator)).status == 204)
            let call = try Call("GET", "\(site.url)/v1/token?audience=RS256.example", token: job.requestToken)
            #expect(call.status == 401)
            #expect(call.json["error"] == "invalid_token")
        }
    }
}
