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
    /// Set-ups that are broken in one way each, and the command that is called when nothing works.
    @Suite("doctor names the fault of a broken set-up, and what mends it")
    struct DoctorScenarios {
        private static let audience = "https://openbao.example"

        /// What doctor said of one check.
        private struct Diagnosis {
            let run: Finished
            let checks: [JSON]

            init(_ run: Finished) throws {
                self.run = run
                checks = try JSON.parse(Array(run.output.utf8))["checks"]?.asArray ?? []
            }

            /// The checks of a name that failed.
            func failed(_ name: String) -> [JSON] {
                checks.filter { $0["name"]?.asString == name && $0["verdict"] == "failed" }
            }

            func expect(_ name: String, seen: String, fix: String, code: Int32) throws {
                let check = try #require(failed(name).first, "no failed check \(name): \(run)")
                #expect(check["seen"]?.asString?.contains(seen) == true, "\(check.text)")
                #expect(check["fix"]?.asString?.contains(fix) == true, "\(check.text)")
                #expect(run.code == code, "\(run)")
            }
        }

        private static func vault(_ address: String, mount: String = "jwt", audience: String = audience) -> String {
            """
            targets:
              openbao:
                type: vault
                address: \(address)
                role: deploy
                mount: \(mount)
                audience: \(audience)
                allow: [{project: acme/web, ref: refs/heads/main}]
            """
        }

        private static func diagnose(_ site: Site, _ arguments: [String] = []) throws -> Diagnosis {
            try Diagnosis(try site.command(["doctor", "--json"] + arguments))
        }

        private static let run = [
            "--project", "acme/web", "--workflow", "deploy", "--job", "release", "--ref", "refs/heads/main",
        ]

        @Test(
            "a whole set-up with a real OpenBao passes, its trade too; wrong audience, mount, role and issuer are named"
        )
        func openBao() throws {
            let folder = try Folder()
            let bao = try OpenBao(in: folder)
            let site = try Site(Self.vault(bao.url), in: folder)
            let broker = try site.serve()
            defer { broker.stop() }
            try bao.trust(issuer: site.url, audience: Self.audience, job: "release")

            let good = try Self.diagnose(site, ["openbao"] + Self.run)
            #expect(good.run.code == 0, "\(good.run)")
            #expect(good.checks.contains { $0["name"] == "trade" && $0["verdict"] == "passed" })
            // What the trade bought is gone, and the ledger has all of it.
            #expect(try site.entries("kind=credential.revoked&target=openbao").first?["outcome"] == "succeeded")
            #expect(try site.entries("kind=exchange.succeeded&principal=doctor").count == 1)
            #expect(try site.entries("kind=run.ended&principal=doctor").count == 1)

            // Without a description it is the run that traded last.
            let again = try Self.diagnose(site, ["openbao"])
            #expect(again.run.code == 0, "\(again.run)")

            try site.writeConfiguration(Self.vault(bao.url, audience: "https://another.example"))
            try Self.diagnose(site, ["openbao"] + Self.run)
                .expect("trade", seen: "audience", fix: "set bound_audiences of auth/jwt/role/deploy", code: 77)

            try site.writeConfiguration(Self.vault(bao.url, mount: "ci"))
            try Self.diagnose(site, ["openbao"] + Self.run)
                .expect("trade", seen: "permission denied", fix: "bao auth enable -path=ci jwt", code: 77)

            try site.writeConfiguration(Self.vault(bao.url))
            try bao.run(["write", "auth/jwt/config", "oidc_discovery_url=\(site.url)", "bound_issuer=\(site.url)/"])
            try Self.diagnose(site, ["openbao"] + Self.run)
                .expect("trade", seen: "issuer", fix: "set bound_issuer and oidc_discovery_url", code: 77)

            let denied = try Self.diagnose(
                site,
                ["openbao", "--project", "acme/api", "--workflow", "deploy", "--job", "release"]
            )
            try denied.expect("rules", seen: "acme/api", fix: "describe a run that may have it", code: 77)
        }

        @Test("a blocked port of the target, and of the issuer")
        func blocked() throws {
            let folder = try Folder()
            let site = try Site(Self.vault("http://127.0.0.1:\(try FreePort.next())"), in: folder)
            let silent = try Self.diagnose(site)
            try silent.expect("issuer.reachable", seen: "127.0.0.1:\(site.port)", fix: "firewall", code: 69)
            #expect(silent.failed("target.reachable").count == 1)
            #expect(silent.checks.contains { $0["name"] == "keys" && $0["verdict"] == "skipped" })
        }

        @Test("an http issuer, before anything is started")
        func httpIssuer() throws {
            let folder = try Folder()
            let site = try Site(Self.vault("https://vault.example.com"), in: folder)
            let text = try Files.readText(site.configuration).replacing(
                "issuer: \(site.url)",
                with: "issuer: http://ci.example.com"
            )
            try folder.write("site/jobpass.yaml", text)
            try Self.diagnose(site)
                .expect("configuration", seen: "http is for 127.0.0.1", fix: "https://ci.example.com", code: 78)
        }

        @Test("an http issuer on this machine, which no cloud can reach")
        func loopbackForAWS() throws {
            let folder = try Folder()
            let site = try Site(
                """
                targets:
                  aws-prod: {type: aws, role: "arn:aws:iam::123456789012:role/deploy", region: eu-west-1, allow: [{project: acme/web}]}
                """,
                in: folder
            )
            let broker = try site.serve()
            defer { broker.stop() }
            let diagnosis = try Self.diagnose(site)
            try diagnosis.expect("issuer.url", seen: "http", fix: "put TLS before the broker", code: 78)
            #expect(diagnosis.failed("name").count == 2, "\(diagnosis.run)")
        }
    }
}

