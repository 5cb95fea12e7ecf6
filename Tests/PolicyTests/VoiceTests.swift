import Claims
import Crypto
import Policy
import Runs
import Support
import Testing
import Text

@Suite("Which issuer speaks of which run, and in which form")
struct VoiceTests {
    private static let ids = SubjectFormat([ClaimName("project_id"), ClaimName("ref")])
    private static let short = SubjectFormat([.project])

    private func voices(shut: Bool = false) throws -> Voices {
        Voices(
            issuers: [
                IssuerRule(name: "web", projects: [try Pattern("acme/web")], isShut: false, subject: nil),
                IssuerRule(name: "acme", projects: [try Pattern("acme/*")], isShut: shut, subject: Self.ids),
            ],
            projects: [ProjectSubject(projects: [try Pattern("acme/api")], subject: Self.short)]
        )
    }

    private func policy(
        _ subject: SubjectFormat? = nil,
        shut: Bool = false,
        untrusted: Duration? = nil
    ) throws -> Policy {
        var rule = TokenRule(
            audience: "a",
            algorithm: .es256,
            lifetime: .seconds(300),
            maximumLifetime: .seconds(3_600),
            subject: subject,
            subjectLimit: .openID,
            allow: try RuleList([try .of(["project": ["**"], "trust": ["*"]])])
        )
        if let untrusted { rule.untrustedLifetime = untrusted }
        return try Policy(PolicyRules(audiences: [rule], voices: try voices(shut: shut)))
    }

    private func claims(_ project: String, trust: Trust = .trusted) throws -> ClaimSet {
        let anyone = Attestor(name: "x", projects: [.anything], claims: [])
        let request = RunRequest.sample([.project: project, .projectID: "7"], trust: trust)
        return ClaimSet(of: try Attestation(request, by: anyone, limits: .standard))
    }

    @Test(
        "the first issuer whose projects fit speaks; a project's form goes before an issuer's, and that before the standard",
        arguments: [
            ("acme/web", "web", "project:acme/web:ref:refs/heads/main:workflow:deploy:job:release"),
            ("acme/ops", "acme", "project_id:7:ref:refs/heads/main"), ("acme/api", "acme", "project:acme/api"),
            ("other/x", nil, "project:other/x:ref:refs/heads/main:workflow:deploy:job:release"),
        ] as [(String, String?, String)]
    )
    func speaks(project: String, issuer: String?, subject: String) throws {
        let grant = try policy().audienceGrant(for: claims(project), audience: "a").allowed()
        #expect(grant.issuer == issuer)
        #expect(grant.subject == subject)
        let own = try policy(Self.short).audienceGrant(for: claims(project), audience: "a").allowed()
        #expect(own.subject == "project:\(project)" && own.issuer == issuer)
    }

    @Test("of an issuer that is shut no run gets a token, and others do")
    func shut() throws {
        let policy = try policy(shut: true)
        let refusal = try #require(policy.audienceGrant(for: try claims("acme/ops"), audience: "a").refusal)
        #expect(refusal.code == .shut)
        #expect(
            refusal.message.contains("issuer 'acme', which speaks for project 'acme/ops', is shut (issuers.acme.shut)")
        )
        #expect(policy.audienceGrant(for: try claims("acme/web"), audience: "a").refusal == nil)
        #expect(policy.audienceGrant(for: try claims("other/x"), audience: "a").refusal == nil)
    }

    @Test("a stranger's token lives no longer than theirs may, and one that asks for more is refused")
    func untrustedLifetime() throws {
        let policy = try policy(untrusted: .seconds(120))
        let stranger = try claims("acme/web", trust: .untrusted)
        #expect(try policy.audienceGrant(for: stranger, audience: "a").allowed().lifetime == .seconds(120))
        #expect(policy.audienceGrant(for: stranger, audience: "a", lifetime: .seconds(121)).refusal?.code == .lifetime)
        #expect(try policy.audienceGrant(for: claims("acme/web"), audience: "a").allowed().lifetime == .seconds(300))
    }

    @Test(
        "the issuers that may speak of a rule's runs are found by its projects",
        arguments: [
            (["acme/web"], ["web"]), (["acme/ops"], ["acme"]), (["acme/*"], ["web", "acme"]),
            (["**"], ["web", "acme", nil]), (["other/*"], [nil]), (["acme/web", "other/x"], ["web", nil]),
            (["acme/w*"], ["web", "acme"]),
        ] as [([String], [String?])]
    )
    func ofRules(projects: [String], issuers: [String?]) throws {
        let rule = try Rule.of(["project": projects])
        var found: [String?] = []
        for voice in try voices().voices(of: rule) where !found.contains(voice.issuer) { found.append(voice.issuer) }
        #expect(found == issuers)
    }

    @Test("a rule without a project may be of any issuer's runs")
    func withoutProject() throws {
        let found = try voices().voices(of: try Rule.of(["job": ["release"]]))
        #expect(Set(found.map(\.issuer)) == ["web", "acme", nil])
    }
}
