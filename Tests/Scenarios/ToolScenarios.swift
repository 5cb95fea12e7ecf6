import Encoding
import HTTP
import HTTPServer
import JSON
import POSIX
import Support
import Testing
import Time

extension Scenarios {
    /// Docker, git, kubectl and their kind, unchanged, against real servers of theirs.
    @Suite("Tools that ask jobpass for a login")
    struct ToolScenarios {
        private static let password = "pass w0rd/$HOME%41'\""

        private func scenario() async throws -> ClientScenario {
            let login: JSON = [
                "target": "login", "type": "vault", "source": "exchange",
                "expires_at": .string(RFC3339.format(SystemClock.now() + .seconds(600))),
                "environment": ["REGISTRY_PASSWORD": .string(Self.password)], "credential": [:], "ledger_index": 1,
            ]
            let token: JSON = [
                "target": "cluster", "type": "none", "source": "exchange",
                "expires_at": .string(RFC3339.format(SystemClock.now() + .seconds(600))),
                "environment": ["JOBPASS_ID_TOKEN": "header.cluster.x"], "credential": [:], "ledger_index": 1,
            ]
            return try await ClientScenario([
                "POST /v1/targets/login/credentials": .answer(login),
                "POST /v1/targets/cluster/credentials": .answer(token),
                "POST /v1/targets/denied/credentials": .refusal(403, "access_denied", "No rule allows it."),
            ]) { call in
                // A cluster, as far as a client that asks for its version sees.
                guard call.path == "/version/" || call.path == "/version",
                    call.authorization == "Bearer header.cluster.x"
                else { return nil }
                return .answer([
                    "major": "1", "minor": "33", "gitVersion": "v1.33.0-test", "gitCommit": "c",
                    "gitTreeState": "clean",
                    "buildDate": "2026-01-01T00:00:00Z", "goVersion": "go1", "compiler": "gc",
                    "platform": "linux/amd64",
                ])
            }
        }

        /// A folder with links to the built command by the helpers' names, first on the path.
        private func variables(
            _ scenario: ClientScenario,
            _ folder: Folder,
            _ more: [String: String]
        ) throws -> [String: String] {
            try Files.makeDirectory(folder.path("bin"))
            for name in ["docker-credential-jobpass", "git-credential-jobpass", "jobpass"] {
                _ = try BuiltCommand.shell("ln -s \"$JOBPASS\" \(folder.path("bin/\(name)"))")
            }
            let path = Environment.current["PATH"] ?? "/usr/bin:/bin"
            return scenario.jobVariables.merging(
                ["PATH": "\(folder.path("bin")):\(path)", "HOME": folder.root, "DOCKER_CONFIG": folder.path("docker")]
            ) { $1 }.merging(more) { $1 }
        }

        /// A real registry that wants a user and a password.
        private func registry(at host: String, _ folder: Folder) throws -> Running {
            let hash = try BuiltCommand.shell(
                "python3 -c 'import crypt,sys; print(crypt.crypt(sys.argv[1], crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))' \"$PW\" 2>/dev/null",
                ["PW": Self.password]
            )
            try folder.write("htpasswd", "ci:\(hash.output)")
            try folder.write(
                "registry.yml",
                """
                version: 0.1
                storage: {filesystem: {rootdirectory: \(folder.path("registry"))}}
                http: {addr: "\(host)"}
                auth: {htpasswd: {realm: test, path: \(folder.path("htpasswd"))}}
                """
            )
            let registry = try Running(
                "registry",
                in: folder,
                "docker-registry",
                ["serve", folder.path("registry.yml")]
            )
            try registry.wait(until: "answering") { try Call("GET", "http://\(host)/v2/").status == 401 }
            return registry
        }

