import Claims
import Crypto
import Policy
import Runs
import Support
import Testing

@Suite("The policy")
struct PolicyTests {
    func rule(
        _ audience: String,
        subject: SubjectFormat = .standard,
        limit: SubjectLimit = .aws,
        allow: [Rule]
    ) throws -> TokenRule {
        TokenRule(
            audience: audience,
            algorithm: .es256,
            lifetime: .seconds(300),
            maximumLifetime: .seconds(3_600),
            subject: subject,
            subjectLimit: limit,
            allow: try RuleList(allow)
        )
    }

    func policy() throws -> Policy {
        let main = try Rule.of(["project": ["acme/web"], "ref": ["refs/heads/main"]], place: "jobpass.yaml:41:9")
        let tags = try Rule.of(["project": ["acme/*"], "ref": ["refs/tags/*"]], place: "jobpass.yaml:42:9")
        return try Policy(
            PolicyRules(
                audiences: [rule("sts.amazonaws.com", allow: [main, tags])],
                targets: ["aws-prod": rule("sts.amazonaws.com", allow: [main])],
                contexts: ["aws-legacy": RuleList([main])]
            )
        )
    }

    @Test("a grant says exactly which token may be signed")
    func grant() throws {
        let claims = try ClaimSet.sample()
        let grant = try policy().audienceGrant(for: claims, audience: "sts.amazonaws.com").allowed()
        #expect(grant.claims == claims)
        #expect(grant.subject == "project:acme/web:ref:refs/heads/main:workflow:deploy:job:release")
        #expect(grant.audience == "sts.amazonaws.com")
        #expect(grant.algorithm == .es256)
        #expect(grant.lifetime == .seconds(300))
        #expect(grant.target == nil)
        #expect("\(grant.rule)" == "rule 1 at jobpass.yaml:41:9")
    }

    @Test("a target's grant is for its own audience and names the target")
    func targetGrant() throws {
        let grant = try policy().targetGrant(for: .sample(), target: "aws-prod").allowed()
        #expect(grant.audience == "sts.amazonaws.com")
        #expect(grant.target == "aws-prod")
    }

    @Test("a context's grant names the context and the rule")
    func contextGrant() throws {
        let grant = try policy().contextGrant(for: .sample(), context: "aws-legacy").allowed()
        #expect(grant.context == "aws-legacy")
        #expect(grant.rule.number == 1)
    }

    @Test("a job may ask for a shorter or longer life, up to the maximum", arguments: [1, 300, 3_600])
    func lifetimes(seconds: Int) throws {
        let asked = try policy().audienceGrant(
            for: .sample(),
            audience: "sts.amazonaws.com",
            lifetime: .seconds(seconds)
        )
        #expect(try asked.allowed().lifetime == .seconds(seconds))
    }

    @Test("a life of no time or beyond the maximum is refused", arguments: [0, -5, 3_601])
    func badLifetimes(seconds: Int) throws {
        let asked = try policy().audienceGrant(
            for: .sample(),
            audience: "sts.amazonaws.com",
            lifetime: .seconds(seconds)
        )
        let refusal = try #require(asked.refusal)
        #expect(refusal.code == .lifetime)
        #expect(
            refusal.message
                == "audience 'sts.amazonaws.com' is refused: a lifetime of \(seconds) seconds was asked for, from 1 to 3600 may be"
        )
    }

    @Test("what has no entry is refused, with the name that was meant")
    func unknown() throws {
        let policy = try policy()
        let claims = try ClaimSet.sample()
        let audience = try #require(policy.audienceGrant(for: claims, audience: "sts.amazonaw.com").refusal)
        #expect(audience.code == .unknown)
        #expect(
            audience.message == "audience 'sts.amazonaw.com' is refused: no entry under audiences has this name; "
                + "did you mean 'sts.amazonaws.com'?"
        )
        #expect(policy.targetGrant(for: claims, target: "aws-dev").refusal?.code == .unknown)
        #expect(policy.contextGrant(for: claims, context: "x").refusal?.code == .unknown)
    }

    @Test("a name that only looks like an entry's is not the entry")
    func lookalike() throws {
        let policy = try Policy(PolicyRules(contexts: ["Key": RuleList([.of(["project": ["**"]])])]))
        #expect(try policy.contextGrant(for: .sample(), context: "Key").refusal == nil)
        #expect(try policy.contextGrant(for: .sample(), context: "\u{212A}ey").refusal?.code == .unknown)
    }

    @Test("a foreign name is quoted so that a log reader sees all of it")
    func quotesSafely() throws {
        let refusal = try #require(policy().targetGrant(for: .sample(), target: "x\u{1B}[2J").refusal)
        #expect(refusal.message.hasPrefix("target 'x\\u{1b}[2J' is refused"))
    }

    @Test("one audience in two entries is an error")
    func duplicate() throws {
        let entry = try rule("a", allow: [.of(["project": ["**"]])])
        let error = #expect(throws: PolicyError.self) { try Policy(PolicyRules(audiences: [entry, entry])) }
        #expect(error?.code == .duplicate)
    }

    @Test("a run whose subject the relying party would not take is refused before it is signed")
    func subjectLimit() throws {
        let allow = [try Rule.of(["project": ["**"]])]
        let long = try ClaimSet.sample([.ref: String(repeating: "r", count: 300)])
        let policy = try Policy(
            PolicyRules(targets: [
                "aws": rule("sts.amazonaws.com", allow: allow),
                "environment": rule("x", subject: SubjectFormat([ClaimName("environment")]), allow: allow),
            ])
        )
        let tooLong = try #require(policy.targetGrant(for: long, target: "aws").refusal)
        #expect(tooLong.code == .subject)
        #expect(tooLong.claim == "sub")
        #expect(tooLong.wanted == "at most 255 bytes")
        #expect(tooLong.seen?.hasPrefix("project:acme/web:ref:rrr") == true)
        let empty = try #require(
            policy.targetGrant(for: .sample([.environment: ""]), target: "environment").refusal
        )
        #expect(empty.wanted == "one of [environment]")
    }
}
