import Claims
import Encoding
import JSON
import POSIX
import Support
import Testing
import Time

extension Scenarios {
    /// From subjects of names to subjects of ids, with a cloud that lets in both on the way, and one that is the real OpenBao.
    @Suite("Subjects change their form")
    struct MigrationScenarios {
        private static let audience = "https://openbao.example"
        private let folder: Folder
        private let bao: OpenBao
        private let site: Site

        init() throws {
            folder = try Folder()
            bao = try OpenBao(in: folder)
            site = try Site(Self.settings("[project, ref]", bao.url), in: folder)
        }

        private static func settings(_ subject: String, _ bao: String) -> String {
            """
            token: {subject: \(subject)}
            audiences:
              - {audience: \(audience), allow: [{project: acme/api, project_id: "8"}]}
            targets:
              openbao:
                type: vault
                address: \(bao)
                role: deploy
                audience: \(audience)
                allow: [{project: acme/web, project_id: "7", ref: refs/heads/main}]
            """
        }

        private func migrate(_ arguments: String...) throws -> JSON {
            let run = try site.command(["trust", "migrate", "--json"] + arguments)
            try #require(run.code == 0, "\(run)")
            return try JSON.parse(Array(run.output.utf8))
        }

        private static func first(_ list: JSON?) -> JSON? { list?.asArray?.first }

        private func trade() throws -> Finished {
            try site.register(["project_id": "7"]).command(["credential", "openbao", "--format", "json"])
        }

        @Test(
            "OpenBao lets in both forms by the role that is written, a twin in neither, and the ledger says when the old one is unused"
        )
        func openBao() throws {
            let broker = try site.serve()
            let out = folder.path("trust")
            let first = try migrate("--to", "project_id,ref", "--target", "openbao", "--output", out)
            #expect(Self.first(first["rules"])?["old"] == ["project:acme/web:ref:refs/heads/main"])
            #expect(Self.first(first["rules"])?["new"] == ["project_id:7:ref:refs/heads/main"])
            try bao.script("\(out)/openbao-trust.sh")
            #expect(try trade().code == 0)

            // Another project's token for the same audience, in each form.
            func twin() throws -> Int {
                let token = try site.register(["project": "acme/api", "project_id": "8"]).command([
                    "token", "--audience", Self.audience,
                ])
                try #require(token.code == 0, "\(token)")
                let jwt = String(token.output.dropLast())
                let body = JSON.object(["role": "deploy", "jwt": .string(jwt)]).serialized()
                return try Call("POST", "\(bao.url)/v1/auth/jwt/login", body: body).status
            }
            #expect(try twin() == 400)
            try site.writeConfiguration(Self.settings("[project_id, ref]", bao.url))
            broker.send(.hangUp)
            try broker.wait(until: "reloaded") { broker.said.contains("reloaded") }
            #expect(try twin() == 400)
            let both = try migrate("--from", "project,ref", "--to", "project_id,ref", "--target", "openbao")
            #expect(Self.first(both["places"])?["old_form_unused"] == false, "\(both.text)")
            #expect(Self.first(both["subjects"])?["new_sub"] == "project_id:7:ref:refs/heads/main")

            // Entries' times are whole milliseconds, and a mark is a whole second.
            let mark = RFC3339.format(UnixTime(seconds: SystemClock.now().seconds + 1))
            _ = try Finished("sleep", ["2"])
            #expect(try trade().code == 0)
            let done = try migrate(
                "--from",
                "project,ref",
                "--to",
                "project_id,ref",
                "--target",
                "openbao",
                "--since",
                mark
            )
            #expect(Self.first(done["places"])?["old_form_unused"] == true, "\(done.text)")
            #expect(done["tokens"] == 1)
            let text = try site.command(["trust", "migrate", "--from", "project,ref", "--to", "project_id,ref"]).output
            #expect(text.contains("SUB THEN") && text.contains("==> openbao-trust.sh <=="), "\(text)")
            broker.stop()
        }

        @Test("a claim that is none is refused, and so is a target that is none")
        func refused() throws {
            #expect(try site.command(["trust", "migrate", "--to", "project,colour"]).code == 65)
            #expect(try site.command(["trust", "migrate", "--to", "project,project"]).code == 64)
            #expect(try site.command(["trust", "migrate", "--to", "project", "--target", "x"]).code == 64)
        }
    }

    /// The evaluator of clouds' policies, which knows nothing of where a policy comes from.
    @Suite("Policies for two forms of sub admit both, and the wrong twin in neither")
    struct BothFormsScenarios {
        private static let long = String(repeating: "r", count: 150)
        private let folder: Folder

