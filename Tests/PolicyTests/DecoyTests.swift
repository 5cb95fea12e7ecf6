import Claims
import Crypto
import Policy
import Runs
import Support
import Testing

@Suite("A decoy is made of what the policy refuses, and of nothing else")
struct DecoyTests {
    private let policy: Policy

    init() throws {
        let rule = TokenRule(
            audience: "sts.amazonaws.com",
            algorithm: .rs256,
            lifetime: .seconds(300),
            maximumLifetime: .seconds(3_600),
            subject: .standard,
            subjectLimit: .aws,
            allow: try RuleList([try .of(["project": ["acme/web"], "ref": ["refs/heads/*"]])])
        )
        policy = try Policy(PolicyRules(targets: ["aws-prod": rule]))
    }

    private func decoy(_ fault: Decoy.Fault, _ claims: ClaimSet) throws(Decoy.Unsuited) -> Decoy {
        try policy.decoy(fault, of: claims, for: "aws-prod", pinnedElsewhere: nil)
    }

    @Test("another project's claims make one, and the subject says whose they are")
    func otherProject() throws {
        let decoy = try decoy(.otherProject, .sample([.project: "acme/api", .ref: "refs/heads/main"]))
        #expect(decoy.subject.hasPrefix("project:acme/api:"))
        #expect(decoy.audience == "sts.amazonaws.com")
        #expect(decoy.age == .zero)
    }

    @Test("claims that the target's own rules allow make none: the cloud may take them")
    func allowed() throws {
        let good = try ClaimSet.sample([.project: "acme/web", .ref: "refs/heads/probe"])
        let unsuited = #expect(throws: Decoy.Unsuited.self) { try decoy(.otherBranch, good) }
        #expect(unsuited?.description.contains("rule 1 at") == true)
    }

    @Test("a stranger's run is one though the rule does not name trust")
    func fork() throws {
        let claims = try ClaimSet.sample([.project: "acme/web", .ref: "refs/heads/main"], trust: .untrusted)
        #expect(try decoy(.fork, claims).claims.isUntrusted)
    }

    @Test("faults that are not of the claims need good ones, so that nothing else is wrong")
    func others() throws {
        let good = try ClaimSet.sample([.project: "acme/web", .ref: "refs/heads/main"])
        #expect(try decoy(.otherAudience, good).audience == Decoy.foreignAudience)
        #expect(try decoy(.expired, good).age > .seconds(600))
        let bad = try ClaimSet.sample([.project: "acme/api"])
        #expect(throws: Decoy.Unsuited.self) { try decoy(.expired, bad) }
        #expect(throws: Decoy.Unsuited.self) { try decoy(.otherRole, good) }
    }

    @Test("an example of a rule is a run that the rule allows")
    func example() throws {
        let rule = try Rule.of([
            "project": ["acme/*", "acme/web"], "ref": ["refs/heads/release-*"], "trust": ["untrusted"],
        ])
        let example = rule.example("x")
        let values = Dictionary(uniqueKeysWithValues: example.map { ($0.name, $0.value) })
        #expect(values["project"] == "acme/web")
        #expect(values["ref"] == "refs/heads/release-x")
        #expect(values["trust"] == "untrusted")
        #expect(values["workflow"] == "x" && values["job"] == "x")
    }
}
