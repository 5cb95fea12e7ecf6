import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// Documents that clouds read from somewhere else than the broker.
    @Suite("An issuer's keys are published elsewhere")
    struct PublishScenarios {
        private let folder: Folder

        init() throws { folder = try Folder() }

        private static let rules =
            "audiences: [{audience: keys.example, algorithm: ES256, allow: [{project: \"acme/*\"}]}]"

        private func outcomes(_ run: Finished) throws -> [String] {
            try #require(run.code == 0, "\(run)")
            let list = try JSON.parse(Array(run.output.utf8))["published"]?.asArray ?? []
            try #require(!list.isEmpty)
            return list.compactMap { $0["outcome"]?.asString }
        }

        private func startMoto(
            _ bucket: String,
            authenticatesAfter calls: String
        ) throws -> (server: Running, url: String) {
            let port = try FreePort.next()
            let url = "http://127.0.0.1:\(port)"
            let server = try Running(
                "moto",
                in: folder,
                try RelyingParty.program("moto_server"),
                ["--host", "127.0.0.1", "--port", "\(port)"],
                environment: ["INITIAL_NO_AUTH_ACTION_COUNT": calls]
            )
            try server.wait(until: "answering") { try Call("GET", "\(url)/moto-api/").status == 200 }
            let made = try Finished(
                try RelyingParty.program("python"),
                [RelyingParty.script("moto_bucket.py"), url, bucket]
            )
            try #require(made.code == 0, "\(made)")
            return (server, url)
        }

        @Test(
            "a directory gets both issuers' documents once, and the keys of before beside those that share none with them"
        )
        func directory() throws {
            let site = try Site(Self.rules, in: folder)
            let place = folder.path("www")
            let first = try site.command(["keys", "publish", place, "--json"])
            #expect(try outcomes(first) == ["written", "written", "written", "written"])
            #expect(
                try outcomes(try site.command(["keys", "publish", place, "--json"])).allSatisfy { $0 == "unchanged" }
            )
            let keys = try JSON.parse(try Files.read("\(place)/.well-known/jwks.json"))["keys"]?.asArray ?? []
            #expect(keys.count == 2)
            #expect(try Files.status("\(place)/untrusted/.well-known/jwks.json")?.mode == 0o644)
            let discovery = try JSON.parse(try Files.read("\(place)/.well-known/openid-configuration"))
            #expect(discovery["issuer"] == .string(site.url))
            // Another broker's keys, of which nobody there has heard: both stand, and then the new alone.
            let other = try Site(Self.rules, in: try Folder(), hasOwnKeys: true)
            #expect(try outcomes(try other.command(["keys", "publish", place, "--json"])).contains("overlapping"))
            #expect(try JSON.parse(try Files.read("\(place)/.well-known/jwks.json"))["keys"]?.asArray?.count == 4)
            #expect(try outcomes(try other.command(["keys", "publish", place, "--json"])).contains("written"))
            #expect(try JSON.parse(try Files.read("\(place)/.well-known/jwks.json"))["keys"]?.asArray?.count == 2)
        }

        @Test("S3 takes what a session of the job's own exchange has signed, as moto computes it")
        func signed() throws {
            // Four calls make bucket and role; the fifth is the web identity's, which no AWS signs.
            let (moto, endpoint) = try startMoto("acme-issuer", authenticatesAfter: "5")
            let site = try Site(
                """
                \(Self.rules)
                targets:
                  aws-keys:
                    type: aws
                    role: arn:aws:iam::123456789012:role/keys
                    region: us-east-1
                    endpoint: \(endpoint)
                    allow: [{project: acme/web}]
                """,
                in: folder
            )
            let broker = try site.serve()
            let job = try site.register()
            let command = [
                try BuiltCommand.path(), "keys", "publish", "s3://acme-issuer/ci", "--endpoint", endpoint, "--json",
            ]
            let exec = ["exec", "--keys", "aws-keys", "--"]
            let first = try job.command(exec + command)
            #expect(try outcomes(first) == ["written", "written", "written", "written"], "\(moto.said)")
            #expect(try outcomes(try job.command(exec + command)).allSatisfy { $0 == "unchanged" })
            let unsigned = try Finished(
                command[0],
                Array(command.dropFirst()) + ["--url", site.url],
                environment: ["AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"]
            )
            #expect(unsigned.code == 77, "\(unsigned)")
            broker.stop()
        }

        @Test("Google's buckets take it by generation, with the job's access token")
        func gcs() throws {
            let port = try FreePort.next()
            let endpoint = "http://127.0.0.1:\(port)"
            let server = try Running(
                "gcs",
                in: folder,
                try RelyingParty.program("python"),
                [RelyingParty.script("gcs_bucket.py"), "\(port)", "ya29.test"]
            )
            try server.wait(until: "answering") { try Call("GET", "\(endpoint)/none").status == 404 }
            let site = try Site(Self.rules, in: folder)
            func publish(_ token: String) throws -> Finished {
                try Finished(
                    try BuiltCommand.path(),
                    [
                        "keys", "publish", "gs://acme/ci", "--endpoint", endpoint, "--json", "--config",
                        site.configuration,
                    ],
                    environment: ["GOOGLE_OAUTH_ACCESS_TOKEN": token]
                )
            }
            #expect(try publish("ya29.other").code == 77)
            #expect(try outcomes(try publish("ya29.test")) == ["written", "written", "written", "written"])
            #expect(try outcomes(try publish("ya29.test")).allSatisfy { $0 == "unchanged" })
            let keys = try Call("GET", "\(endpoint)/acme/ci/.well-known/jwks.json").json["keys"]?.asArray
            #expect(keys?.count == 2)
        }
    }
}