extension Scenarios {
    /// Issuers whose web server is at fault; the broker's own keys and configuration are good.
    @Suite("doctor sees the issuer as the clouds do")
    struct BrokenIssuerScenarios {
        /// A web server that serves what a test puts up, in place of the broker.
        private final class Web: Sendable {
            let documents = Lock<[String: (body: [UInt8], fields: HTTPFields)]>([:])

            func put(_ path: String, _ body: [UInt8], _ fields: HTTPFields = ["Cache-Control": "max-age=300"]) {
                documents.withLock { $0[path] = (body, fields) }
            }

            func answer(_ request: HTTPRequest) -> HTTPResponse {
                guard let found = documents.withLock({ $0[request.path] }) else { return HTTPResponse(status: 404) }
                return HTTPResponse(status: 200, fields: found.fields, body: found.body)
            }
        }

        private let folder: Folder
        private let site: Site
        private let web = Web()
        private let server: TestHTTPServer
        private var url: String { "http://127.0.0.1:\(server.server.port)" }

        init() async throws {
            folder = try Folder()
            site = try Site("", in: folder)
            let web = web
            server = try await TestHTTPServer { web.answer($0) }
            // What the broker publishes for this issuer, by the broker itself.
            let text = try Files.readText(site.configuration)
            try folder.write(
                "site/jobpass.yaml",
                text.replacing("issuer: \(site.url)", with: "issuer: http://127.0.0.1:\(server.server.port)")
                    + "\nledger: {origin: \"127.0.0.1:\(site.port)\"}\n"
            )
            let broker = try site.serve()
            for path in ["", "/untrusted"] {
                for name in ["openid-configuration", "jwks.json"] {
                    let call = try Call("GET", "\(site.url)\(path)/.well-known/\(name)")
                    try #require(call.status == 200)
                    web.put("\(path)/.well-known/\(name)", Array(call.body.utf8))
                }
            }
            broker.stop()
        }

        private func diagnose(_ options: [String] = []) throws -> [JSON] {
            let run = try site.command(["doctor", "--json"] + options)
            return try JSON.parse(Array(run.output.utf8))["checks"]?.asArray ?? []
        }