        /// Puts a manifest into the registry that only a login opens.
        private func push(to host: String, _ folder: Folder) throws {
            let script = """
                set -e; printf '{}' >"$F/c"; d=sha256:$(sha256sum "$F/c" | cut -c 1-64)
                curl() { command curl --silent --fail --user "ci:$PW" --output /dev/null "$@"; }
                at=$(curl --request POST --dump-header - "$U/blobs/uploads/" | tr -d '\\r' | sed -n 's/^Location: //Ip')
                curl --request PUT --header 'Content-Type: application/octet-stream' --data-binary "@$F/c" "$at&digest=$d"
                type=application/vnd.docker.distribution.manifest.v2+json
                printf '{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"%s","size":2,"digest":"%s"},"layers":[]}' \\
                    $type application/vnd.docker.container.image.v1+json "$d" >"$F/m"
                curl --request PUT --header "Content-Type: $type" --data-binary "@$F/m" "$U/manifests/1"
                """
            let pushed = try BuiltCommand.shell(
                script,
                ["F": folder.root, "U": "http://\(host)/v2/app", "PW": Self.password]
            )
            try #require(pushed.code == 0, "\(pushed)")
        }

        @Test("docker logs in at a real registry through the credential helper")
        func docker() async throws {
            let scenario = try await scenario()
            let folder = try Folder()
            let port = try FreePort.next()
            let host = "127.0.0.1:\(port)"
            let registry = try self.registry(at: host, folder)
            defer { registry.stop() }
            try Files.makeDirectory(folder.path("docker"))
            try folder.write("docker/config.json", "{\"credHelpers\": {\"\(host)\": \"jobpass\"}}")
            let named = try variables(
                scenario,
                folder,
                ["JOBPASS_DOCKER_TARGETS": "\(host)=login:ci other.example.com=denied"]
            )
            // Without a daemon, docker logs in with a password that it is given; the helper is asked to store it, and does not.
            let login = try Finished(
                "docker",
                ["login", "--username", "ci", "--password-stdin", host],
                environment: named,
                input: Self.password
            )
            #expect(login.code == 0 && login.output.contains("Login Succeeded"), "\(login)")
            try push(to: host, folder)
            let inspect = ["manifest", "inspect", "--insecure", "\(host)/app:1"]
            let inspected = try Finished("docker", inspect, environment: named)
            #expect(inspected.code == 0 && inspected.output.contains("\"schemaVersion\": 2"), "\(inspected)")
            #expect(scenario.broker.calls.contains { $0.line == "POST /v1/targets/login/credentials" })
            let anonymous = try Finished(
                "docker",
                inspect,
                environment: named.merging(["JOBPASS_DOCKER_TARGETS": ""]) { $1 }
            )
            #expect(anonymous.code != 0, "without the helper's login it is closed")
            #expect(try !Files.readText(folder.path("docker/config.json")).contains("auths\": {\"\(host)\": {\"auth"))
            let helper = folder.path("bin/docker-credential-jobpass")
            let get = try Finished(helper, ["get"], environment: named, input: "http://\(host)\n")
            #expect(
                try JSON.parse(Array(get.output.utf8))
                    == ["ServerURL": .string("http://\(host)"), "Username": "ci", "Secret": .string(Self.password)]
            )
            let unknown = try Finished(helper, ["get"], environment: named, input: "nobody.example.com")
            #expect(unknown.code == 1 && unknown.output == "credentials not found in native keychain\n")
            let denied = try Finished(helper, ["get"], environment: named, input: "other.example.com")
            #expect(denied.code == 1 && denied.output.contains("No rule allows it.") && denied.error.isEmpty)
            let list = try Finished(helper, ["list"], environment: named)
            #expect(list.output == "{\"\(host)\":\"ci\",\"other.example.com\":\"\"}\n")
            let store = try Finished(
                helper,
                ["store"],
                environment: named,
                input: #"{"ServerURL": "x", "Username": "u", "Secret": "s"}"#
            )
            #expect(store.code == 1 && !store.output.contains("\"s\""))
        }

