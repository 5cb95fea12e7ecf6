import Encoding
import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// Client certificates end to end, with curl as the runner and as the thief.
    @Suite("A request token that is bound to a certificate is worth nothing without it")
    struct ConfirmationScenarios {
        /// The SHA-256 of a part of a certificate in base64, as the openssl program tells it.
        fileprivate static func digest(_ part: String, of issued: TestAuthority.Issued) throws -> String {
            let line = "openssl x509 -in \"$0\" \(part) | openssl dgst -sha256 -binary | openssl base64 -A"
            return try Finished("sh", ["-c", line, issued.certificateFile]).output
        }

        /// A broker that asks for certificates, two of one authority with the same name, and the key of one as a principal's pin.
        private struct CertificateSite {
            let authority: TestAuthority
            let runner: TestAuthority.Issued
            let other: TestAuthority.Issued
            let site: Site
            let broker: Running
            let thumbprint: String

            init() throws {
                authority = try TestAuthority()
                let server = try authority.issue("server", for: ["DNS:localhost", "IP:127.0.0.1"])
                runner = try authority.issue("runner", for: ["DNS:runner.example"])
                other = try authority.issue("other", for: ["DNS:runner.example"])
                let pin = try ConfirmationScenarios.digest(
                    "-pubkey -noout | openssl pkey -pubin -outform DER",
                    of: runner
                )
                thumbprint = Base64URL.encode(
                    try Base64.decode(ConfirmationScenarios.digest("-outform DER", of: runner))
                )
                let folder = try Folder()
                site = try Site("audiences: [{audience: bound.example, allow: [{project: \"acme/*\"}]}]", in: folder)
                let text = try Files.readText(site.configuration)
                let secure = text.replacing("issuer: http:", with: "issuer: https:").replacing(
                    "principals:\n",
                    with:
                        "principals:\n  - {name: pinned, role: orchestrator, projects: [\"acme/*\"], certificate: {spki_sha256: \(pin)}}\n"
                )
                let tls =
                    "tls: {certificate: \(server.certificateFile), private_key: \(server.keyFile), "
                    + "client_ca: \(authority.certificateFile)}\n"
                try Files.replace(site.configuration, Array((secure + "\n" + tls).utf8), mode: 0o600)
                let running = try Running(
                    "broker",
                    in: folder,
                    try BuiltCommand.path(),
                    ["serve", "--config", site.configuration]
                )
                try running.wait(until: "listening") { running.said.contains("listening") }
                broker = running
            }

            func curl(_ issued: TestAuthority.Issued?, _ path: String, _ more: [String]) throws -> JSON {
                let certificate = issued.map { ["--cert", $0.certificateFile, "--key", $0.keyFile] } ?? []
                let run = try Finished(
                    "curl",
                    ["-s", "--cacert", authority.certificateFile] + certificate + more
                        + ["https://127.0.0.1:\(site.port)\(path)"]
                )
                return try JSON.parse(Array(run.output.utf8))
            }

            /// Registers a run that is bound to the runner's certificate, as a holder of another asks, or as the runner itself.
            func register(as issued: TestAuthority.Issued) throws -> JSON {
                let body =
                    #"{"project": "acme/web", "workflow": "w", "job": "j", "cnf": {"x5t#S256": "\#(thumbprint)"}}"#
                return try curl(issued, "/v1/runs", ["-H", "Content-Type: application/json", "-d", body])
            }

            func command(
                _ arguments: [String],
                _ issued: TestAuthority.Issued?,
                _ more: [String: String] = [:]
            ) throws -> Finished {
                var environment = [
                    "JOBPASS_URL": "https://127.0.0.1:\(site.port)", "JOBPASS_CA_FILE": authority.certificateFile,
                ]
                environment["JOBPASS_CLIENT_CERTIFICATE"] = issued?.certificateFile
                environment["JOBPASS_CLIENT_KEY"] = issued?.keyFile
                return try Finished(
                    try BuiltCommand.path(),
                    arguments,
                    environment: environment.merging(more) { $1 }
                )
            }
        }

        @Test(
            "a runner told by its key registers a run bound to its certificate; whoever has the token alone is refused"
        )
        func certificate() throws {
            let site = try CertificateSite()
            let (runner, other) = (site.runner, site.other)
            #expect(try site.register(as: other)["error"] == "invalid_token", "the name alone is not the pin")
            let made = try site.register(as: runner)
            let token = try #require(made["request_token"]?.asString, "\(made.text)")
            let bearer = ["-H", "Authorization: Bearer \(token)"]
            let path = "/v1/token?audience=bound.example"
            let good = try site.curl(runner, path, bearer)
            let payload = try #require(good["value"]?.asString, "\(good.text)").split(separator: ".")[1]
            let claims = try JSON.parse(try Base64URL.decode(String(payload)))
            #expect(claims["cnf"]?["x5t#S256"] == .string(site.thumbprint))
            for thief in [nil, other] {
                let refused = try site.curl(thief, path, bearer)
                #expect(refused["error"] == "invalid_token", "\(refused.text)")
            }
            site.broker.stop()
        }

        @Test(
            "the command shows the certificate that the environment names: a runner's without any token, a job's beside its own"
        )
        func command() throws {
            let site = try CertificateSite()
            let run = ["run", "--project", "acme/web", "--workflow", "w", "--job", "j", "--", "true"]
            let registered = try site.command(run, site.runner)
            #expect(registered.code == 0, "\(registered)")
            #expect(try site.command(run, site.other).code == 77)
            #expect(try site.command(run, nil).error.contains("JOBPASS_CLIENT_CERTIFICATE"))
            let job = ["token", "--audience", "bound.example"]
            let token = try #require(try site.register(as: site.runner)["request_token"]?.asString)
            let own = try site.command(job, site.runner, ["JOBPASS_REQUEST_TOKEN": token])
            #expect(own.code == 0, "\(own)")
            #expect(try site.command(job, site.other, ["JOBPASS_REQUEST_TOKEN": token]).code == 77)
            site.broker.stop()
        }

        @Test("a job proves by its key that the request token is its own; whoever has the token without it is refused")
        func key() throws {
            let folder = try Folder()
            let site = try Site("audiences: [{audience: bound.example, allow: [{project: \"acme/*\"}]}]", in: folder)
            let broker = try site.serve()
            let (key, other) = try (ProofKey("key.pem", in: folder), ProofKey("other.pem", in: folder))
            let job = try site.register(["cnf": ["jkt": .string(key.thumbprint)]])
            func token(_ path: String?) throws -> Finished {
                var environment = ["JOBPASS_URL": site.url, "JOBPASS_REQUEST_TOKEN": job.requestToken]
                environment["JOBPASS_DPOP_KEY"] = path
                return try Finished(
                    try BuiltCommand.path(),
                    ["token", "--audience", "bound.example"],
                    environment: environment
                )
            }
            let good = try token(key.path)
            #expect(good.code == 0, "\(good)")
            let claims = try RelyingParty.claims(of: good.output, issuer: site.url, audience: "bound.example")
            #expect(claims["cnf"]?["jkt"] == .string(key.thumbprint))
            for wrong in [other.path, nil] {
                let refused = try token(wrong)
                #expect(refused.code == 77, "\(refused)")
            }
            let open = try folder.write("open.pem", try Files.readText(key.path))
            _ = try Finished("chmod", ["644", open])
            let refused = try token(open)
            #expect(refused.code == 78 && refused.error.contains("chmod 600"), "\(refused)")
            #expect(try token(try folder.write("none.pem", "no key")).code == 78)
            broker.stop()
        }
    }
}
