import Claims
import Policy
import Runs
import Support
import Testing
import Text

@Suite("Rules")
struct RuleTests {
    func policy(_ rules: [Rule]) throws -> Policy {
        try Policy(PolicyRules(contexts: ["legacy": try RuleList(rules)]))
    }

    func allows(_ rules: [Rule], _ claims: ClaimSet) throws -> Bool {
        try policy(rules).contextGrant(for: claims, context: "legacy").refusal == nil
    }

    @Test("all claims of a rule must match")
    func allClaims() throws {
        let rule = try Rule.of(["project": ["acme/web"], "ref": ["refs/heads/main"], "environment": ["production"]])
        #expect(try allows([rule], .sample()))
        #expect(try !allows([rule], .sample([.project: "acme/api"])))
        #expect(try !allows([rule], .sample([.ref: "refs/heads/dev"])))
        #expect(try !allows([rule], .sample([.environment: "staging"])))
    }

    @Test("a claim that the run lacks never matches, whatever the pattern")
    func missing() throws {
        #expect(try !allows([.of(["project": ["**"], "runner": ["**"]])], .sample()))
        #expect(try !allows([.of(["team": ["**"]])], .sample()))
        #expect(try allows([.of(["team": ["*"]])], .sample(further: [Claim("team", "web")])))
    }

    @Test("a list of values matches any of them, and a list of rules allows when one does")
    func anyOf() throws {
        let rules = [
            try Rule.of(["project": ["acme/api"], "ref": ["refs/heads/main"]]),
            try Rule.of(["project": ["acme/web"], "ref": ["refs/heads/main", "refs/tags/**"]]),
        ]
        #expect(try allows(rules, .sample()))
        #expect(try allows(rules, .sample([.ref: "refs/tags/v1/rc"])))
        #expect(try !allows(rules, .sample([.ref: "refs/heads/dev"])))
        #expect(try !allows(rules, .sample([.project: "acme/api", .ref: "refs/tags/v1"])))
    }

    @Test("a fork's run matches only rules that name trust")
    func untrusted() throws {
        let everyone = try Rule.of(["project": ["**"]])
        let forks = try Rule.of(["project": ["**"], "trust": ["untrusted"]])
        let both = try Rule.of(["project": ["**"], "trust": ["*"]])
        let fork = try ClaimSet.sample(trust: .untrusted)
        #expect(try !allows([everyone], fork))
        #expect(try allows([forks], fork))
        #expect(try allows([both], fork))
        #expect(try allows([everyone], .sample()))
        #expect(try !allows([forks], .sample()))
        #expect(try allows([both], .sample()))
    }

    @Test("a rule or list that allows everybody or nobody by oversight is an error")
    func empty() throws {
        let rule = #expect(throws: PolicyError.self) { try Rule([], place: "x") }
        #expect(rule?.code == .emptyRule)
        let list = #expect(throws: PolicyError.self) { try RuleList([]) }
        #expect(list?.code == .emptyList)
        let values = #expect(throws: PolicyError.self) { try Condition(ClaimName("ref"), []) }
        #expect(values?.code == .emptyList)
        #expect("\(try #require(list))".contains("a silent outage"))
        #expect("\(try #require(rule))".contains("matches everything"))
    }

    @Test("rules, claims and values are limited in number")
    func limits() throws {
        let rule = try Rule.of(["project": ["a"]])
        #expect(throws: Never.self) { try RuleList(Array(repeating: rule, count: RuleList.maximumRules)) }
        let list = #expect(throws: PolicyError.self) {
            try RuleList(Array(repeating: rule, count: RuleList.maximumRules + 1))
        }
        #expect(list?.code == .tooMany)
        let conditions = try (0...Rule.maximumConditions).map { try Condition(ClaimName("c\($0)"), [Pattern("a")]) }
        let claims = #expect(throws: PolicyError.self) { try Rule(conditions, place: "x") }
        #expect(claims?.code == .tooMany)
        let values = #expect(throws: PolicyError.self) {
            try Condition(ClaimName("ref"), Array(repeating: try Pattern("a"), count: Condition.maximumValues + 1))
        }
        #expect(values?.code == .tooMany)
    }

    @Test("a claim named twice in one rule is an error")
    func twice() throws {
        let error = #expect(throws: PolicyError.self) {
            try Rule(
                [Condition(ClaimName("ref"), [Pattern("a")]), Condition(ClaimName("ref"), [Pattern("b")])],
                place: "x"
            )
        }
        #expect(error?.code == .duplicate)
    }
}
