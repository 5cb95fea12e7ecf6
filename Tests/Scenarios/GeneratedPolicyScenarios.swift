import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// What `trust generate` writes, held against tokens by `trust explain`, which knows nothing of where a policy comes from.
    @Suite("generated policies admit the runs that the rules mean, and not their wrong twins")
    struct GeneratedPolicyScenarios {
        private static let settings = """
            issuer: https://ci.example.com
            store: sqlite:/nowhere/jobpass.db
            keys: {directory: /nowhere/keys}
            principals:
              - {name: fleet, role: orchestrator, projects: ["acme/**"], claims: [team], token_sha256: "\(String(repeating: "0", count: 64))"}
            targets:
              aws-prod:
                type: aws
                role: arn:aws:iam::123456789012:role/deploy
                region: eu-west-1
                tags: {Team: team}
                allow:
                  - {project: acme/web, ref: refs/heads/main, team: platform}
                  - {project: acme/web, ref: "refs/heads/release-*"}
                  - {project: "acme/**", trust: untrusted}
              k8s-prod:
                type: none
                audience: kubernetes
                allow:
                  - {project: acme/web, ref: "refs/heads/release-*"}
                  - {project: acme/ops, environment: production}
            """

        private let folder: Folder

        init() throws {
            folder = try Folder()
            try folder.write("jobpass.yaml", Self.settings)
        }

        /// Writes a target's files and answers the path of one.
        private func generated(_ target: String, _ format: String, _ suffix: String) throws -> String {
            let out = folder.path(format)
            let run = try Finished(
                try BuiltCommand.path(),
                ["trust", "generate", target, "--format", format, "-o", out, "--config", folder.path("jobpass.yaml")]
            )
            try #require(run.code == 0, "\(run)")
            let name = try #require(try Files.list(out).first { $0.hasSuffix(suffix) })
            return Paths.join(out, name)
        }

        private func explain(_ policy: String, _ claims: JSONObject) throws -> Finished {
            try Finished(
                try BuiltCommand.path(),
                ["trust", "explain", "--policy", policy, "--claims", "-"],
                input: JSON.object(claims).text
            )
        }

        private static func claims(_ audience: String, _ subject: String, _ changes: JSONObject) -> JSONObject {
            var claims: JSONObject = [
                "iss": "https://ci.example.com", "aud": .string(audience), "sub": .string(subject),
                "iat": 1_800_000_000,
                "nbf": 1_799_999_940, "exp": 4_000_000_000, "jti": "j", "project": "acme/web", "ref": "refs/heads/main",
                "workflow": "deploy", "job": "release", "trust": "trusted",
            ]
            for change in changes.members { claims[change.name] = change.value }
            return claims
        }

        private static func aws(_ project: String, _ ref: String, _ changes: JSONObject = [:]) -> JSONObject {
            var claims = claims("sts.amazonaws.com", "project:\(project):ref:\(ref):workflow:deploy:job:release", [:])
            claims["https://aws.amazon.com/roles"] = ["arn:aws:iam::123456789012:role/deploy"]
            for change in changes.members { claims[change.name] = change.value }
            return claims
        }

        private static func team(_ name: String) -> JSONObject {
            ["https://aws.amazon.com/tags": ["principal_tags": ["Team": [.string(name)]]]]
        }

        @Test("AWS: subject, audience, issuer, tag and pinned role each keep their twin out")
        func aws() throws {
            let policy = try generated("aws-prod", "aws-cli", "aws-prod-trust-policy.json")
            let fork: JSONObject = ["iss": "https://ci.example.com/untrusted"]
            let cases: [(JSONObject, isIn: Bool, String)] = [
                (Self.aws("acme/web", "refs/heads/main", Self.team("platform")), true, "the right run"),
                (Self.aws("acme/web", "refs/heads/main", Self.team("other")), false, "another tag"),
                (Self.aws("acme/web", "refs/heads/main"), false, "no tag"),
                (Self.aws("acme/web", "refs/heads/release-1"), true, "the second rule"),
                (Self.aws("acme/web", "refs/heads/release-1/evil"), false, "a slash where the rule's star stops"),
                (Self.aws("acme/webhook", "refs/heads/release-1"), false, "a project of a longer name"),
                (Self.aws("acme/web", "refs/heads/release-1", ["aud": "x"]), false, "another audience"),
                (Self.aws("acme/web", "refs/heads/release-1", fork), true, "a fork, which the third rule means"),
                (Self.aws("acme/any/thing", "refs/heads/x", fork), true, "a fork of another project"),
                (Self.aws("acme/any/thing", "refs/heads/x"), false, "the same, trusted"),
                (Self.aws("globex/web", "refs/heads/main", fork), false, "a stranger's project"),
                (
                    Self.aws("acme/web", "refs/heads/release-1", ["iss": "https://evil.example"]), false,
                    "another issuer"
                ),
            ]
            for (claims, isIn, what) in cases {
                let run = try explain(policy, claims)
                #expect(run.code == (isIn ? 0 : 77), "\(what): \(run)")
            }
        }

        @Test("Kubernetes: the same rules in CEL")
        func kubernetes() throws {
            let file = try generated("k8s-prod", "kubernetes", "authentication.yaml")
            func claims(_ changes: JSONObject) -> JSONObject { Self.claims("kubernetes", "s", changes) }
            let cases: [(JSONObject, isIn: Bool)] = [
                (claims(["ref": "refs/heads/release-1"]), true), (claims(["ref": "refs/heads/release-1/evil"]), false),
                (claims([:]), false), (claims(["project": "acme/ops", "environment": "production"]), true),
                (claims(["project": "acme/ops", "environment": "staging"]), false),
                (claims(["ref": "refs/heads/release-1", "trust": "untrusted"]), false),
                (claims(["ref": "refs/heads/release-1", "aud": "other"]), false),
            ]
            for (claims, isIn) in cases {
                let run = try explain(file, claims)
                #expect(run.code == (isIn ? 0 : 77), "\(JSON.object(claims).text): \(run)")
            }
        }

        @Test("a sandbox that enforces the generated policy lets the right job in")
        func sandbox() throws {
            let port = try FreePort.next()
            let target = "type: aws, role: \"arn:aws:iam::123456789012:role/deploy\", region: eu-west-1"
            let endpoint = "endpoint: \"http://127.0.0.1:\(port)\""
            // The sandbox knows the site's issuer by its URL, which AWS itself would not take: so the policy is written for it.
            let site = try Site("targets:\n  aws: {\(target), \(endpoint), allow: [{project: \"acme/*\"}]}", in: folder)
            let broker = try site.serve()
            defer { broker.stop() }
            try folder.write(
                "tight.yaml",
                """
                issuer: https://ci.example.com
                store: sqlite:/nowhere/jobpass.db
                keys: {directory: /nowhere/keys}
                targets:
                  aws: {\(target), allow: [{project: acme/web, ref: refs/heads/main}]}
                """
            )
            let out = folder.path("tight")
            let made = try Finished(
                try BuiltCommand.path(),
                ["trust", "generate", "aws", "--format", "aws-cli", "-o", out, "--config", folder.path("tight.yaml")]
            )
            try #require(made.code == 0, "\(made)")
            let text = try Files.readText(Paths.join(out, "aws-trust-policy.json"))
            let policy = try folder.write(
                "policy.json",
                text.replacing("ci.example.com", with: "127.0.0.1:\(site.port)")
            )
            let sandbox = try Running(
                "sandbox",
                in: folder,
                try BuiltCommand.path(),
                ["sandbox", "--listen", "127.0.0.1:\(port)", "--issuer", site.url, "--aws-trust-policy", policy]
            )
            try sandbox.wait(until: "listening") { sandbox.said.contains("listens") }
            let right = try site.register().command(["credential", "aws", "--format", "json"])
            #expect(right.code == 0, "\(right)\n\(sandbox.said)")
            for change in [["ref": "refs/heads/other"], ["project": "acme/api"]] as [JSONObject] {
                let wrong = try site.register(change).command(["credential", "aws", "--format", "json"])
                #expect(wrong.code == 77, "\(JSON.object(change).text): \(wrong)")
            }
        }
    }
}
