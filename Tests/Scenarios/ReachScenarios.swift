import JSON
import POSIX
import Testing

extension Scenarios {
    /// Who reaches what, out of a ledger that real jobs have filled.
    @Suite("reach tells what is allowed, what was used, and the tighter rule")
    struct ReachScenarios {
        @Test("by rule and by what happened")
        func reach() throws {
            let folder = try Folder()
            let site = try Site(
                """
                targets:
                  registry: {type: none, audience: registry, allow: [{project: "acme/*"}, {project: acme/old}]}
                  idle: {type: none, audience: idle, allow: [{project: acme/web}]}
                """,
                in: folder
            )
            let broker = try site.serve()
            for project in ["acme/web", "acme/web", "acme/api"] {
                let run = try site.register(["project": .string(project)]).command([
                    "credential", "registry", "--format", "json",
                ])
                try #require(run.code == 0, "\(run)")
            }
            broker.stop()
            let run = try site.command(["trust", "reach", "--json"])
            #expect(run.code == 0, "\(run)")
            let findings = try JSON.parse(Array(run.output.utf8))["findings"]?.asArray ?? []
            #expect(findings.count == 3)
            let wide = try #require(findings.first)
            #expect(wide["uses"] == 3)
            #expect(wide["projects"] == ["acme/api", "acme/web"])
            #expect(
                wide["tighter"]?.asString
                    == "{project: [acme/api, acme/web], workflow: deploy, job: release, ref: refs/heads/main}"
            )
            #expect(findings.dropFirst().allSatisfy { $0["uses"] == 0 && $0["unused"] == true })

            let unused = try site.command(["trust", "reach", "--unused", "1d"])
            #expect(unused.output.contains("idle") && !unused.output.contains("acme/*"), "\(unused)")
            #expect(unused.error.contains("no run has ever used it"))

            let one = try site.command(["trust", "reach", "--project", "acme/api", "--target", "registry"])
            #expect(one.output.contains("acme/*") && !one.output.contains("acme/old"), "\(one)")

            // The tighter rule, put in force, serves the same runs.
            let tighter = try #require(wide["tighter"]?.asString)
            try site.writeConfiguration("targets:\n  registry: {type: none, audience: registry, allow: [\(tighter)]}")
            let again = try site.serve()
            let served = try site.register(["project": "acme/api"]).command([
                "credential", "registry", "--format", "json",
            ])
            #expect(served.code == 0, "\(served)")
            let other = try site.register(["job": "tests"]).command(["credential", "registry", "--format", "json"])
            #expect(other.code == 77, "\(other)")
            again.stop()
        }
    }
}
