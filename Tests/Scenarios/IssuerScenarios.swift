import JSON
import POSIX
import Support
import Testing

extension Scenarios {
    /// An issuer for one organisation beside the broker's own: made, used, published, and shut without the other.
    @Suite("Several issuers")
    struct IssuerScenarios {
        private let folder: Folder
        private let site: Site

        init() throws {
            folder = try Folder()
            site = try Site(Self.settings(), in: folder)
        }

        private static func settings(shut: Bool = false) -> String {
            """
            issuers:
              web: {projects: [acme/web], path: organisation, shut: \(shut)}
            audiences:
              - {audience: service.example, algorithm: ES256, allow: [{project: "acme/*", trust: "*"}]}
            """
        }

        private func token(_ changes: JSONObject) throws -> Finished {
            try site.register(changes).command(["token", "--audience", "service.example"])
        }

        @Test("the keys are made by a command of their own, once, and the broker says so where they are missing")
        func created() throws {
            let missing = try site.command(["config", "check"])
            #expect(missing.code == 78, "\(missing)")
            #expect((missing.output + missing.error).contains("jobpass keys create web"), "\(missing)")
            #expect(try site.command(["keys", "create", "web"]).code == 0)
            #expect(try site.command(["config", "check"]).code == 0)
            let again = try site.command(["keys", "create", "web"])
            #expect(again.code == 78 && again.error.contains("there already"), "\(again)")
            #expect(try site.command(["keys", "create", "nobody"]).code == 64)
        }

        @Test("each speaks for its own projects, is verified by its own keys, and is shut without the other")
        func shut() throws {
            #expect(try site.command(["keys", "create", "web"]).code == 0)
            let broker = try site.serve()
            let web = try token([:])
            let api = try token(["project": "acme/api"])
            let stranger = try token(["trust": "untrusted"])
            for (token, issuer) in [
                (web, "\(site.url)/organisation"), (api, site.url), (stranger, "\(site.url)/organisation/untrusted"),
            ] {
                let claims = try RelyingParty.claims(of: token.output, issuer: issuer, audience: "service.example")
                #expect(claims["iss"]?.asString == issuer)
                let verified = try site.command(["verify", "-a", "service.example"], input: token.output)
                #expect(verified.code == 0, "\(verified)")
            }
            let lives = try RelyingParty.claims(
                of: stranger.output,
                issuer: "\(site.url)/organisation/untrusted",
                audience: "service.example"
            )
            #expect((lives["exp"]?.asInteger ?? 0) - (lives["iat"]?.asInteger ?? 0) == 120)
            #expect(try site.command(["keys", "list"]).output.contains("web/untrusted"))
            try checkPublished(isShut: false)

            try site.writeConfiguration(Self.settings(shut: true))
            broker.send(.hangUp)
            try broker.wait(until: "reloaded") { broker.said.contains("reloaded") }
            let refused = try token([:])
            #expect(refused.code == 77 && refused.error.contains("is shut"), "\(refused)")
            #expect(try token(["project": "acme/api"]).code == 0)
            let old = try Finished(
                try BuiltCommand.path(),
                ["verify", "--issuer", "\(site.url)/organisation", "-a", "service.example"],
                input: web.output
            )
            #expect(old.code == 65, "\(old)")
            #expect(try site.command(["verify", "-a", "service.example"], input: web.output).code == 65)
            #expect(try site.command(["verify", "-a", "service.example"], input: api.output).code == 0)
            try checkPublished(isShut: true)
            broker.stop()
        }

        /// What is published elsewhere is what the broker says, and of an issuer that is shut no key stays.
        private func checkPublished(isShut: Bool) throws {
            let place = folder.path("www")
            let published = try site.command(["keys", "publish", place])
            #expect(published.code == 0, "\(published)")
            for path in ["", "untrusted/", "organisation/", "organisation/untrusted/"] {
                let text = try Files.readText("\(place)/\(path).well-known/jwks.json")
                let served = try Call("GET", "\(site.url)/\(path).well-known/jwks.json").body
                #expect(try JSON.parse(Array(text.utf8)) == JSON.parse(Array(served.utf8)))
                #expect(text.contains("kid") != (isShut && path.hasPrefix("organisation")), "\(path): \(text)")
            }
        }
    }
}
