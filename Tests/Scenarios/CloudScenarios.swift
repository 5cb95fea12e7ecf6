import Crypto
import Encoding
import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// The command's own sandbox, asked by clients that nobody here wrote and by targets of every type.
    @Suite("Every type of target gets its credential, and no refusal falls back")
    struct CloudScenarios {
        private static let provider =
            "//iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/pool-1/providers/jobpass"
        private static let account = "deploy@acme.iam.gserviceaccount.com"
        private static let client = "11111111-2222-3333-4444-555555555555"

        private let folder: Folder
        private let site: Site
        private let broker: Running
        private let port: UInt16

        init() throws {
            folder = try Folder()
            port = try FreePort.next()
            let url = "http://127.0.0.1:\(port)"
            site = try Site(Self.settings(sandbox: url), in: folder)
            let stored = try site.command(["secret", "set", "legacy", "LEGACY"], input: "the-old-one")
            try #require(stored.code == 0, "\(stored)")
            broker = try site.serve()
        }

        /// The targets that there are, and a variable by which each one's credential is known.
        private static let variables = [
            "gcp": "CLOUDSDK_AUTH_ACCESS_TOKEN", "gcp-account": "GOOGLE_OAUTH_ACCESS_TOKEN",
            "gcp-id": "GOOGLE_ID_TOKEN",
            "azure": "AZURE_ACCESS_TOKEN", "vault": "APP_PASSWORD", "exchange": "ACCESS_TOKEN",
            "pulumi": "PULUMI_ACCESS_TOKEN", "jfrog": "JF_ACCESS_TOKEN", "cloudsmith": "CLOUDSMITH_API_KEY",
            "databricks": "DATABRICKS_TOKEN", "alibaba": "ALIBABA_CLOUD_SECURITY_TOKEN",
            "tencent": "TENCENTCLOUD_TOKEN",
            "aws": "AWS_SESSION_TOKEN", "aws-whole": "ECR_PASSWORD",
        ]

        private static func settings(sandbox url: String) -> String {
            let google = "type: gcp, provider: \"\(provider)\", endpoint: \"\(url)\""
            func recipe(_ name: String, _ parameters: String, audience: Bool = true) -> String {
                let own = audience ? ", audience: sandbox" : ""
                return "type: recipe, recipe: \"\(RelyingParty.file("deploy/recipes/\(name).yaml"))\", "
                    + "parameters: {\(parameters)}, endpoint: \"\(url)\"\(own)"
            }
            let targets = [
                "aws":
                    "type: aws, role: \"arn:aws:iam::123456789012:role/deploy\", region: eu-west-1, endpoint: \"\(url)\"",
                "aws-whole": "type: aws, role: \"arn:aws:iam::123456789012:role/hub\", region: eu-west-1, "
                    + "endpoint: \"\(url)\", then: [\"arn:aws:iam::210987654321:role/deploy\"], ecr: true, "
                    + "tags: {Project: {claim: project, transitive: true}, Team: team}, source_identity: job",
                "gcp": google, "gcp-account": "\(google), service_account: \(account), session: 15m",
                "gcp-id":
                    "\(google), service_account: \(account), credential: id-token, id_token_audience: \"https://run.example\"",
                "azure": "type: azure, tenant: contoso, client_id: \(client), "
                    + "scope: \"https://management.azure.com/.default\", authority: \"\(url)\"",
                "vault": "type: vault, address: \"\(url)\", role: ci, audience: vault, "
                    + "reads: [{path: secret/data/web, fields: {APP_PASSWORD: password}}, "
                    + "{path: database/creds/web, fields: {APP_USER: username}}]",
                "exchange": "type: token-exchange, token_endpoint: \"\(url)/token\", audience: sandbox, "
                    + "parameters: {audience: registry}, revocation_endpoint: \"\(url)/revoke\"",
                "pulumi": recipe("pulumi", "organization: acme", audience: false),
                "jfrog": recipe("jfrog", "platform: acme.jfrog.io, provider: jobpass"),
                "cloudsmith": recipe("cloudsmith", "organization: acme, service: ci"),
                "databricks": recipe("databricks", "workspace: dbc-1.example, client_id: app", audience: false),
                "alibaba": recipe("alibaba", "provider: p, role: r"),
                "tencent": recipe("tencent", "provider: p, role: r, region: eu-frankfurt"),
            ]
            let lines = targets.sorted { $0.key < $1.key }.map { name, text in
                "  \(name): {\(text), subject: [project, job], timeout: 2s, allow: [{project: acme/web}], "
                    + "fallback: {context: legacy, until: 2099-12-31, reason: rehearsal}}"
            }
            return """
                audiences:
                  - {audience: "\(provider)", algorithm: ES256, subject: [project, job], allow: [{project: acme/web}]}
                  - {audience: "api://AzureADTokenExchange", allow: [{project: acme/web}]}
                targets:
                \(lines.joined(separator: "\n"))
                contexts:
                  legacy: {allow: [{project: acme/web}]}
                """
        }

        private static let audiences = [
            "--audience", "sandbox", "--audience", "urn:pulumi:org:acme", "--audience",
            "https://dbc-1.example/oidc/v1/token", "--vault-secret", "secret/data/web:password=hunter2",
        ]

        /// Starts the sandbox, trusting the site's issuer.
        private func sandbox(_ options: [String], port: UInt16? = nil) throws -> Running {
            let listen = ["--listen", "127.0.0.1:\(port ?? self.port)", "--issuer", site.url]
            let running = try Running("sandbox", in: folder, try BuiltCommand.path(), ["sandbox"] + listen + options)
            try running.wait(until: "listening") { running.said.contains("listens") }
            return running
        }

        @Test("each type's credential reaches the job")
        func everyType() throws {
            let cloud = try sandbox(Self.audiences)
            let job = try site.register()
            for (target, variable) in Self.variables.sorted(by: { $0.key < $1.key }) {
                let run = try job.command(["credential", target, "--format", "json"])
                #expect(run.code == 0, "\(target): \(run)\n\(cloud.said)")
                let answer = try JSON.parse(Array(run.output.utf8))
                #expect(answer["source"] == "exchange", "\(target)")
                #expect(answer["environment"]?[variable]?.asString?.isEmpty == false, "\(target): \(run)")
                #expect(answer["environment"]?["LEGACY"] == nil, "\(target)")
            }
            #expect(try site.entries("kind=exchange.succeeded&limit=100").count == Self.variables.count)
        }

        @Test("a refusal of any type's cloud is final")
        func refused() throws {
            let cloud = try sandbox([
                "--aws-audience", "x", "--gcp-audience", "x", "--azure-audience", "x", "--vault-audience", "x",
                "--audience", "x",
            ])
            let job = try site.register()
            for target in Self.variables.keys.sorted() {
                let run = try job.command(["exec", target, "--", "echo", "started"])
                #expect(run.code == 77, "\(target): \(run)\n\(cloud.said)")
                #expect(run.output == "", "\(target)")
            }
            #expect(try site.entries("kind=exchange.refused&limit=100").count == Self.variables.count)
            #expect(try site.entries("kind=fallback.used") == [])
        }

        @Test("an outage of any type's cloud lets the static secret stand in, and garbage from it does not")
        func outage() throws {
            let cloud = try sandbox(["--fail", "outage"])
            let job = try site.register()
            for target in Self.variables.keys.sorted() {
                let run = try job.command(["credential", target, "--format", "json"])
                #expect(run.code == 0, "\(target): \(run)")
                let answer = try JSON.parse(Array(run.output.utf8))
                #expect(answer["source"] == "fallback", "\(target)")
                #expect(answer["environment"]?["LEGACY"] == "the-old-one", "\(target)")
            }
            cloud.stop()
            let broken = try sandbox(["--fail", "html"])
            for target in Self.variables.keys.sorted() {
                let run = try job.command(["exec", target, "--", "echo", "started"])
                #expect(run.code != 0 && run.output == "", "\(target): \(run)")
            }
            broken.stop()
            #expect(try site.entries("kind=fallback.used&limit=100").count == Self.variables.count)
        }

        @Test("google-auth gets a token by an external_account file whose source is the broker")
        func googleAuth() throws {
            let cloud = try sandbox([])
            let job = try site.register()
            let url = "http://127.0.0.1:\(port)"
            let file = try folder.write(
                "external_account.json",
                """
                {"type": "external_account", "audience": "\(Self.provider)",
                 "subject_token_type": "urn:ietf:params:oauth:token-type:jwt", "token_url": "\(url)/v1/token",
                 "service_account_impersonation_url":
                   "\(url)/v1/projects/-/serviceAccounts/\(Self.account):generateAccessToken",
                 "credential_source": {
                   "url": "\(site.url)/v1/token?audience=\(PercentEncoding.encode(Self.provider))",
                   "headers": {"Authorization": "Bearer \(job.requestToken)"},
                   "format": {"type": "json", "subject_token_field_name": "value"}}}
                """
            )
            let python = try RelyingParty.program("python")
            let run = try Finished(python, [RelyingParty.script("google_token.py"), file])
            #expect(run.code == 0, "\(run)\n\(cloud.said)")
            let answer = try JSON.parse(Array(run.output.utf8))
            #expect(answer["valid"] == true)
            #expect(answer["token"]?.asString?.hasPrefix("ya29.c.sandbox_") == true)
            #expect(
                cloud.said.contains("Google Cloud: took the token of 'project:acme/web:job:release'"),
                "\(cloud.said)"
            )
        }

        @Test("azure-identity gets a token by a federated token file, over TLS with the sandbox's own certificate")
        func azureIdentity() throws {
            let port = try FreePort.next()
            let authority = folder.path("sandbox-ca.pem")
            let subject = "project:acme/web:ref:refs/heads/main:workflow:deploy:job:release"
            let cloud = try sandbox(["--tls", authority, "--azure-subject", subject], port: port)
            let python = try RelyingParty.program("python")
            for (job, code) in [("release", 0), ("tests", 77)] as [(String, Int32)] {
                let token = try site.register(["job": .string(job)])
                    .command(["token", "--audience", "api://AzureADTokenExchange"])
                #expect(token.code == 0, "\(token)")
                let file = try folder.write("federated-token", String(token.output.filter { $0 != "\n" }))
                let run = try Finished(
                    python,
                    [RelyingParty.script("azure_token.py")],
                    environment: [
                        "AZURE_TENANT_ID": "contoso", "AZURE_CLIENT_ID": Self.client,
                        "AZURE_FEDERATED_TOKEN_FILE": file,
                        "AZURE_AUTHORITY_HOST": "https://localhost:\(port)", "REQUESTS_CA_BUNDLE": authority,
                    ]
                )
                #expect(run.code == code, "\(run)\n\(cloud.said)")
                if code == 0 {
                    #expect(try JSON.parse(Array(run.output.utf8))["token"]?.asString?.hasPrefix("sandbox_") == true)
                } else {
                    #expect(run.error.contains("AADSTS700213"), "\(run)")
                }
            }
        }
    }
}