        private func failed(_ name: String, _ options: [String] = []) throws -> JSON {
            let checks = try diagnose(options)
            return try #require(
                checks.first { $0["name"]?.asString == name && $0["verdict"] == "failed" },
                "no failed check \(name) in \(checks.map(\.text))"
            )
        }

        @Test("what the broker publishes passes as it is")
        func good() throws {
            #expect(try diagnose().filter { $0["verdict"] == "failed" } == [])
        }

        @Test("a slash at the end of the issuer")
        func slash() throws {
            var document = try #require(try discovery())
            document["issuer"] = .string("\(url)/")
            web.put("/.well-known/openid-configuration", JSON.object(document).serialized())
            let check = try failed("discovery")
            #expect(check["seen"]?.asString?.contains("differs by the slash at its end") == true)
            #expect(check["fix"]?.asString?.contains("the same to the letter") == true)
        }

        @Test("a key that signs and is missing in the JWKS")
        func missingKey() throws {
            let keys = try #require(try JSON.parse(Array(document("jwks.json")))["keys"]?.asArray)
            let missing = try #require(keys[0]["kid"]?.asString)
            web.put("/.well-known/jwks.json", JSON.object(["keys": .array(Array(keys.dropFirst()))]).serialized())
            let check = try failed("keys")
            #expect(check["seen"]?.asString?.contains(missing) == true)
            #expect(check["fix"]?.asString?.contains("reload the broker, purge the cache") == true)
        }

        @Test("a mirror whose copy is older than the keys")
        func staleMirror() throws {
            let old = Array(document("jwks.json"))
            let keys = try #require(try JSON.parse(old)["keys"]?.asArray)
            let written: HTTPFields = [
                "Cache-Control": "max-age=300", "Last-Modified": "Mon, 02 Nov 2026 08:00:00 GMT",
            ]
            web.put("/mirror/.well-known/openid-configuration", document("openid-configuration"), written)
            web.put("/mirror/.well-known/jwks.json", JSON.object(["keys": .array([keys[0]])]).serialized(), written)
            let stale = try failed("mirror", ["--mirror", "\(url)/mirror"])
            #expect(stale["fix"]?.asString?.contains("copy the keys to the mirror again") == true)
            let age = try failed("mirror.fresh", ["--mirror", "\(url)/mirror"])
            #expect(age["seen"]?.asString?.contains("2026-11-02T08:00:00Z") == true, "\(age.text)")
            web.put("/mirror/.well-known/jwks.json", old, written)
            #expect(try diagnose(["--mirror", "\(url)/mirror"]).filter { $0["verdict"] == "failed" } == [])
        }

        @Test("a mirror that the configuration names, which lacks one of the two issuers")
        func configuredMirror() throws {
            let text = try Files.readText(site.configuration)
            try folder.write(
                "site/jobpass.yaml",
                text.replacing("\nkeys:\n", with: "\nkeys:\n  mirrors: [\"\(url)/mirror\"]\n")
            )
            for name in ["openid-configuration", "jwks.json"] {
                web.put("/mirror/.well-known/\(name)", Array(document(name)))
            }
            let missing = try failed("mirror")
            #expect(missing["place"]?.asString == "\(url)/mirror/untrusted/.well-known/openid-configuration")
            #expect(missing["fix"]?.asString?.contains("jobpass keys publish") == true)
        }

        @Test("a clock that is ten minutes off")
        func clock() throws {
            let document = document("openid-configuration")
            let late = try RawServer { socket in
                _ = try? socket.receive()
                let date = "Mon, 02 Nov 2026 08:00:00 GMT"
                let head =
                    "HTTP/1.1 200 OK\r\nDate: \(date)\r\nContent-Length: \(document.count)\r\nConnection: close\r\n\r\n"
                try socket.send(Array(head.utf8) + document)
            }
            try site.writeConfiguration(
                "targets:\n  bao: {type: vault, address: \"http://127.0.0.1:\(late.port)\", role: r, audience: a, "
                    + "allow: [{project: acme/web}]}"
            )
            let check = try failed("clock")
            #expect(check["seen"]?.asString?.contains("ahead of the server's") == true, "\(check.text)")
            #expect(check["fix"]?.asString?.contains("NTP") == true)
        }

