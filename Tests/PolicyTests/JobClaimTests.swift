import Claims
import Crypto
import Policy
import Runs
import Support
import Testing

@Suite("What rules let jobs say of themselves")
struct JobClaimTests {
    private let policy: Policy

    init() throws {
        let rule = TokenRule(
            audience: "deploy",
            algorithm: .es256,
            lifetime: .seconds(300),
            maximumLifetime: .seconds(3_600),
            subject: .standard,
            subjectLimit: .openID,
            allow: try RuleList([
                try .of(["project": ["acme/*"]], place: "jobpass.yaml:3:9"),
                try .of(["project": ["acme/web"]], place: "jobpass.yaml:4:9", jobClaims: ["deployment", "note"]),
                try .of(["project": ["acme/api"]], place: "jobpass.yaml:5:9", jobClaims: ["note"]),
            ])
        )
        policy = try Policy(PolicyRules(audiences: [rule]))
    }

    @Test("a rule that matches and lists every name lets them, though another before it lists none")
    func lists() throws {
        let own = try JobClaims(["deployment=1", "note=x"])
        let grant = try policy.audienceGrant(for: .sample(), audience: "deploy", saying: own).allowed()
        #expect(grant.jobClaims == own)
        #expect(grant.rule.number == 2)
        let plain = try policy.audienceGrant(for: .sample(), audience: "deploy").allowed()
        #expect(plain.jobClaims.isEmpty && plain.rule.number == 1)
    }

    @Test("a name that no matching rule lists is refused, with the rule that would have allowed the token")
    func refuses() throws {
        let own = try JobClaims(["deployment=1"])
        let api = try ClaimSet.sample([.project: "acme/api"])
        let refusal = try #require(policy.audienceGrant(for: api, audience: "deploy", saying: own).refusal)
        #expect(refusal.code == .jobClaim)
        #expect(refusal.claim == "job_claims.deployment")
        #expect(refusal.rule?.place == "jobpass.yaml:3:9")
        #expect(
            refusal.message
                == "audience 'deploy' is refused: rule 1 at jobpass.yaml:3:9 allows it, but lets the job say nothing of itself "
                + "by the name 'deployment'; its job_claims: none"
        )
        let near = try JobClaims(["deploymnt=1"])
        let web = try #require(policy.audienceGrant(for: .sample(), audience: "deploy", saying: near).refusal)
        #expect(web.code == .jobClaim)
    }

    @Test("what a job says of itself opens nothing that its attested claims do not")
    func opensNothing() throws {
        let own = try JobClaims(["note=x"])
        let stranger = try ClaimSet.sample(trust: .untrusted)
        let refusal = policy.audienceGrant(for: stranger, audience: "deploy", saying: own).refusal
        #expect(refusal?.code == .noRule)
    }
}
