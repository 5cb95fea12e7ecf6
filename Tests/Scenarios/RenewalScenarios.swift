import Crypto
import Encoding
import HTTP
import HTTPServer
import JSON
import Locks
import POSIX
import Support
import Testing
import Time

extension Scenarios {
    /// Clients that nobody here wrote, in a child of exec, with credentials that live for seconds.
    @Suite("SDKs find the next credential by themselves")
    struct RenewalScenarios {
        /// A broker and clouds in one: each credential is another, and ends a few seconds later.
        private func scenario(life: Int64 = 4) async throws -> ClientScenario {
            let given = Lock(0)
            let next: @Sendable () -> Int = {
                given.withLock { given in
                    given += 1
                    return given
                }
            }
            return try await ClientScenario([:]) { call in
                Self.credential(call, life, next) ?? Self.token(call, life, next)
            }
        }

        /// What the broker trades for.
        private static func credential(
            _ call: FakeBroker.Call,
            _ life: Int64,
            _ next: @Sendable () -> Int
        ) -> HTTPResponse? {
            let expires = RFC3339.format(SystemClock.now() + .seconds(life))
            switch call.line {
            case "POST /v1/targets/aws/credentials":
                return .answer(
                    Self.credential(
                        "aws",
                        expires,
                        [
                            "AWS_ACCESS_KEY_ID": .string("ASIA\(next())"), "AWS_SECRET_ACCESS_KEY": "secret-key",
                            "AWS_SESSION_TOKEN": "session-token", "AWS_REGION": "eu-west-1",
                        ]
                    )
                )
            case "POST /v1/targets/gcp/credentials":
                let token = "ya29.token-\(next())"
                return .answer(Self.credential("gcp", expires, ["CLOUDSDK_AUTH_ACCESS_TOKEN": .string(token)]))
            case "POST /v1/targets/none/credentials":
                return .answer(
                    Self.credential("none", expires, ["K8S_TOKEN": .string("header.payload-\(next()).x")])
                )
            default: return nil
            }
        }

        /// What the job trades itself, and the clouds at which it does.
        private static func token(
            _ call: FakeBroker.Call,
            _ life: Int64,
            _ next: @Sendable () -> Int
        ) -> HTTPResponse? {
            let expires = RFC3339.format(SystemClock.now() + .seconds(life))
            switch call.line {
            case "POST /v1/targets/none/token":
                return .refusal(409, "conflict", "The broker trades at this target itself.")
            case "POST /v1/targets/web/credentials", "POST /v1/targets/azure/credentials":
                return .refusal(409, "conflict", "The job trades at this target itself.")
            case "POST /v1/targets/web/token":
                return .answer(
                    Self.idToken(
                        "web",
                        expires,
                        next(),
                        [
                            "type": "aws", "role": "arn:aws:iam::123456789012:role/deploy", "region": "eu-west-1",
                            "endpoint": "http://127.0.0.1:1",
                        ]
                    )
                )
            case "POST /v1/targets/azure/token":
                return .answer(
                    Self.idToken(
                        "azure",
                        expires,
                        next(),
                        [
                            "type": "azure", "tenant": "contoso.example",
                            "client_id": "11111111-2222-3333-4444-555555555555",
                            "scope": "https://management.azure.com/.default",
                            "authority": "https://login.microsoftonline.com",
                        ]
                    )
                )
            case "POST /sts/v1/token":
                return .answer([
                    "access_token": "traded-by-google",
                    "issued_token_type": "urn:ietf:params:oauth:token-type:access_token", "token_type": "Bearer",
                    "expires_in": 3600,
                ])
            case "POST /": return Self.webIdentity(call, expires)
            default: return nil
            }
        }

        private static func credential(_ target: String, _ expires: String, _ environment: JSONObject) -> JSON {
            [
                "target": .string(target), "type": .string(target), "source": "exchange",
                "expires_at": .string(expires),
                "environment": .object(environment), "credential": [:], "ledger_index": 1,
            ]
        }

        private static func idToken(_ target: String, _ expires: String, _ number: Int, _ settings: JSONObject) -> JSON
        {
            [
                "target": .string(target), "type": settings["type"] ?? "", "value": .string("id.token-\(number).x"),
                "jti": .string("jti-\(number)"), "expires_at": .string(expires), "ledger_index": 1,
                "run": ["id": "run_1", "project": "acme/web", "workflow": "deploy", "job": "release"],
                "settings": .object(settings),
            ]
        }

