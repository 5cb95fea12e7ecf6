import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// What `trust generate` writes, read by the tools that it is written for.
    @Suite("the cloud's side is taken by the cloud's own tools")
    struct TrustFileScenarios {
        private static let provider =
            "//iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/ci-jobs/providers/jobpass"
        private static let settings = """
            issuer: https://ci.example.com
            store: sqlite:/nowhere/jobpass.db
            keys: {directory: /nowhere/keys, algorithms: [RS256, ES256]}
            principals:
              - {name: fleet, role: orchestrator, projects: ["acme/**"], claims: [team], token_sha256: "\(String(repeating: "0", count: 64))"}
            targets:
              aws-prod:
                type: aws
                role: arn:aws:iam::123456789012:role/ci/deploy
                region: eu-west-1
                session: 1h
                tags: {Team: team}
                source_identity: job
                then: [arn:aws:iam::210987654321:role/next]
                allow:
                  - {project: acme/web, ref: refs/heads/main, team: platform}
                  - {project: acme/web, ref: "refs/heads/release-*"}
                  - {project: "acme/**", trust: untrusted}
              gcp-prod:
                type: gcp
                provider: \(provider)
                service_account: deploy@acme.iam.gserviceaccount.com
                subject: [project, job]
                allow:
                  - {project: acme/web, ref: refs/heads/main}
                  - {project: acme/api, ref: "refs/heads/release-*", environment: [staging, production]}
              azure-prod:
                type: azure
                tenant: contoso.onmicrosoft.com
                client_id: 11111111-2222-3333-4444-555555555555
                scope: https://management.azure.com/.default
                subject: [project, environment]
                allow: [{project: [acme/web, acme/api], environment: production}]
              bao-prod:
                type: vault
                address: https://vault.example.com
                role: deploy
                audience: https://vault.example.com
                reads: [{path: secret/data/web, fields: {DB: password}}]
                allow: [{project: acme/web, ref: "refs/heads/*"}]
              k8s-prod:
                type: none
                audience: kubernetes
                allow:
                  - {project: acme/web, ref: refs/heads/main}
                  - {project: acme/ops, environment: production}
            """

        private let folder: Folder

        init() throws {
            folder = try Folder()
            try folder.write("jobpass.yaml", Self.settings)
        }

        private func generate(_ target: String, _ format: String) throws -> [String] {
            let out = folder.path("\(target)-\(format)")
            let run = try Finished(
                try BuiltCommand.path(),
                [
                    "trust", "generate", target, "--format", format, "--output", out, "--config",
                    folder.path("jobpass.yaml"),
                ]
            )
            try #require(run.code == 0, "\(target) \(format): \(run)")
            return try Files.list(out).map { Paths.join(out, $0) }
        }

        private func python(_ arguments: [String], input: String = "") throws -> String {
            let script = RelyingParty.script("check_trust_files.py")
            let run = try Finished(try RelyingParty.program("python"), [script] + arguments, input: input)
            try #require(run.code == 0, "\(arguments): \(run)")
            return String(run.output.dropLast(run.output.hasSuffix("\n") ? 1 : 0))
        }

        @Test("Terraform and OpenTofu files are parsed by python-hcl2", arguments: ["terraform", "opentofu"])
        func terraform(format: String) throws {
            for target in ["aws-prod", "gcp-prod", "azure-prod", "bao-prod"] {
                _ = try python(["hcl"] + (try generate(target, format)))
            }
        }

        @Test("the CloudFormation template passes cfn-lint without a warning")
        func cloudFormation() throws {
            let files = try generate("aws-prod", "cloudformation")
            let lint = try Finished(try RelyingParty.program("cfn-lint"), ["--regions", "eu-west-1", "--"] + files)
            let template = try Files.readText(files[0])
            #expect(lint.code == 0, "\(lint)\n\(template)")
        }

        @Test("trust policies keep IAM's grammar, and scripts pass shellcheck")
        func scripts() throws {
            let aws = try generate("aws-prod", "aws-cli")
            let policies = aws.filter { $0.hasSuffix(".json") }
            #expect(policies.count == 2)
            _ = try python(["aws-policy"] + policies)
            let scripts =
                aws.filter { $0.hasSuffix(".sh") } + (try generate("gcp-prod", "gcloud"))
                + (try generate("azure-prod", "az")) + (try generate("bao-prod", "bao"))
            #expect(scripts.count == 4)
            let shellcheck = try Finished("shellcheck", scripts)
            #expect(shellcheck.code == 0, "\(shellcheck)")
            for script in scripts { #expect(try #require(try Files.status(script)).mode & 0o100 != 0) }
        }

        @Test("Pulumi's projects are YAML with the condition in its place")
        func pulumi() throws {
            let file = try generate("aws-prod", "pulumi")[0]
            let path = ["resources", "role", "properties", "assumeRolePolicy", "fn::toJSON", "Statement", "0", "Sid"]
            #expect(try python(["yaml-value", file] + path) == "Rule1")
            for target in ["gcp-prod", "azure-prod", "bao-prod"] {
                let file = try generate(target, "pulumi")[0]
                #expect(try python(["yaml-value", file, "runtime"]) == "yaml")
            }
        }

        /// The claims of a run, as a token carries them.
        private static func claims(_ changes: KeyValuePairs<String, String>) -> String {
            var claims: JSONObject = [
                "project": "acme/web", "ref": "refs/heads/main", "workflow": "deploy", "job": "release",
                "trust": "trusted",
                "sub": "project:acme/web:job:release",
            ]
            for (name, value) in changes { claims[name] = .string(value) }
            return JSON.object(claims).text
        }

        private static let runs: [(KeyValuePairs<String, String>, google: Bool, kubernetes: Bool)] = [
            ([:], true, true),
            (["ref": "refs/heads/other"], false, false),
            (["project": "acme/webhook"], false, false),
            (["trust": "untrusted"], false, false),
            (["project": "acme/api", "ref": "refs/heads/release-1", "environment": "staging"], true, false),
            (["project": "acme/api", "ref": "refs/heads/release-1/evil", "environment": "staging"], false, false),
            (["project": "acme/api", "ref": "refs/heads/release-1", "environment": "dev"], false, false),
            (["project": "acme/ops", "environment": "production"], false, true),
            (["project": "acme/ops"], false, false),
        ]

        @Test("CEL itself lets in the runs that the rules mean, and their wrong twins not")
        func expressions() throws {
            let google = try python([
                "hcl-value", try generate("gcp-prod", "terraform")[0], "google_iam_workload_identity_pool_provider",
                "gcp_prod", "attribute_condition",
            ])
            let file = try #require(
                try generate("k8s-prod", "kubernetes").first { $0.hasSuffix("authentication.yaml") }
            )
            let kubernetes = try python(["yaml-value", file, "jwt", "0", "claimValidationRules", "0", "expression"])
            for (changes, isGoogle, isKubernetes) in Self.runs {
                let claims = Self.claims(changes)
                #expect(
                    try python(["cel", "assertion", google], input: claims) == "\(isGoogle)",
                    "\(changes) \(google)"
                )
                #expect(
                    try python(["cel", "claims", kubernetes], input: claims) == "\(isKubernetes)",
                    "\(changes) \(kubernetes)"
                )
            }
            let name = try python(["yaml-value", file, "jwt", "0", "claimMappings", "username", "expression"])
            #expect(name == "'jobpass:' + claims.sub")
        }

        @Test("the binding passes Kubernetes' own schema")
        func binding() throws {
            let files = try generate("k8s-prod", "kubernetes").filter { $0.hasSuffix("rbac.yaml") }
            _ = try python(["kubernetes", "1.34"] + files)
        }

        @Test("what cannot be is refused: another cloud's format, a subject that Azure cannot hold")
        func refused() throws {
            func run(_ target: String, _ format: String) throws -> Finished {
                try Finished(
                    try BuiltCommand.path(),
                    ["trust", "generate", target, "--format", format, "--config", folder.path("jobpass.yaml")]
                )
            }
            let other = try run("azure-prod", "cloudformation")
            #expect(other.code == 64 && other.output.isEmpty, "\(other)")
            #expect(other.error.contains("--format terraform"))
            try folder.write(
                "jobpass.yaml",
                Self.settings.replacing("subject: [project, environment]", with: "subject: [project, ref]")
            )
            let loose = try run("azure-prod", "az")
            #expect(loose.code == 78, "\(loose)")
            #expect(loose.error.contains("compares a subject whole"))
        }
    }

    /// Generated configuration in a real OpenBao.
    @Suite("the generated role of a real OpenBao lets in the right job, and its wrong twins not")
    struct GeneratedRoleScenarios {
        @Test("one rule, and several")
        func applied() throws {
            let folder = try Folder()
            let bao = try OpenBao(in: folder)
            let audience = "https://openbao.example"
            let site = try Site(
                """
                targets:
                  one: {type: vault, address: "\(bao.url)", role: one, mount: ci, audience: "\(audience)", probe: true, allow: [{project: acme/web, ref: "refs/heads/*"}]}
                  two: {type: vault, address: "\(bao.url)", role: two, mount: ci, audience: "\(audience)", allow: [{project: acme/web, ref: refs/heads/main}, {project: acme/api, workflow: deploy}]}
                """,
                in: folder
            )
            // Our own rules would refuse the wrong twins before OpenBao sees them: the broker at work allows everything.
            let broker = try serveLoosely(site, bao, audience)
            defer { broker.stop() }
            for target in ["one", "two"] {
                let out = folder.path("trust")
                let made = try site.command(["trust", "generate", target, "--format", "bao", "--output", out])
                try #require(made.code == 0, "\(made)")
                try bao.script(Paths.join(out, "\(target)-trust.sh"))
                // Again, as after a change of the rules.
                try bao.script(Paths.join(out, "\(target)-trust.sh"))
            }
            let cases: [(target: String, run: JSONObject, isIn: Bool)] = [
                ("one", [:], true), ("one", ["ref": "refs/heads/feature"], true),
                ("one", ["ref": "refs/tags/v1"], false),
                ("one", ["project": "acme/api"], false), ("one", ["trust": "untrusted"], false),
                ("two", [:], true), ("two", ["ref": "refs/heads/feature"], false),
                ("two", ["project": "acme/api", "ref": "refs/heads/feature"], true),
                ("two", ["project": "acme/api", "workflow": "nightly"], false),
                ("two", ["project": "acme/apis"], false),
            ]
            for (target, run, isIn) in cases {
                let job = try site.register(run)
                let credential = try job.command(["credential", target, "--format", "json"])
                #expect((credential.code == 0) == isIn, "\(target) \(JSON.object(run).text): \(credential)")
            }
            // And the tight role stands every probe.
            let probe = try site.command(["probe", "one"])
            #expect(probe.code == 0, "\(probe)")
        }

        /// A broker that issues what a job asks for, whatever the rules of the generated roles say.
        private func serveLoosely(_ site: Site, _ bao: OpenBao, _ audience: String) throws -> Running {
            let tight = try Files.readText(site.configuration)
            let target = "type: vault, address: \"\(bao.url)\", mount: ci, audience: \"\(audience)\""
            try site.writeConfiguration(
                """
                targets:
                  one: {\(target), role: one, allow: [{project: "acme/*", trust: "*"}]}
                  two: {\(target), role: two, allow: [{project: "acme/*", trust: "*"}]}
                """
            )
            let broker = try site.serve()
            try site.folder.write("site/jobpass.yaml", tight)
            return broker
        }
    }
}
