import Claims
import Policy
import Runs
import Support
import Testing

@Suite("Refusals")
struct RefusalTests {
    func refusal(_ rules: [Rule], _ claims: ClaimSet) throws -> Refusal {
        let policy = try Policy(PolicyRules(contexts: ["aws": RuleList(rules)]))
        return try #require(policy.contextGrant(for: claims, context: "aws").refusal)
    }

    @Test("a refusal names the one rule, the claim, the value seen and the value wanted")
    func oneRule() throws {
        let rule = try Rule.of(["project": ["acme/web"], "ref": ["refs/heads/main"]], place: "jobpass.yaml:9:5")
        let refusal = try refusal([rule], .sample([.ref: "refs/heads/dev"]))
        #expect(refusal.code == .noRule)
        #expect(refusal.claim == "ref")
        #expect(refusal.seen == "refs/heads/dev")
        #expect(refusal.wanted == "'refs/heads/main'")
        #expect(refusal.rule?.place == "jobpass.yaml:9:5")
        #expect(
            refusal.message == "context 'aws' is refused: its one rule, at jobpass.yaml:9:5, "
                + "wants ref 'refs/heads/main', and this run has 'refs/heads/dev'"
        )
    }

    @Test("of several rules the one with most matching claims is named")
    func nearest() throws {
        let rules = [
            try Rule.of(["project": ["other/x"], "ref": ["refs/heads/main"]], place: "f:1:1"),
            try Rule.of(
                ["project": ["acme/web"], "ref": ["refs/heads/main"], "environment": ["staging"]],
                place: "f:2:1"
            ),
            try Rule.of(["job": ["other"]], place: "f:3:1"),
        ]
        let refusal = try refusal(rules, .sample())
        #expect(refusal.rule?.description == "rule 2 at f:2:1")
        #expect(refusal.claim == "environment")
        #expect(
            refusal.message == "context 'aws' is refused: the nearest of its 3 rules, rule 2 at f:2:1, "
                + "wants environment 'staging', and this run has 'production'"
        )
    }

    @Test("among equally near rules the one that wants least more is named, then the first")
    func ties() throws {
        let rules = [
            try Rule.of(["project": ["acme/web"], "ref": ["a"], "job": ["b"]], place: "f:1:1"),
            try Rule.of(["project": ["acme/web"], "ref": ["c"]], place: "f:2:1"),
            try Rule.of(["project": ["acme/web"], "ref": ["d"]], place: "f:3:1"),
        ]
        #expect(try refusal(rules, .sample()).rule?.number == 2)
    }

    @Test("a claim that the run lacks is said to be lacking")
    func missing() throws {
        let refusal = try refusal([.of(["project": ["**"], "runner": ["big"]])], .sample())
        #expect(refusal.seen == nil)
        #expect(refusal.message.hasSuffix("wants runner 'big', and this run has none"))
    }

    @Test("an untrusted run that matches but for its trust is told so")
    func untrusted() throws {
        let refusal = try refusal([.of(["project": ["**"]], place: "f:1:1")], .sample(trust: .untrusted))
        #expect(refusal.claim == "trust")
        #expect(refusal.seen == "untrusted")
        #expect(
            refusal.message == "context 'aws' is refused: its one rule, at f:1:1, does not name trust, "
                + "so it is for trusted runs alone, and this run is untrusted"
        )
    }

    @Test("of many wanted values the first five are shown")
    func manyValues() throws {
        let values = (1...8).map { "v\($0)" }
        let refusal = try refusal([.of(["ref": values])], .sample())
        #expect(refusal.wanted == "'v1' or 'v2' or 'v3' or 'v4' or 'v5' or one of 3 more")
    }

    @Test("a policy of a thousand rules still names the nearest")
    func many() throws {
        var rules = try (1...999).map { try Rule.of(["project": ["other/\($0)"]], place: "f:\($0):1") }
        rules.append(try .of(["project": ["acme/*"], "ref": ["refs/tags/**"]], place: "f:1000:1"))
        #expect(try refusal(rules, .sample()).rule?.number == 1_000)
    }
}
