import Claims
import Crypto
import JSON
import Policy
import Runs
import Support
import Testing
import Text
import Tokens

@Suite("Several issuers of one broker")
struct IssuerSetTests {
    private let clock = TestClock()

    private func set(shut: Bool = false) throws -> IssuerSet {
        let url = try IssuerURL("https://ci.example.com")
        func pair(_ url: IssuerURL, shut: Bool) throws -> IssuerSet.Pair {
            IssuerSet.Pair(
                trusted: Issuer(url: url, keys: try .generate(for: [.es256]), isShut: shut),
                untrusted: Issuer(url: url.untrusted, keys: try .generate(for: [.es256]), isShut: shut)
            )
        }
        return IssuerSet(
            own: try pair(url, shut: false),
            others: [("acme", "organisation", try pair(url.at(path: "organisation"), shut: shut))]
        )
    }

    private func grant(_ project: String, trust: String = "trusted", shut: Bool = false) throws -> Grant {
        let rule = TokenRule(
            audience: "a",
            algorithm: .es256,
            lifetime: .seconds(300),
            maximumLifetime: .seconds(300),
            subject: nil,
            subjectLimit: .openID,
            allow: try RuleList([try .of(["project": ["**"], "trust": ["*"]])])
        )
        let acme = IssuerRule(name: "acme", projects: [try Pattern("acme/api")], isShut: shut, subject: nil)
        let policy = try Policy(PolicyRules(audiences: [rule], voices: Voices(issuers: [acme])))
        let claims = try ClaimSet.sample([.project: project], trust: trust == "trusted" ? .trusted : .untrusted)
        return try policy.audienceGrant(for: claims, audience: "a").allowed()
    }

    @Test("each signs for its own projects, by keys that are nobody else's", arguments: ["trusted", "untrusted"])
    func signs(trust: String) async throws {
        let set = try set()
        let signer = TokenSigner(set, clock: clock.wall)
        let path = trust == "trusted" ? "" : "/untrusted"
        for (project, url) in [("acme/api", "/organisation"), ("acme/web", "")] {
            let signed = try signer.sign(try grant(project, trust: trust))
            #expect(signed.facts.issuer.text == "https://ci.example.com\(url)\(path)")
            let token = try await Issuers.release(signed)
            for issuer in set.all {
                let rules = VerificationRules(issuer: issuer.url.text, audiences: ["a"])
                let verifier = TokenVerifier(keys: .given(issuer.keys.published), rules: rules, clock: clock.wall)
                let isItsOwn = issuer.url.text == "https://ci.example.com\(url)\(path)"
                let verified = try? await verifier.verify(token)
                #expect((verified != nil) == isItsOwn)
            }
        }
    }

    @Test("one that is shut publishes that it has no keys, and signs nothing even for a grant of before")
    func shut() throws {
        let set = try set(shut: true)
        let pair = try #require(set.pair(named: "acme"))
        #expect(pair.trusted.keyDocument.body == Array(#"{"keys":[]}"#.utf8))
        #expect(pair.untrusted.keyDocument.body == Array(#"{"keys":[]}"#.utf8))
        #expect(try JSON.parse(pair.trusted.discoveryDocument.body)["issuer"] == "https://ci.example.com/organisation")
        let signer = TokenSigner(set, clock: clock.wall)
        let error = #expect(throws: TokenError.self) { _ = try signer.sign(try grant("acme/api")) }
        #expect(error?.seen == "that it is shut")
        #expect(try signer.sign(try grant("acme/web")).facts.issuer.text == "https://ci.example.com")
    }

    @Test("issuers are found by name and by path, and nothing by another")
    func found() throws {
        let set = try set()
        #expect(set.pair(named: nil)?.trusted.url.text == "https://ci.example.com")
        #expect(set.pair(named: "acme")?.untrusted.url.text == "https://ci.example.com/organisation/untrusted")
        #expect(set.pair(atPath: "organisation")?.trusted.url.text == "https://ci.example.com/organisation")
        #expect(set.pair(atPath: "acme") == nil && set.pair(named: "organisation") == nil)
        #expect(set.all.map(\.url.text).count == 4)
    }

    @Test(
        "rings have one name each",
        arguments: [
            ("trusted", nil, false), ("untrusted", nil, true), ("acme/trusted", "acme", false),
            ("acme/untrusted", "acme", true),
        ] as [(String, String?, Bool)]
    )
    func rings(name: String, issuer: String?, isUntrusted: Bool) {
        #expect(IssuerRing(rawValue: name) == IssuerRing(issuer: issuer, isUntrusted: isUntrusted))
        #expect(IssuerRing(issuer: issuer, isUntrusted: isUntrusted).rawValue == name)
    }

    @Test("other names are none", arguments: ["", "acme", "/trusted", "a/b/trusted", "trusted/", "acme/other"])
    func noRings(name: String) { #expect(IssuerRing(rawValue: name) == nil) }

    @Test("copies of a further issuer stand below its path at every mirror")
    func copies() throws {
        let url = try IssuerURL("https://ci.example.com").at(path: "organisation")
        let copies = KeyCopies(
            of: url.untrusted,
            ring: IssuerRing(issuer: "acme", isUntrusted: true),
            path: "organisation",
            mirrors: ["https://keys.example.com/"],
            certificateAuthorities: nil
        )
        #expect(
            copies.urls == [
                "https://ci.example.com/organisation/untrusted/.well-known/jwks.json",
                "https://keys.example.com/organisation/untrusted/.well-known/jwks.json",
            ]
        )
    }
}