        @Test("a certificate that has expired, as the world sees it and in the broker's own file")
        func expiredCertificate() async throws {
            let authority = try TestAuthority()
            let expired = try authority.issue("expired", for: ["DNS:localhost"], days: -1)
            let secure = try await TestHTTPServer(tls: try authority.context(expired)) { _ in HTTPResponse(status: 200)
            }
            let run = try Finished(
                try BuiltCommand.path(),
                [
                    "doctor", "--json", "--issuer", "https://localhost:\(secure.server.port)", "--ca",
                    authority.certificateFile,
                ]
            )
            #expect(run.code == 69, "\(run)")
            let checks = try JSON.parse(Array(run.output.utf8))["checks"]?.asArray ?? []
            let check = try #require(checks.first { $0["name"] == "tls" })
            #expect(check["verdict"] == "failed")
            #expect(check["seen"]?.asString?.contains("expired") == true, "\(check.text)")
            #expect(check["fix"]?.asString?.contains("renew the certificate") == true)
        }

        @Test("a role without the tag permission, in the words of AWS STS")
        func tags() throws {
            let body = """
                <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>\
                <Code>AccessDenied</Code><Message>Not authorized to perform sts:TagSession</Message></Error>\
                <RequestId>r-1</RequestId></ErrorResponse>
                """
            // A role whose conditions match, and whose Action has no sts:TagSession.
            let granted = """
                <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\
                <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAQ3EGJWEXAMPLE123</AccessKeyId>\
                <SecretAccessKey>secretsecretsecretsecret</SecretAccessKey><SessionToken>session</SessionToken>\
                <Expiration>2099-01-02T03:04:05Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult>\
                </AssumeRoleWithWebIdentityResponse>
                """
            let denying = try RawServer { socket in
                let request = try socket.receive(until: "DurationSeconds")
                let token = request.split { "=&".contains($0) }.first { $0.hasPrefix("eyJ") } ?? ""
                let payload = token.split(separator: ".").dropFirst().first.flatMap {
                    try? Base64URL.decode(String($0))
                }
                let hasTags = String(decoding: payload ?? [], as: UTF8.self).contains("principal_tags")
                let text = hasTags ? body : granted
                let head =
                    "HTTP/1.1 \(hasTags ? "403 Forbidden" : "200 OK")\r\nContent-Type: text/xml\r\n"
                    + "Content-Length: \(text.utf8.count)\r\n"
                try socket.send(Array("\(head)Connection: close\r\n\r\n\(text)".utf8))
            }
            try site.writeConfiguration(
                """
                targets:
                  aws-prod:
                    type: aws
                    role: arn:aws:iam::123456789012:role/deploy
                    region: eu-west-1
                    endpoint: http://127.0.0.1:\(denying.port)
                    tags: {Project: project}
                    allow: [{project: acme/web}]
                """
            )
            let run = try site.command(["doctor", "aws-prod", "--json"])
            #expect(run.code == 69, "the issuer of this configuration is not served: \(run)")
            let checks = try JSON.parse(Array(run.output.utf8))["checks"]?.asArray ?? []
            let check = try #require(checks.first { $0["name"] == "trade" }, "\(run)")
            #expect(check["verdict"] == "failed")
            #expect(check["seen"]?.asString?.contains("AccessDenied") == true)
            #expect(check["fix"]?.asString?.contains("allow sts:TagSession") == true, "\(check.text)")
            let certain = try #require(checks.first { $0["name"] == "trade.tags" }, "\(run)")
            #expect(certain["verdict"] == "failed")
            #expect(certain["fix"]?.asString?.contains("add sts:TagSession beside") == true)
            #expect(!run.output.contains("secretsecret"))
        }

        private func document(_ name: String) -> [UInt8] {
            web.documents.withLock { $0["/.well-known/\(name)"]?.body ?? [] }
        }

        private func discovery() throws -> JSONObject? { try JSON.parse(document("openid-configuration")).asObject }
    }
}
