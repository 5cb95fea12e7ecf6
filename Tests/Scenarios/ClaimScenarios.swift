import Claims
import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// A run's claims from the job's side and the auditor's, with the built command and a running broker.
    @Suite("A run's claims")
    struct ClaimScenarios {
        @Test(
            "say what the job chose apart from what was attested, and whoami, the ledger and lint know which is which"
        )
        func chosen() throws {
            let folder = try Folder()
            let site = try Site(
                """
                audiences:
                  - audience: https://deploy.example.com
                    allow:
                      - {project: acme/web, job_claims: [deployment]}
                """,
                in: folder
            )
            let broker = try site.serve()
            let job = try site.register(["project_id": "774120", "attempt": "2", "event": "push", "runner": "r1"])
            func run(_ arguments: String...) throws -> Finished {
                try Finished(try BuiltCommand.path(), arguments, environment: job.environment)
            }
            let token = try run("token", "-a", "https://deploy.example.com", "--claim", "deployment=4711")
            #expect(token.code == 0, "\(token)")
            let claims = try RelyingParty.claims(
                of: token.output,
                issuer: site.url,
                audience: "https://deploy.example.com"
            )
            #expect(claims["job_claims"] == ["deployment": "4711"])
            #expect(claims["project_id"] == "774120" && claims["attempt"] == "2" && claims["runner"] == "r1")
            let refused = try run("token", "-a", "https://deploy.example.com", "--claim", "tier=gold")
            #expect(refused.code == 77)
            #expect(refused.error.contains("rule 1 at jobpass.yaml"), "\(refused.error)")

            let whoami = try run("whoami").output
            #expect(whoami.contains("774120") && whoami.contains("attested by orchestrator"), "\(whoami)")

            try checkLedger(site, in: folder, trace: try #require(claims["jobpass_trace"]?.asString))
            try checkLint(site, in: folder)
            broker.stop()
        }

        @Test("have a sub that is its digest where it is too long, which an auditor finds by either form")
        func digest() throws {
            let folder = try Folder()
            let site = try Site(
                """
                audiences:
                  - audience: service.example
                    subject: {claims: [project, ref], digest: true}
                    allow: [{project: acme/web}]
                """,
                in: folder
            )
            let broker = try site.serve()
            let ref = "refs/heads/" + String(repeating: "r", count: 300)
            let job = try site.register(["ref": .string(ref)])
            let token = try job.command(["token", "--audience", "service.example", "--format", "claims"])
            #expect(token.code == 0, "\(token)")
            let sub = try #require(try JSON.parse(Array(token.output.utf8))["sub"]?.asString)
            let plain = "project:acme/web:ref:\(ref)"
            #expect(sub == Subject(digestOf: plain).text)
            let auditor = try folder.write("auditor", site.token(.auditor))
            let audit = ["JOBPASS_URL": site.url, "JOBPASS_TOKEN_FILE": auditor]
            for form in [plain, sub] {
                let listed = try Finished(
                    try BuiltCommand.path(),
                    ["audit", "list", "--kind", "token.issued", "--subject", form],
                    environment: audit
                )
                #expect(listed.output.contains("sub stands for '\(plain)'"), "\(listed)")
                let traced = try Finished(try BuiltCommand.path(), ["audit", "trace", form], environment: audit)
                #expect(traced.code == 0 && traced.output.contains("run.registered"), "\(traced)")
            }
            broker.stop()
        }

        /// A cloud's log has the trace, which leads back to the run.
        private func checkLedger(_ site: Site, in folder: Folder, trace: String) throws {
            let auditor = try folder.write("auditor", site.token(.auditor))
            let audit = ["JOBPASS_URL": site.url, "JOBPASS_TOKEN_FILE": auditor]
            let traced = try Finished(try BuiltCommand.path(), ["audit", "trace", trace], environment: audit)
            #expect(traced.code == 0 && traced.output.contains("token.issued"), "\(traced)")
            let index = try #require(try site.entries("kind=token.issued").first?["index"]?.asInteger)
            let shown = try Finished(try BuiltCommand.path(), ["audit", "show", "\(index)"], environment: audit)
            #expect(shown.output.contains("the job's own choice"), "\(shown)")
            #expect(shown.output.contains("attested by orchestrator"))
            let json = try Finished(
                try BuiltCommand.path(),
                ["audit", "show", "\(index)", "--json"],
                environment: audit
            )
            let provenance = try JSON.parse(Array(json.output.utf8))["provenance"]
            #expect(provenance?["job_claims"]?["source"] == "job")
            #expect(provenance?["project"]?["principal"] == "orchestrator")
            #expect(provenance?["iss"]?["source"] == "broker")
        }

        private func checkLint(_ site: Site, in folder: Folder) throws {
            let role = try folder.write(
                "role.json",
                #"{"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["https://deploy.example.com"], "bound_claims": {"project": "acme/web", "/job_claims/deployment": "4711"}}"#
            )
            let lint = try Finished(
                try BuiltCommand.path(),
                ["trust", "lint", "--policy", role, "--config", site.configuration, "--fail-on", "warning"]
            )
            #expect(lint.code == 65, "\(lint)")
            #expect(lint.output.contains("a job chooses what stands there: deployment"), "\(lint.output)")
        }
    }
}
