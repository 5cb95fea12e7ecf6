import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// Jobs of other CI systems, whose tokens a Python program signs as their issuers do.
    @Suite("A job of another CI system needs nobody to register it")
    struct FederationScenarios {
        private let site: Site
        private let broker: Running
        private let upstream: Running
        private let issuer: String

        init() throws {
            let folder = try Folder()
            let port = try FreePort.next()
            issuer = "http://127.0.0.1:\(port)"
            upstream = try Running(
                "issuer",
                in: folder,
                try RelyingParty.program("python"),
                [RelyingParty.script("ci_issuer.py"), "\(port)"]
            )
            site = try Site(
                """
                federation:
                  - preset: github
                    issuer: \(issuer)
                    require: {repository_owner_id: 65342}
                  - preset: circleci
                    issuer: \(issuer)
                    audience: ["6cb0"]
                    trusted_when: {oidc.circleci.com/vcs-origin: "github.com/acme/*"}
                audiences:
                  - {audience: service.example, allow: [{project: "acme/*", ref: refs/heads/main}]}
                  - {audience: forks.example, allow: [{project: "acme/*", trust: untrusted}]}
                targets:
                  bare: {type: none, audience: bare.example, allow: [{project: acme/web}]}

                """,
                in: folder
            )
            broker = try site.serve()
            let discovery = "\(issuer)/.well-known/openid-configuration"
            try upstream.wait(until: "listening") { try Call("GET", discovery).status == 200 }
        }

        private func job(_ arguments: [String], _ environment: [String: String]) throws -> Finished {
            try Finished(
                try BuiltCommand.path(),
                arguments,
                environment: environment.merging(["JOBPASS_URL": site.url]) { $1 }
            )
        }

        private var actions: [String: String] {
            [
                "ACTIONS_ID_TOKEN_REQUEST_URL": "\(issuer)/request?api-version=2.0",
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job",
            ]
        }

        private func circleci(_ query: String) throws -> String { try Call("GET", "\(issuer)/circleci?\(query)").body }

        @Test("on GitHub Actions the command asks for GitHub's token and trades it")
        func github() throws {
            let token = try job(["token", "--audience", "service.example"], actions)
            #expect(token.code == 0, "\(token)")
            let claims = try RelyingParty.claims(of: token.output, issuer: site.url, audience: "service.example")
            #expect(claims["project"] == "acme/web")
            #expect(claims["project_id"] == "774120")
            let whoami = try job(["whoami", "--json"], actions)
            let said = try JSON.parse(Array(whoami.output.utf8))
            #expect(said["actor"] == "ada")
            let source = said["jobpass_provenance"]?["project"]
            #expect(source == ["source": "upstream", "issuer": .string(issuer), "claim": "repository"])
            let child = try job(["exec", "bare", "--", "true"], actions)
            #expect(child.code == 0, "\(child)")
            #expect(try site.entries("kind=token.issued&target=bare").first?["principal"] == "github")
            let entries = try site.entries("kind=federation.accepted")
            #expect(!entries.isEmpty)
            #expect(entries.allSatisfy { $0["principal"] == "github" && $0["issuer"] == .string(issuer) })
        }

        @Test("with a key of its own the request token is bound to it, and so is the ID token")
        func bound() throws {
            let folder = try Folder()
            let key = try ProofKey("key.pem", in: folder)
            let run = try job(
                ["token", "--audience", "service.example"],
                actions.merging(["JOBPASS_DPOP_KEY": key.path]) { $1 }
            )
            #expect(run.code == 0, "\(run)")
            let claims = try RelyingParty.claims(of: run.output, issuer: site.url, audience: "service.example")
            #expect(claims["cnf"]?["jkt"] == .string(key.thumbprint))
        }

        @Test("on CircleCI and wherever a file holds a token, the same")
        func circleciAndFile() throws {
            let token = try circleci("")
            let bare = try job(["token", "--audience", "service.example"], ["CIRCLE_OIDC_TOKEN_V2": token])
            #expect(bare.code == 0, "\(bare)")
            let folder = try Folder()
            try folder.write("id-token", token + "\n")
            let file = ["JOBPASS_ID_TOKEN_FILE": folder.path("id-token")]
            #expect(try job(["token", "--audience", "service.example"], file).code == 0)
            #expect(
                try job(["token", "--audience", "service.example"], ["BITBUCKET_STEP_OIDC_TOKEN": token]).code == 0
            )
        }

        @Test("Buildkite's agent is asked, by the name that it has")
        func buildkite() throws {
            let folder = try Folder()
            try folder.write(
                "buildkite-agent",
                "#!/bin/sh\ntest \"$1 $2 $3\" = 'oidc request-token --audience' && echo \"$TOKEN\"\n"
            )
            #expect(try Finished("chmod", ["+x", folder.path("buildkite-agent")]).code == 0)
            let path = "\(folder.root):\(Environment.current["PATH"] ?? "/usr/bin:/bin")"
            let environment = ["BUILDKITE_JOB_ID": "0184", "TOKEN": try circleci(""), "PATH": path]
            let token = try job(["token", "--audience", "service.example"], environment)
            #expect(token.code == 0, "\(token)")
        }

        @Test(
            "an SSH rerun and an expired token are refused with the reason",
            arguments: [
                ("ssh=true", "ssh-rerun is 'true', wanted 'false'"), ("age=400", "exp: saw"), ("aud=other", "aud: saw"),
            ]
        )
        func refused(query: String, reason: String) throws {
            let token = try job(["whoami"], ["CIRCLE_OIDC_TOKEN_V2": try circleci(query)])
            #expect(token.code == 77, "\(token)")
            #expect(token.error.contains(reason), "\(token)")
            let denied = try site.entries("kind=federation.denied&limit=1")
            #expect(try #require(denied.first?["reason"]?.asString).contains(reason))
        }

        @Test("a fork's job gets what rules give to untrusted runs, from the second issuer")
        func fork() throws {
            let environment = ["CIRCLE_OIDC_TOKEN_V2": try circleci("origin=github.com/mallory/web")]
            #expect(try job(["token", "--audience", "service.example"], environment).code == 77)
            let token = try job(["token", "--audience", "forks.example"], environment)
            let claims = try RelyingParty.claims(
                of: token.output,
                issuer: "\(site.url)/untrusted",
                audience: "forks.example"
            )
            #expect(claims["trust"] == "untrusted")
        }

        @Test("curl trades by RFC 8693 alone, also while the issuer is away")
        func curl() throws {
            let token = try circleci("")
            func trade() throws -> Finished {
                try Finished(
                    "curl",
                    [
                        "--silent", "\(site.url)/oauth/token", "--data-urlencode", "subject_token@-",
                        "-d", "grant_type=urn:ietf:params:oauth:grant-type:token-exchange",
                        "-d", "subject_token_type=urn:ietf:params:oauth:token-type:id_token",
                        "-d", "audience=service.example",
                    ],
                    input: token
                )
            }
            let first = try JSON.parse(Array(trade().output.utf8))
            #expect(first["issued_token_type"] == "urn:ietf:params:oauth:token-type:id_token", "\(first.text)")
            upstream.kill()
            let second = try JSON.parse(Array(trade().output.utf8))
            let issued = try #require(second["access_token"]?.asString, "\(second.text)")
            _ = try RelyingParty.claims(of: issued, issuer: site.url, audience: "service.example")
        }
    }
}
