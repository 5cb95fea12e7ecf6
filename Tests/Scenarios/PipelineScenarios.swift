import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// The examples of `deploy/ci`: each one's own lines, its variables, and the broker's configuration beside them.
    @Suite("A pipeline of each CI system deploys with a credential of AWS")
    struct PipelineScenarios {
        /// A CI system: its file, and what its machines would put into the job's environment.
        struct System: Sendable {
            let name: String
            let file: String
            /// What stands in the configuration as its issuer; nil where the job registers its own run.
            var issuer: String?
        }

        static let systems = [
            System(
                name: "github",
                file: "deploy/ci/github/deploy.yml",
                issuer: "https://token.actions.githubusercontent.com"
            ),
            System(name: "gitlab", file: "deploy/ci/gitlab/.gitlab-ci.yml", issuer: "https://gitlab.example.com"),
            System(
                name: "circleci",
                file: "deploy/ci/circleci/config.yml",
                issuer: "https://oidc.circleci.com/org/6cb0c3f8-93a2-4d61-a2b5-6f9b4c8f4f10"
            ),
            System(name: "buildkite", file: "deploy/ci/buildkite/pipeline.yml", issuer: "https://agent.buildkite.com"),
            System(
                name: "azure",
                file: "deploy/ci/azure/azure-pipelines.yml",
                issuer: "https://vstoken.dev.azure.com/0b9c4f1e-7d4e-4d0a-9a41-5a1d2c3b4e5f"
            ),
            System(
                name: "kubernetes",
                file: "deploy/ci/kubernetes/job.yaml",
                issuer: "https://kubernetes.default.svc.cluster.local"
            ),
            System(name: "jenkins", file: "deploy/ci/jenkins/Jenkinsfile", issuer: "https://jenkins.example.com/oidc"),
            System(name: "woodpecker", file: "deploy/ci/woodpecker/.woodpecker.yaml"),
            System(name: "cron", file: "deploy/ci/cron/deploy"),
        ]

        private let folder: Folder
        private let site: Site
        private let ports: [String: UInt16]
        private let programs: [Running]

        init() throws {
            folder = try Folder()
            site = try Site("", in: folder)
            let (port, cloud) = (site.port, try FreePort.next())
            let systems = Self.systems.filter { $0.issuer != nil }
            ports = Dictionary(uniqueKeysWithValues: try systems.map { ($0.name, try FreePort.next()) })
            var changes = [
                ("issuer: https://ci.example.com", "issuer: \(site.url)"),
                ("[https://ci.example.com]", "[\"\(site.url)\"]"),
                ("listen: 127.0.0.1:8080", "listen: 127.0.0.1:\(port)"),
                ("/var/lib/jobpass/jobpass.db", site.store), ("/var/lib/jobpass/keys", folder.path("site/keys")),
                ("    region: eu-west-1\n", "    region: eu-west-1\n    endpoint: http://127.0.0.1:\(cloud)\n"),
            ]
            // The tokens whose digests the file has are examples: 'password' and '1'.
            for system in systems {
                changes.append(("issuer: \(system.issuer ?? "")\n", "issuer: \(Self.url(ports[system.name]))\n"))
            }
            var text = try Files.readText(RelyingParty.file("deploy/ci/jobpass.yaml"))
            for (old, new) in changes {
                #expect(text.contains(old), "deploy/ci/jobpass.yaml has no '\(old)' any more")
                text = Self.replacing(old, by: new, in: text)
            }
            try folder.write("site/jobpass.yaml", text)
            let issuers = try Running(
                "issuers",
                in: folder,
                try RelyingParty.program("python"),
                [RelyingParty.script("ci_systems.py")] + ports.map { "\($0.key)=\($0.value)" }
            )
            let command = try BuiltCommand.path()
            let sandbox = try Running(
                "sandbox",
                in: folder,
                command,
                ["sandbox", "--listen", "127.0.0.1:\(cloud)", "--issuer", site.url]
            )
            programs = [issuers, sandbox, try site.serve()]
            for port in ports.values {
                let discovery = "\(Self.url(port))/.well-known/openid-configuration"
                try issuers.wait(until: "listening") { try Call("GET", discovery).status == 200 }
            }
            try Self.makeMachine(in: folder)
        }

        /// What a machine of a CI system has: `./deploy`, the command, and the systems' own programs.
        private static func makeMachine(in folder: Folder) throws {
            let command = try BuiltCommand.path()
            for name in ["work", "bin", "secrets"] { try Files.makeDirectory(folder.path(name)) }
            // Asks the container endpoint as an SDK would.
            try folder.write(
                "work/deploy",
                """
                #!/bin/sh
                set -eu
                curl --fail --silent --header "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN" \\
                    "$AWS_CONTAINER_CREDENTIALS_FULL_URI" | grep -q '"AccessKeyId"'
                echo deployed >> deployed

                """
            )
            let agent =
                "#!/bin/sh\nset -eu\ncurl --fail --silent --get --data-urlencode \"audience=$AUDIENCE\" \"$ISSUER/token\"\n"
            for name in ["buildkite-agent", "circleci"] { try folder.write("bin/\(name)", agent) }
            let link = try Finished(
                "sh",
                ["-c", "cd '\(folder.root)' && chmod +x bin/* work/deploy && ln -s '\(command)' bin/jobpass"]
            )
            try #require(link.code == 0, "\(link)")
        }

        private static func url(_ port: UInt16?) -> String { "http://127.0.0.1:\(port ?? 0)" }

        private static func replacing(_ old: String, by new: String, in text: String) -> String {
            text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
        }

        /// What the system's own machine would add to the job's environment.
        private func given(_ system: System) throws -> [String: String] {
            let issuer = Self.url(ports[system.name])
            func token() throws -> String { try Call("GET", "\(issuer)/token?audience=\(site.url)").body }
            switch system.name {
            case "github":
                return [
                    "ACTIONS_ID_TOKEN_REQUEST_URL": "\(issuer)/request?v=2", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job",
                ]
            case "gitlab", "jenkins": return ["JOBPASS_ID_TOKEN": try token()]
            case "circleci", "buildkite": return ["ISSUER": issuer, "AUDIENCE": site.url]
            case "azure": return ["SYSTEM_OIDCREQUESTURI": "\(issuer)/azure", "SYSTEM_ACCESSTOKEN": "job"]
            case "kubernetes":
                try folder.write("secrets/token", try token())
                return [:]
            case "woodpecker":
                return [
                    "JOBPASS_PRINCIPAL_TOKEN": "password", "CI_REPO": "acme/web", "CI_COMMIT_REF": "refs/heads/main",
                ]
            default:
                try folder.write("secrets/cron.token", "1")
                return [:]
            }
        }

        /// One after the other at one broker: each brings its own token, and leaves one file.
        @Test("what stands in each system's file runs as it stands there")
        func pipelines() throws {
            for system in Self.systems {
                try pipeline(of: system)
                try? Files.remove(folder.path("work/deployed"))
            }
        }

        private func pipeline(of system: System) throws {
            let steps = try Finished(
                try RelyingParty.program("python"),
                [
                    RelyingParty.script("ci_steps.py"), system.name,
                    RelyingParty.file(system.file),
                ]
            )
            try #require(steps.code == 0, "\(steps)")
            // Places of the job's machine that are others here.
            var text = Self.replacing("https://ci.example.com", by: site.url, in: steps.output)
            for (old, new) in [
                ("/var/run/secrets/jobpass", "secrets"), ("/etc/jobpass", "secrets"), ("/srv/backup", "work"),
            ] { text = Self.replacing(old, by: folder.path(new), in: text) }
            let job = try JSON.parse(Array(text.utf8))
            let shell = try #require(job["shell"]?.asString)
            let script = try #require(job["script"]?.asString)
            let linted = try Finished("shellcheck", ["-s", shell, "-"], input: script)
            #expect(linted.code == 0, "\(system.name): \(linted)")
            var environment = try given(system)
            for member in job["environment"]?.asObject?.members ?? [] {
                environment[member.name] = member.value.asString
            }
            environment["PATH"] = "\(folder.path("bin")):\(Environment.current["PATH"] ?? "/usr/bin:/bin")"
            let run = try Finished(
                shell,
                ["-eu"],
                environment: environment,
                input: "cd '\(folder.path("work"))'\n\(script)"
            )
            #expect(run.code == 0, "\(system.name): \(run)")
            let deployed = try? Files.readText(folder.path("work/deployed"))
            #expect(deployed == "deployed\n", "\(system.name): \(run)")
        }
    }
}