        init() throws {
            folder = try Folder()
            let made = try Finished(
                try BuiltCommand.path(),
                ["init", folder.path("site"), "--issuer", "http://127.0.0.1:9"]
            )
            try #require(made.code == 0, "\(made)")
            try folder.write(
                "site/jobpass.yaml",
                """
                issuer: https://ci.example.com
                store: sqlite:jobpass.db
                keys: {directory: keys}
                token: {subject: [project, ref]}
                principals:
                  - {name: fleet, role: orchestrator, projects: ["acme/**"], token_sha256: "\(String(repeating: "0", count: 64))"}
                targets:
                  aws-prod:
                    type: aws
                    role: arn:aws:iam::123456789012:role/deploy
                    region: eu-west-1
                    allow: [{project: acme/web, project_id: "7", ref: refs/heads/main}]
                  gcp-prod:
                    type: gcp
                    provider: //iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/ci-jobs/providers/jobpass
                    subject: [project, ref]
                    allow: [{project: acme/web, project_id: "7", ref: refs/heads/main}]
                  azure-prod:
                    type: azure
                    tenant: 72f988bf-86f1-41af-91ab-2d7cd011db47
                    client_id: 72f988bf-86f1-41af-91ab-2d7cd011db48
                    scope: https://management.azure.com/.default
                    allow: [{project: acme/web, project_id: "7", ref: refs/heads/main}]

                """
            )
        }

        private var configuration: String { folder.path("site/jobpass.yaml") }

        private func jobpass(_ arguments: [String], input: String = "") throws -> Finished {
            try Finished(try BuiltCommand.path(), arguments, input: input)
        }

        private func explain(_ policy: String, _ sub: String, _ audience: String) throws -> Int32 {
            let claims: JSON = [
                "iss": "https://ci.example.com", "aud": .string(audience), "sub": .string(sub), "iat": 1_800_000_000,
                "nbf": 1_799_999_940, "exp": 4_000_000_000, "jti": "j", "project": "acme/web", "project_id": "7",
                "ref": "refs/heads/main", "workflow": "deploy", "job": "release", "trust": "trusted",
                "https://aws.amazon.com/roles": ["arn:aws:iam::123456789012:role/deploy"],
            ]
            return try jobpass(["trust", "explain", "--policy", policy, "--claims", "-"], input: claims.text).code
        }

        private static let forms =
            [
                ("project:acme/web:ref:refs/heads/main", 0), ("project_id:7:ref:refs/heads/main", 0),
                ("project:acme/api:ref:refs/heads/main", 77), ("project_id:8:ref:refs/heads/main", 77),
                ("project_id:7:ref:refs/heads/other", 77), ("project:acme/web:ref:refs/heads/main:x", 77),
            ] as [(String, Int32)]

        @Test("of AWS and of Azure, which compare sub whole")
        func wholeSubjects() throws {
            let out = folder.path("trust")
            let run = try jobpass([
                "trust", "migrate", "--to", "project_id,ref", "--config", configuration, "--output", out,
            ])
            try #require(run.code == 0, "\(run)")
            let policy = Paths.join(out, "aws-prod-trust-policy.json")
            for (sub, code) in Self.forms { #expect(try explain(policy, sub, "sts.amazonaws.com") == code, "\(sub)") }
            let script = try Files.readText(Paths.join(out, "azure-prod-trust.sh"))
            let credentials = script.split(separator: "\n").filter { $0.hasPrefix("credential jobpass-") }
            #expect(credentials.count == 2)
            for (sub, code) in Self.forms {
                let passed = try credentials.enumerated().contains { index, line in
                    let json = line.split(separator: " ", maxSplits: 2)[2].dropFirst().dropLast()
                    let file = try folder.write("credential-\(index).json", String(json))
                    return try explain(file, sub, "api://AzureADTokenExchange") == 0
                }
                #expect(passed == (code == 0), "\(sub)")
            }
            let gcloud = try Files.readText(Paths.join(out, "gcp-prod-trust.sh"))
            #expect(gcloud.contains("/subject/project:acme/web:ref:refs/heads/main"))
            #expect(gcloud.contains("/subject/project_id:7:ref:refs/heads/main"))
        }

        @Test("a digest is told what it stands for, of its claims and the configuration")
        func digest() throws {
            let text = try Files.readText(configuration)
            try folder.write(
                "site/jobpass.yaml",
                text.replacing(
                    "subject: [project, ref]\n    allow",
                    with: "subject: {claims: [project, ref], digest: true}\n    allow"
                )
            )
            let plain = "project:acme/web:ref:refs/heads/\(Self.long)"
            let claims: JSON = [
                "iss": "https://ci.example.com", "aud": "x", "sub": .string(Subject(digestOf: plain).text),
                "project": "acme/web", "ref": .string("refs/heads/\(Self.long)"),
            ]
            let run = try jobpass(
                [
                    "trust", "explain", "--policy", configuration, "--target", "gcp-prod", "--config", configuration,
                    "--claims", "-",
                ],
                input: claims.text
            )
            #expect(run.error.contains("stands for '\(plain)'"), "\(run)")
        }
    }
}
