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
        private static func digest(_ part: String, of issued: TestAuthority.Issued) throws -> String {
            let line = "openssl x509 -in \"$0\" \(part) | openssl dgst -sha256 -binary | openssl base64 -A"
            return try Finished("sh", ["-c", line, issued.certificateFile]).output
        }

        @Test(
            "a runner told by its key registers a run bound to its certificate; whoever has the token alone is refused"
        )
        func certificate() throws {
            let authority = try TestAuthority()
            let server = try authority.issue("server", for: ["DNS:localhost", "IP:127.0.0.1"])
            let runner = try authority.issue("runner", for: ["DNS:runner.example"])
            let other = try authority.issue("other", for: ["DNS:runner.example"])
            let pin = try Self.digest("-pubkey -noout | openssl pkey -pubin -outform DER", of: runner)
            let print = try Self.digest("-outform DER", of: runner)
            let folder = try Folder()
            let site = try Site("audiences: [{audience: bound.example, allow: [{project: \"acme/*\"}]}]", in: folder)
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
            let broker = try Running(
                "broker",
                in: folder,
                try BuiltCommand.path(),
                ["serve", "--config", site.configuration]
            )
            try broker.wait(until: "listening") { broker.said.contains("listening") }
            func call(_ issued: TestAuthority.Issued?, _ path: String, _ more: [String]) throws -> JSON {
                let certificate = issued.map { ["--cert", $0.certificateFile, "--key", $0.keyFile] } ?? []
                let run = try Finished(
                    "curl",
                    ["-s", "--cacert", authority.certificateFile] + certificate + more
                        + ["https://127.0.0.1:\(site.port)\(path)"]
                )
                return try JSON.parse(Array(run.output.utf8))
            }
            let thumbprint = Base64URL.encode(try Base64.decode(print))
            let body =
                #"{"project": "acme/web", "workflow": "w", "job": "j", "cnf": {"x5t#S256": "\#(thumbprint)"}}"#
            let register = ["-H", "Content-Type: application/json", "-d", body]
            #expect(try call(other, "/v1/runs", register)["error"] == "invalid_token", "the name alone is not the pin")
            let made = try call(runner, "/v1/runs", register)
            let token = try #require(made["request_token"]?.asString, "\(made.text)")
            let bearer = ["-H", "Authorization: Bearer \(token)"]
            let path = "/v1/token?audience=bound.example"
            let good = try call(runner, path, bearer)
            let payload = try #require(good["value"]?.asString, "\(good.text)").split(separator: ".")[1]
            let claims = try JSON.parse(try Base64URL.decode(String(payload)))
            #expect(claims["cnf"]?["x5t#S256"] == .string(thumbprint))
            for thief in [nil, other] {
                let refused = try call(thief, path, bearer)
                #expect(refused["error"] == "invalid_token", "\(refused.text)")
            }
            broker.stop()
        }
    }
}