        /// AWS STS as far as botocore looks: each token buys keys of its own name.
        private static func webIdentity(_ call: FakeBroker.Call, _ expires: String) -> HTTPResponse {
            let form = try? Form(parsing: String(decoding: call.body, as: UTF8.self))
            let token = (try? form?.value("WebIdentityToken")) ?? "none"
            let xml = """
                <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\
                <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA\(SHA256.hash(token).hex)</AccessKeyId>\
                <SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>\(expires)</Expiration>\
                </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
                """
            return HTTPResponse(status: 200, fields: ["Content-Type": "text/xml"], body: Array(xml.utf8))
        }

        private func python(_ script: String, _ arguments: String...) throws -> [String] {
            [try RelyingParty.program("python"), RelyingParty.script(script)] + arguments
        }

        private func exec(
            _ scenario: ClientScenario,
            _ line: [String],
            _ variables: [String: String] = [:],
            child: [String]
        ) throws -> BuiltCommand.Result {
            try BuiltCommand.run(["exec"] + line + ["--"] + child, scenario.jobVariables.merging(variables) { $1 })
        }

        @Test("botocore renews at the container endpoint of exec")
        func containerEndpoint() async throws {
            let result = try exec(try await scenario(), ["aws"], child: python("aws_refresh.py", "6"))
            #expect(result.code == 0, "\(result)")
            let words = result.output.split(whereSeparator: \.isWhitespace)
            #expect(words.first == "container-role" && (Int(words.last ?? "") ?? 0) >= 2, "\(result)")
        }

        @Test("botocore renews by credential_process")
        func credentialProcess() async throws {
            let scenario = try await scenario()
            let folder = try Folder()
            let command = "\(try BuiltCommand.path()) credential aws --format aws-process"
            try folder.write("config", "[default]\ncredential_process = \(command)\n")
            let result = try Finished(
                try RelyingParty.program("python"),
                [RelyingParty.script("aws_refresh.py"), "3"],
                environment: scenario.jobVariables.merging([
                    "AWS_CONFIG_FILE": folder.path("config"), "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
                ]) { $1 }
            )
            let words = result.output.split(whereSeparator: \.isWhitespace)
            #expect(words.first == "custom-process" && (Int(words.last ?? "") ?? 0) >= 2, "\(result)")
        }

        @Test("botocore trades itself by a web identity file that exec keeps fresh")
        func webIdentity() async throws {
            let scenario = try await scenario()
            // The same cloud as the broker, behind another path.
            let result = try exec(
                scenario,
                ["web", "--token-file"],
                child: ["env", "AWS_ENDPOINT_URL_STS=\(scenario.broker.url)"] + python("aws_refresh.py", "6")
            )
            let words = result.output.split(whereSeparator: \.isWhitespace)
            #expect(words.first == "assume-role-with-web-identity" && (Int(words.last ?? "") ?? 0) >= 2, "\(result)")
            #expect(scenario.broker.calls.filter { $0.line == "POST /v1/targets/web/token" }.count >= 2)
        }

        @Test("Google's library renews at the server of exec, by the external_account file")
        func google() async throws {
            let result = try exec(try await scenario(), ["gcp"], child: python("google_refresh.py", "4.5"))
            #expect(result.code == 0, "\(result)")
            let lines = result.output.split(separator: "\n").map(String.init)
            #expect(lines.first == SHA256.hash("ya29.token-1").hex)
            #expect(lines.count == 2 && lines[0] != lines[1])
        }

        @Test("Google's library runs jobpass as the executable of an external_account file")
        func googleExecutable() async throws {
            let scenario = try await scenario()
            let folder = try Folder()
            let command = "\(try BuiltCommand.path()) credential none --format gcp-executable"
            let file: JSON = [
                "type": "external_account",
                "audience": "//iam.example.com/provider",
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "token_url": .string("\(scenario.broker.url)/sts/v1/token"),
                "credential_source": ["executable": ["command": .string(command), "timeout_millis": 20_000]],
            ]
            try folder.write("google.json", file.text)
            let result = try Finished(
                try RelyingParty.program("python"),
                [RelyingParty.script("google_refresh.py"), "0"],
                environment: scenario.jobVariables.merging([
                    "GOOGLE_APPLICATION_CREDENTIALS": folder.path("google.json"),
                    "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES": "1",
                ]) { $1 }
            )
            #expect(result.code == 0, "\(result)")
            #expect(result.output.hasPrefix(SHA256.hash("traded-by-google").hex))
            let sent = scenario.broker.calls.filter { $0.line == "POST /sts/v1/token" }
            let forms = try sent.map {
                try Form(parsing: String(decoding: $0.body, as: UTF8.self)).value("subject_token")
            }
            #expect(forms == ["header.payload-1.x", "header.payload-2.x"], "a new ID token for each trade")
        }

