import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// Policies in files, tokens of a real broker, and its ledger.
    @Suite("What a trust policy admits is said before a cloud says it")
    struct TrustScenarios {
        private let folder: Folder
        private let site: Site
        private let broker: Running

        init() throws {
            folder = try Folder()
            site = try Site(Self.settings(project: "acme/*"), in: folder)
            broker = try site.serve()
        }

        private static func settings(project: String) -> String {
            """
            audiences:
              - audience: vault
                allow:
                  - {project: "\(project)"}
            """
        }

        /// A Vault role that binds a project.
        private func role(_ project: String, name: String = "role.json", glob: Bool = false) throws -> String {
            try folder.write(
                name,
                """
                {
                  "role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"],
                  "bound_claims_type": "\(glob ? "glob" : "string")",
                  "bound_claims": {"project": "\(project)"}
                }
                """
            )
        }

        private func jobpass(_ arguments: String..., input: String = "") throws -> Finished {
            try Finished(try BuiltCommand.path(), arguments, input: input)
        }

        private func token(_ changes: JSONObject = [:]) throws -> (token: String, job: Job) {
            let job = try site.register(changes)
            let run = try job.command(["token", "--audience", "vault"])
            try #require(run.code == 0, "\(run)")
            return (run.output, job)
        }

        @Test("explain says why of a token, of its claims and of its run alike")
        func explain() throws {
            let (token, job) = try token()
            let policy = try role("acme/app")
            let claims = try job.command(["token", "--audience", "vault", "--format", "claims"]).output
            let given = [
                try jobpass("trust", "explain", "--policy", policy, "--token", "-", "--json", input: token),
                try jobpass("trust", "explain", "--policy", policy, "--claims", "-", "--json", input: claims),
                try jobpass(
                    "trust",
                    "explain",
                    "--policy",
                    policy,
                    "--run",
                    job.id,
                    "--config",
                    site.configuration,
                    "--json"
                ),
            ]
            for run in given {
                #expect(run.code == 77, "\(run)")
                let answer = try JSON.parse(Array(run.output.utf8))
                #expect(answer["verdict"] == "fail")
                let conditions = answer["clauses"]?.asArray?.first?["conditions"]?.asArray ?? []
                let failed = conditions.filter { $0["verdict"] == "fail" }
                #expect(failed.map { $0["claim"] } == ["project"])
                #expect(failed.first?["line"] == 4)
                #expect(failed.first?["seen"] == "\"acme/web\"")
                #expect(failed.first?["wanted"] == "\"acme/app\"")
                #expect(failed.first?["change"] == "add \"acme/web\" to bound_claims.project")
            }
            let read = try jobpass("trust", "explain", "--policy", policy, "--token", "-", input: token)
            #expect(read.code == 77)
            #expect(read.output.contains("FAIL") && read.output.contains("to mend: line 4: add"), "\(read.output)")
            #expect(read.output.contains("it would pass with project acme/app instead of acme/web"), "\(read.output)")
            let good = try jobpass("trust", "explain", "--policy", try role("acme/web"), "--token", "-", input: token)
            #expect(good.code == 0, "\(good)")
        }

        @Test("our own rules are explained from the configuration")
        func own() throws {
            let (token, _) = try token()
            let run = try jobpass(
                "trust",
                "explain",
                "--policy",
                site.configuration,
                "--audience",
                "vault",
                "--token",
                "-",
                input: token
            )
            #expect(run.code == 0, "\(run)")
            #expect(run.output.contains("rule 1 of audience 'vault' allows it"), "\(run.output)")
            let none = try jobpass(
                "trust",
                "explain",
                "--policy",
                site.configuration,
                "--target",
                "x",
                "--token",
                "-",
                input: token
            )
            #expect(none.code == 65)
            #expect(none.error.contains("audience 'vault'"), "\(none)")
        }

        @Test("lint's witness passes explain, in text, JSON and SARIF")
        func lint() throws {
            let policy = try role("acme/*", glob: true)
            let found = try jobpass("trust", "lint", "--policy", policy, "--json", "--fail-on", "warning")
            #expect(found.code == 65, "\(found)")
            let findings = try JSON.parse(Array(found.output.utf8)).asArray ?? []
            #expect(!findings.isEmpty)
            for finding in findings {
                let witness = try #require(finding["witness"], "\(finding.text)")
                let run = try jobpass("trust", "explain", "--policy", policy, "--claims", "-", input: witness.text)
                #expect(run.code == 0, "\(finding.text): \(run)")
            }
            #expect(try jobpass("trust", "lint", "--policy", policy, "--fail-on", "error").code == 0)
            let sarif = try jobpass("trust", "lint", "--policy", policy, "--sarif", "--fail-on", "none")
            #expect(sarif.code == 0, "\(sarif)")
            let log = try JSON.parse(Array(sarif.output.utf8))
            #expect(log["version"] == "2.1.0")
            let results = log["runs"]?.asArray?.first?["results"]?.asArray ?? []
            #expect(results.count == findings.count)
            let location = results.first?["locations"]?.asArray?.first?["physicalLocation"]
            #expect(location?["artifactLocation"]?["uri"]?.asString == policy)
            #expect(location?["region"]?["startLine"]?.asInteger ?? 0 >= 1)
        }

        @Test("replay says whom a change lets in and shuts out, with counts, from the store and from the broker")
        func replay() throws {
            for _ in 1...2 { _ = try token() }
            _ = try token(["project": "acme/app"])
            let old = try role("acme/web", name: "old.json")
            let new = try role("acme/app", name: "new.json")
            let auditor = try folder.write("auditor", site.token(.auditor))
            let places = [["--config", site.configuration], ["--url", site.url]]
            for place in places {
                let run = try Finished(
                    try BuiltCommand.path(),
                    ["trust", "replay", "--policy", new, "--against", old, "--since", "1d", "--json"] + place,
                    environment: ["JOBPASS_TOKEN_FILE": auditor]
                )
                #expect(run.code == 0, "\(run)")
                let answer = try JSON.parse(Array(run.output.utf8))
                let jobs = answer["jobs"]?.asArray ?? []
                #expect(jobs.map { $0["change"] } == ["loses", "gains"], "\(answer.text)")
                #expect(jobs.map { $0["project"] } == ["acme/web", "acme/app"])
                #expect(jobs.map { $0["tokens"] } == [2, 1])
            }
            let strict = try jobpass(
                "trust",
                "replay",
                "--policy",
                new,
                "--against",
                old,
                "--fail-on",
                "loses",
                "--config",
                site.configuration
            )
            #expect(strict.code == 65, "\(strict)")
            #expect(strict.output.contains("loses") && strict.output.contains("acme/web"), "\(strict.output)")
        }

        @Test("config check --replay says whom a new configuration would have shut out and let in")
        func configuration() throws {
            for _ in 1...2 { _ = try token() }
            let denied = try site.register(["project": "acme/app"]).command(["token", "--audience", "other"])
            #expect(denied.code == 77, "\(denied)")
            try site.writeConfiguration(
                Self.settings(project: "acme/app") + "\n  - audience: other\n    allow:\n      - {project: acme/app}"
            )
            let run = try site.command(["config", "check", "--replay", "--json"])
            #expect(run.code == 0, "\(run)")
            let changes = try JSON.parse(Array(run.output.utf8))["replay"]?["changes"]?.asArray ?? []
            #expect(changes.map { $0["change"] } == ["loses", "gains"], "\(run.output)")
            #expect(changes.map { $0["asked"] } == ["audience 'vault'", "audience 'other'"])
            #expect(changes.map { $0["count"] } == [2, 1])
            #expect(changes.first?["reason"]?.asString?.contains("saw 'acme/web', wanted 'acme/app'") == true)
            let text = try site.command(["config", "check", "--replay"])
            #expect(text.output.contains("loses") && text.output.contains("gains"), "\(text.output)")
        }

        @Test("the sandbox enforces a policy on a real job's token")
        func sandbox() throws {
            let role = try role("acme/web")
            let port = try FreePort.next()
            let sandbox = try Running(
                "sandbox",
                in: folder,
                try BuiltCommand.path(),
                ["sandbox", "--listen", "127.0.0.1:\(port)", "--issuer", site.url, "--vault-role", "deploy=\(role)"]
            )
            try sandbox.wait(until: "listening") {
                try Call("GET", "http://127.0.0.1:\(port)/v1/sys/health").status == 200
            }
            let login = { (token: String) in
                try Call(
                    "POST",
                    "http://127.0.0.1:\(port)/v1/auth/jwt/login",
                    body: JSON.object(["role": "deploy", "jwt": .string(token.filter { $0 != "\n" })]).serialized()
                )
            }
            #expect(try login(try token().token).status == 200)
            let refused = try login(try token(["project": "acme/app"]).token)
            #expect(refused.status == 400)
            #expect(
                refused.body.contains("claim \\\"project\\\" does not match any associated bound claim values"),
                "\(refused)"
            )
        }

        @Test("what is no policy is bad data, and a missing choice is a usage error")
        func mistakes() throws {
            let policy = try folder.write("x.json", "{\"x\": 1}")
            #expect(try jobpass("trust", "lint", "--policy", policy).code == 65)
            #expect(try jobpass("trust", "lint", "--policy", folder.path("none.json")).code == 74)
            #expect(try jobpass("trust", "explain", "--policy", policy).code == 64)
            #expect(try jobpass("trust", "explain", "--policy", policy, "--claims", "-", input: "[]").code == 65)
        }
    }
}
