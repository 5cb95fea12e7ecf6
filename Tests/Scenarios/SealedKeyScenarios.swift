import Crypto
import Encoding
import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// Issuers' keys that are in no file: sealed in a store, which several brokers may share.
    @Suite("Keys sealed in the store")
    struct SealedKeyScenarios {
        private static let audience = "sealed.example"
        private static let settings =
            "audiences: [{audience: sealed.example, algorithm: ES256, allow: [{project: \"acme/*\"}]}]"

        private func claims(of job: Job, at site: Site) throws -> JSON {
            let token = try job.command(["token", "--audience", Self.audience])
            try #require(token.code == 0, "\(token)")
            return try RelyingParty.claims(of: token.output, issuer: site.url, audience: Self.audience)
        }

        @Test("they go there from files, nobody who trusts them notices, and a stolen store has nothing of them")
        func moved() throws {
            let folder = try Folder()
            let site = try Site(Self.settings, in: folder)
            let published = try site.command(["keys", "list", "--json"])
            let early = try site.command(["keys", "move"])
            #expect(early.code == 78 && early.error.contains("place: store"), "\(early)")
            var pems: [String] = []
            for ring in ["trusted", "untrusted"] {
                for name in try Files.list(folder.path("site/keys/\(ring)")) where name.hasSuffix(".pem") {
                    pems.append(try Files.readText(folder.path("site/keys/\(ring)/\(name)")))
                }
            }
            #expect(pems.count == 4)
            try site.writeConfiguration(Self.settings, keys: "  place: store")
            let unfounded = try site.command(["serve"])
            #expect(unfounded.code == 78 && unfounded.error.contains("jobpass keys move"), "\(unfounded)")
            for _ in 0..<2 {
                let moved = try site.command(["keys", "move"])
                #expect(moved.code == 0, "\(moved)")
            }
            #expect(try !Files.list(folder.path("site/keys")).contains { $0.hasSuffix("trusted") })
            let checked = try site.command(["config", "check"])
            #expect(checked.code == 0, "\(checked)")
            let broker = try site.serve()
            let claims = try claims(of: try site.register(), at: site)
            #expect(claims["project"] == "acme/web")
            #expect(
                try site.command(["keys", "list", "--json"]).output == published.output,
                "keys and lives are the same"
            )
            let rewrapped = try site.command(["secret", "rewrap"])
            #expect(rewrapped.code == 0, "\(rewrapped)")
            try Files.remove(folder.path("site/keys/master.key.old"))
            broker.stop()
            let again = try site.serve()
            #expect(try self.claims(of: try site.register(), at: site)["project"] == "acme/web")
            again.stop()
            let reasons = try pems.flatMap { try Self.parts(ofPEM: $0) }
            let stolen = try ["", "-wal"].flatMap { suffix in
                try Files.status(site.store + suffix) == nil ? [] : try Files.read(site.store + suffix)
            }
            let text = String(decoding: stolen, as: UTF8.self)
            for part in reasons { #expect(!text.contains(part), "a part of a private key is in the store") }
            #expect(!text.contains("PRIVATE KEY"))
            try Files.replace(folder.path("site/keys/master.key"), try Self.otherMasterKey(folder))
            let locked = try site.command(["serve"])
            #expect(locked.code == 78 && locked.error.contains("master key"), "\(locked)")
        }

        /// A PEM's lines, which are what a text search of a disk finds.
        private static func parts(ofPEM pem: String) throws -> [String] {
            let lines = pem.split(separator: "\n").map(String.init)
            return Array(lines.dropFirst().dropLast())
        }

        /// The master key of a broker of somebody else.
        private static func otherMasterKey(_ folder: Folder) throws -> [UInt8] {
            let made = try Finished(try BuiltCommand.path(), ["init", folder.path("other")])
            try #require(made.code == 0, "\(made)")
            return try Files.readSecret(folder.path("other/keys/master.key"))
        }

        @Test("one of two brokers rotates and revokes, and the other publishes and signs with the same keys at once")
        func shared() throws {
            let site = try SharedSite(keys: "  place: store\n  cache_time: 1s")
            #expect(try Files.status(site.folder.path("site/keys/trusted")) == nil)
            let brokers = try [site.serve(0), site.serve(1)]
            let job = try site.register(at: 0)
            let before = try kid(site, job, at: 1)
            let prepared = try site.command([
                "keys", "prepare", "--algorithm", "ES256", "--ring", "trusted", "--json", "--config",
                site.configuration(0),
            ])
            try #require(prepared.code == 0, "\(prepared)")
            let new = try #require(
                JSON.parse(Array(prepared.output.utf8))["keys"]?.asArray?.first { $0["state"] == "prepared" }?["kid"]?
                    .asString
            )
            try site.run([["keys", "activate", new, "--when-ready", "--config", site.configuration(1)]])
            for number in 0..<2 {
                try brokers[number].wait(until: "the new key signs") { try kid(site, job, at: number) == new }
                let set = try Call("GET", "\(site.url(number))/.well-known/jwks.json").body
                #expect(set.contains(new) && set.contains(before), "both are published")
            }
            try site.run([["keys", "revoke", new, "--config", site.configuration(0)]])
            try brokers[1].wait(until: "another key signs") { try kid(site, job, at: 1) != new }
            let successor = try kid(site, job, at: 1)
            try brokers[0].wait(until: "the same key signs") { try kid(site, job, at: 0) == successor }
            let set = try Call("GET", "\(site.url(1))/.well-known/jwks.json").body
            #expect(set.contains(successor) && !set.contains(new))
            let token = try #require(try site.token(at: 1, job).json["value"]?.asString)
            _ = try RelyingParty.claims(of: token, issuer: site.url(0), audience: "load.example")
            // What is backed up and moved elsewhere has the keys too, under the same master key.
            let backup = site.folder.path("backup.db")
            try site.run([["store", "backup", backup, "--config", site.configuration(0)]])
            for broker in brokers { broker.stop() }
            try site.writeConfiguration(1, store: "sqlite:\(backup)", keys: "  place: store\n  cache_time: 1s")
            let alone = try site.serve(1)
            #expect(try kid(site, job, at: 1) == successor)
            alone.stop()
        }

        /// The key that signs a run's tokens at a broker.
        private func kid(_ site: SharedSite, _ job: Job, at number: Int) throws -> String {
            let call = try site.token(at: number, job)
            let head = try #require(call.json["value"]?.asString?.split(separator: ".").first, "\(call)")
            return try #require(JSON.parse(try Base64URL.decode(String(head)))["kid"]?.asString)
        }
    }
}
