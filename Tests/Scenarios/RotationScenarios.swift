import Crypto
import HTTP
import HTTPServer
import JSON
import Locks
import POSIX
import Support
import Testing

extension Scenarios {
    /// Keys that turn over under load, before relying parties that fetch no earlier than they are told.
    @Suite("Keys turn over without a missed beat")
    struct RotationScenarios {
        private let folder: Folder
        private let site: Site

        init() throws {
            folder = try Folder()
            site = try Site(
                "audiences: [{audience: turning.example, algorithm: ES256, allow: [{project: \"acme/*\"}]}]",
                in: folder,
                keys: "  cache_time: 2s"
            )
        }

        private func keys(_ arguments: String...) throws -> JSON {
            let file = folder.path("administrator.token")
            if try Files.status(file) == nil { try Files.writeNew(file, Array(site.token(.administrator).utf8)) }
            let run = try Finished(
                try BuiltCommand.path(),
                ["keys"] + arguments + ["--json"],
                environment: ["JOBPASS_URL": site.url, "JOBPASS_TOKEN_FILE": file]
            )
            try #require(run.code == 0, "\(run)")
            return try JSON.parse(Array(run.output.utf8))
        }

        private func kids(_ state: String, _ answer: JSON) -> [String] {
            (answer["keys"]?.asArray ?? []).filter {
                $0["state"] == .string(state) && $0["ring"] == "trusted" && $0["algorithm"] == "ES256"
            }.compactMap { $0["kid"]?.asString }
        }

        /// Prepares a key and waits until it signs.
        private func turnOver(_ broker: Running) throws -> String {
            let prepared = try keys("prepare", "--algorithm", "ES256", "--ring", "trusted")
            let new = try #require(kids("prepared", prepared).first)
            _ = try keys("activate", String(new.prefix(8)), "--when-ready")
            try broker.wait(until: "the new key signs") { kids("active", try keys("list")) == [new] }
            return new
        }

        @Test("no verifier that honours Cache-Control ever sees an unknown kid, through three rotations at full load")
        func underLoad() throws {
            let broker = try site.serve()
            let job = try site.register()
            try folder.write("request.token", job.requestToken)
            let load = try Running(
                "load",
                in: folder,
                "sh",
                [
                    "-c", "exec \"$0\" \"$@\" < \(folder.path("request.token"))", try RelyingParty.program("python"),
                    RelyingParty.script("rotation.py"), site.url, "turning.example", "120", "4",
                ]
            )
            var turned: Set<String> = []
            for _ in 0..<3 { turned.insert(try turnOver(broker)) }
            // The last key has signed for some of the load's requests by then.
            _ = try Finished("sleep", ["2"])
            load.send(.terminate)
            try load.wait(until: "the load is over") { load.hasEnded }
            let seen = try JSON.parse(Array(load.said.utf8))
            #expect(load.kill() == .exited(0), "\(seen.text)")
            #expect(try #require(seen["verified"]?.asInteger) > 100)
            let used = Set(try #require(seen["kids"]?.asObject).members.map(\.name))
            #expect(turned.isSubset(of: used), "\(seen.text)")
            #expect(seen["failures"] == [], "\(seen.text)")
            #expect(kids("retiring", try keys("list")).count == 3)
            let reasons = try site.entries("kind=key.changed&limit=100").compactMap { $0["reason"]?.asString }
            #expect(reasons.filter { $0.hasPrefix("active: published") }.count == 3, "\(reasons)")
        }

        @Test("a mirror that is stale holds the gate until it serves the key, and the answer names it")
        func staleMirror() async throws {
            let body = Lock<[UInt8]>([])
            let mirror = try await TestHTTPServer { request in
                request.path == "/.well-known/jwks.json"
                    ? HTTPResponse(status: 200, fields: ["Cache-Control": "max-age=1"], body: body.withLock { $0 })
                    : HTTPResponse(status: 404)
            }
            let url = "http://127.0.0.1:\(mirror.server.port)"
            try site.writeConfiguration(
                "audiences: [{audience: turning.example, algorithm: ES256, allow: [{project: \"acme/*\"}]}]",
                keys: "  cache_time: 2s\n  mirrors: [\"\(url)\"]"
            )
            let broker = try site.serve()
            let old = kids("active", try keys("list"))
            let before = try Call("GET", "\(site.url)/.well-known/jwks.json").body
            body.withLock { $0 = Array(before.utf8) }
            let prepared = try keys("prepare", "--algorithm", "ES256", "--ring", "trusted")
            let new = try #require(kids("prepared", prepared).first)
            _ = try keys("activate", new, "--when-ready")
            try broker.wait(until: "the mirror is named") {
                let key = try keys("list")["keys"]?.asArray?.first { $0["kid"] == .string(new) }
                return key?["copies"]?.asArray?.contains {
                    $0["serves_it"] == false && $0["url"]?.asString?.hasPrefix(url) == true
                } ?? false
            }
            for _ in 0..<4 {
                #expect(kids("active", try keys("list")) == old)
                _ = try Finished("sleep", ["1"])
            }
            let after = try Call("GET", "\(site.url)/.well-known/jwks.json").body
            body.withLock { $0 = Array(after.utf8) }
            try broker.wait(until: "the new key signs") { kids("active", try keys("list")) == [new] }
            withExtendedLifetime(mirror) {}
        }

        @Test(
            "keys are changed on the broker's host too, beside it or while it is down, and a restart goes on from there"
        )
        func local() throws {
            let listed = try site.command(["keys", "list", "--json"])
            #expect(listed.code == 0, "\(listed)")
            let old = kids("active", try JSON.parse(Array(listed.output.utf8)))
            let broker = try site.serve()
            let refused = try site.command(["keys", "activate", try #require(old.first)])
            #expect(refused.code == 65, "\(refused)")
            let revoked = try site.command(["keys", "revoke", String(try #require(old.first).prefix(8)), "--json"])
            #expect(revoked.code == 0, "\(revoked)")
            let new = kids("active", try JSON.parse(Array(revoked.output.utf8)))
            #expect(new.count == 1 && new != old)
            try broker.wait(until: "the broker publishes it") {
                try Call("GET", "\(site.url)/.well-known/jwks.json").body.contains(new[0])
            }
            #expect(!(try Call("GET", "\(site.url)/.well-known/jwks.json").body.contains(old[0])))
            let token = try site.register().command(["token", "--audience", "turning.example"])
            let claims = try RelyingParty.claims(of: token.output, issuer: site.url, audience: "turning.example")
            #expect(claims["project"] == "acme/web")
            let names = try Files.list(folder.path("site/keys/trusted"))
            #expect(!names.contains { $0.contains(old[0].prefix(8)) }, "\(names)")
            broker.stop()
            let again = try site.serve()
            #expect(kids("active", try keys("list")) == new)
            again.stop()
        }
    }
}