        @Test("git clones from a real server through its helper, and asks nobody else where the broker refuses")
        func git() async throws {
            let scenario = try await scenario()
            let folder = try Folder()
            let port = try FreePort.next()
            let made = try BuiltCommand.shell(
                """
                set -e; cd "$FOLDER"; git init -q --bare repos.git; git init -q work; cd work; echo hello >file; git add file
                git -c user.name=n -c user.email=e commit -q -m first; git push -q ../repos.git HEAD:refs/heads/main
                git -C ../repos.git symbolic-ref HEAD refs/heads/main
                """,
                ["FOLDER": folder.root, "HOME": folder.root]
            )
            try #require(made.code == 0, "\(made)")
            let server = try Running(
                "git-server",
                in: folder,
                try RelyingParty.program("python"),
                [RelyingParty.script("git_server.py"), "\(port)", folder.root, "ci", Self.password]
            )
            let url = "http://127.0.0.1:\(port)/repos.git"
            try server.wait(until: "answering") { try Call("GET", url).status == 401 }
            let quiet = ["GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "GIT_ASKPASS": "/bin/false"]
            let named = try variables(scenario, folder, quiet)
            func clone(_ targets: String, _ name: String) throws -> Finished {
                try Finished(
                    "git",
                    ["-c", "credential.helper=", "-c", "credential.helper=jobpass", "clone", url, folder.path(name)],
                    environment: named.merging(["JOBPASS_GIT_TARGETS": targets]) { $1 }
                )
            }
            let good = try clone("127.0.0.1:\(port)=login:ci", "good")
            #expect(good.code == 0, "\(good)")
            #expect(try Files.readText(folder.path("good/file")) == "hello\n")
            let other = try clone("git.example.com=login:ci", "other")
            #expect(other.code != 0 && !scenario.broker.calls.isEmpty)
            let denied = try clone("127.0.0.1:\(port)=denied", "denied")
            #expect(denied.code != 0 && denied.error.contains("No rule allows it."), "\(denied)")
            let plain = try Finished(
                folder.path("bin/git-credential-jobpass"),
                ["get"],
                environment: named.merging(["JOBPASS_GIT_TARGETS": "git.example.com=login:ci"]) { $1 },
                input: "protocol=http\nhost=git.example.com\n\n"
            )
            #expect(plain.code == 0 && plain.output.isEmpty, "no password goes out over plain http")
        }

        @Test("the Kubernetes client for Python uses the exec plugin, and old kubectls are answered in their version")
        func kubernetes() async throws {
            let scenario = try await scenario()
            let folder = try Folder()
            let config = """
                {"apiVersion": "v1", "kind": "Config", "current-context": "c",
                 "clusters": [{"name": "k", "cluster": {"server": "\(scenario.broker.url)"}}],
                 "contexts": [{"name": "c", "context": {"cluster": "k", "user": "cluster"}}]}
                """
            try folder.write("kubeconfig", config)
            let named = try variables(scenario, folder, ["KUBECONFIG": folder.path("kubeconfig")])
            let script =
                "import os,sys; sys.argv=['', os.environ['KUBECONFIG'], 'c']; exec(open(os.environ['SCRIPT']).read())"
            let python = try Finished(
                folder.path("bin/jobpass"),
                ["exec", "cluster", "--kubeconfig", "--", try RelyingParty.program("python"), "-c", script],
                environment: named.merging(["SCRIPT": RelyingParty.script("kubernetes_version.py")]) { $1 }
            )
            #expect(python.code == 0 && python.output == "v1.33.0-test\n", "\(python)")
            let info =
                #"{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","spec":{"interactive":false}}"#
            let beta = try Finished(
                folder.path("bin/jobpass"),
                ["credential", "cluster", "--format", "kubernetes"],
                environment: named.merging(["KUBERNETES_EXEC_INFO": info]) { $1 }
            )
            #expect(beta.output.contains("client.authentication.k8s.io/v1beta1"))
        }

        @Test("kubectl uses the exec plugin, also one that is years old")
        func kubectl() async throws {
            let scenario = try await scenario()
            let folder = try Folder()
            let authority = try TestAuthority()
            // kubectl shows credentials over TLS alone.
            let issued = try authority.issue("cluster", for: ["IP:127.0.0.1"], days: 1)
            let cluster = try await TestHTTPServer(tls: try authority.context(issued)) { request in
                guard request.path == "/version", request.fields["Authorization"] == "Bearer header.cluster.x" else {
                    return HTTPResponse(status: 401)
                }
                let version: JSON = ["major": "1", "minor": "33", "gitVersion": "v1.33.0-test"]
                return HTTPResponse(
                    status: 200,
                    fields: ["Content-Type": "application/json"],
                    body: version.serialized()
                )
            }
            try folder.write(
                "kubeconfig",
                """
                {"apiVersion": "v1", "kind": "Config", "current-context": "c",
                 "clusters": [{"name": "k", "cluster": {"server": "https://127.0.0.1:\(cluster.server.port)",
                   "certificate-authority": "\(authority.certificateFile)"}}],
                 "contexts": [{"name": "c", "context": {"cluster": "k", "user": "cluster"}}],
                 "users": [{"name": "cluster", "user": {"exec": {
                   "apiVersion": "client.authentication.k8s.io/v1beta1", "command": "jobpass",
                   "args": ["credential", "cluster", "--format", "kubernetes"], "interactiveMode": "Never"}}}]}
                """
            )
            let run = try Finished(
                "kubectl",
                ["--kubeconfig", folder.path("kubeconfig"), "get", "--raw", "/version"],
                environment: try variables(scenario, folder, [:])
            )
            #expect(run.code == 0 && run.output.contains("v1.33.0-test"), "\(run)")
        }

        @Test("python-dotenv reads exactly what the dotenv form wrote")
        func dotenv() async throws {
            let values = [
                "plain", "", " spaces ", "a\nb\n\nc", "$HOME", "a#b", "it's", "\"quoted\"", "100% `x`", "ünïcödé",
                "tab\there",
                "back\\slash", "a=b", "!x", "*",
            ]
            var environment = JSONObject()
            for (index, value) in values.enumerated() { environment["V\(index)"] = .string(value) }
            let answer: JSON = [
                "target": "t", "type": "vault", "source": "exchange", "expires_at": .null,
                "environment": .object(environment), "credential": [:], "ledger_index": 1,
            ]
            let scenario = try await ClientScenario(["POST /v1/targets/t/credentials": .answer(answer)])
            let text = try scenario.job("credential", "t", "--format", "dotenv")
            #expect(text.code == 0, "\(text)")
            let read = try Finished(
                try RelyingParty.program("python"),
                [RelyingParty.script("dotenv_values.py")],
                input: text.output
            )
            #expect(try JSON.parse(Array(read.output.utf8)) == .object(environment), "\(text.output)")
        }

        @Test("github-env tells the log what to mask before it appends, and circleci-env's lines are a shell's")
        func ciFiles() async throws {
            let scenario = try await scenario()
            let folder = try Folder()
            try folder.write("env", "BEFORE=1")
            let variables = scenario.jobVariables.merging([
                "GITHUB_ENV": folder.path("env"), "BASH_ENV": folder.path("env"),
            ]) { $1 }
            let github = try BuiltCommand.run(["credential", "login", "--format", "github-env"], variables)
            #expect(github.code == 0 && github.output == "::add-mask::pass w0rd/$HOME%2541'\"\n", "\(github)")
            let written = try Files.readText(folder.path("env"))
            #expect(written.hasPrefix("BEFORE=1\nREGISTRY_PASSWORD<<ghadelimiter_"))
            #expect(written.contains("\n\(Self.password)\nghadelimiter_"))
            try folder.write("env", "")
            #expect(try BuiltCommand.run(["credential", "login", "--format", "circleci-env"], variables).code == 0)
            for shell in ["bash", "dash"] {
                let read = try Finished(shell, ["-c", ". \(folder.path("env")); printf %s \"$REGISTRY_PASSWORD\""])
                #expect(read.output == Self.password)
            }
            let nowhere = try scenario.job("credential", "login", "--format", "github-env")
            #expect(nowhere.code == 78 && nowhere.error.contains("GITHUB_ENV is not set"))
        }

        @Test("PyPI's id package takes a run for a job of GitHub Actions")
        func idPackage() async throws {
            let token = "e30.\(Base64URL.encode(Array(#"{"aud":"pypi","sub":"project:acme/web"}"#.utf8))).c2ln"
            let scenario = try await ClientScenario([:]) { call in
                guard call.path == "/v1/token", call.authorization?.lowercased() == "bearer jpr_test",
                    call.query == "v=1&audience=pypi"
                else { return nil }
                return .answer(["value": .string(token), "count": 16])
            }
            let result = try Finished(
                try RelyingParty.program("python"),
                ["-m", "id", "pypi"],
                environment: [
                    "GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "jpr_test",
                    "ACTIONS_ID_TOKEN_REQUEST_URL": "\(scenario.broker.url)/v1/token?v=1",
                ]
            )
            #expect(result.code == 0 && result.output.contains(token), "\(result)")
        }
    }
}