        @Test("Azure's WorkloadIdentityCredential finds the next assertion in its file")
        func azure() async throws {
            let scenario = try await scenario()
            let authority = try TestAuthority()
            let certificate = try authority.issue("entra", for: ["DNS:localhost", "IP:127.0.0.1"])
            let entra = try await TestHTTPServer(tls: try authority.context(certificate)) { request in
                let url = "https://localhost/contoso.example"
                guard request.method == .post else {
                    return .answer([
                        "issuer": .string("\(url)/v2.0"), "authorization_endpoint": .string("\(url)/authorize"),
                        "token_endpoint": .string(
                            "https://\(request.fields["Host"] ?? "")/contoso.example/oauth2/v2.0/token"
                        ),
                    ])
                }
                let form = try? Form(parsing: String(decoding: request.body, as: UTF8.self))
                let assertion = (try? form?.value("client_assertion")) ?? ""
                return .answer([
                    "token_type": "Bearer", "expires_in": 3599, "access_token": .string("for \(assertion)"),
                ])
            }
            let result = try exec(
                scenario,
                ["azure"],
                child: [
                    "env", "AZURE_AUTHORITY_HOST=https://localhost:\(entra.server.port)",
                    "REQUESTS_CA_BUNDLE=\(authority.certificateFile)",
                ] + python("azure_refresh.py", "4.5")
            )
            #expect(result.code == 0, "\(result)")
            let lines = result.output.split(separator: "\n").map(String.init)
            #expect(lines.first == SHA256.hash("for id.token-1.x").hex, "\(result)")
            #expect(lines.count == 2 && lines[0] != lines[1])
        }

        @Test("an ID token's file is renewed as long as the child runs, and nothing is left when it was killed")
        func files() async throws {
            let folder = try Folder()
            try Files.makeDirectory(folder.path("run"))
            let script = """
                ls -ld "$(dirname "$K8S_TOKEN_FILE")" | cut -c 1-10; stat -c %a "$K8S_TOKEN_FILE"
                sha256sum <"$K8S_TOKEN_FILE"; sleep 4.5; sha256sum <"$K8S_TOKEN_FILE"; printf %s "$K8S_TOKEN" | sha256sum
                echo "$K8S_TOKEN_FILE" >&2; kill -KILL $$
                """
            // One that a killed exec left behind, older than a moment.
            try Files.makeDirectory(folder.path("run/jobpass-exec.stale"))
            _ = try BuiltCommand.shell("touch -d '1 minute ago' \(folder.path("run/jobpass-exec.stale"))")
            let result = try exec(
                try await scenario(),
                ["none"],
                ["XDG_RUNTIME_DIR": folder.path("run")],
                child: ["sh", "-c", script]
            )
            #expect(result.code == 137, "\(result)")
            let lines = result.output.split(separator: "\n").map { String($0.prefix(64)) }
            let first = SHA256.hash("header.payload-1.x").hex
            try #require(lines.count == 5, "\(result)")
            #expect(lines[0] == "drwx------" && lines[1] == "600")
            #expect(lines[2] == first && lines[4] == first && lines[3] != first)
            #expect(result.error.hasPrefix(folder.path("run/jobpass-exec.")))
            #expect(try Files.list(folder.path("run")).isEmpty, "neither its own directory nor the stale one is left")
        }

        @Test("what is renewed is masked as well, and so is the token of exec's own server")
        func masks() async throws {
            let script = """
                sleep 4.5; curl -s -H "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN" "$AWS_CONTAINER_CREDENTIALS_FULL_URI"
                echo; echo "$AWS_CONTAINER_AUTHORIZATION_TOKEN"
                curl -s -o /dev/null -w '%{http_code}' "$AWS_CONTAINER_CREDENTIALS_FULL_URI"
                """
            let result = try exec(try await scenario(), ["aws"], child: ["sh", "-c", script])
            #expect(
                result.output.hasPrefix(#"{"AccessKeyId":"***","SecretAccessKey":"***","Token":"***","Expiration":"#)
            )
            #expect(result.output.hasSuffix("\n***\n401"), "\(result)")
        }

        @Test("when the run ends, the renewing ends and says so; the child goes on")
        func ended() async throws {
            let scenario = try await scenario()
            let child = ["sh", "-c", "echo started; sleep 5; echo done"]
            let broker = scenario.broker
            Task {
                try await Task.sleep(for: .seconds(1))
                broker.answer(
                    "POST /v1/targets/none/credentials",
                    with: .refusal(401, "invalid_token", "The run has ended.")
                )
            }
            let result = try exec(scenario, ["none"], child: child)
            #expect(result.code == 0 && result.output == "started\ndone\n")
            #expect(
                result.error.contains("target 'none' is not renewed any more")
                    && result.error.contains("The run has ended")
            )
            #expect(
                broker.calls.filter { $0.path.hasSuffix("/credentials") }.count == 2,
                "a refusal is not asked again"
            )
        }
    }
}
