import Claims
import Policy
import Runs
import Support
import Testing
import Text

@Suite("Decisions and the contract's words")
struct DefinitionTests {
    /// A rule as plain data: the values that each claim may have.
    typealias PlainRule = [String: [String]]

    static let names = ["project", "ref", "environment", "runner", "trust"]
    static let values = ["a", "b", "trusted", "untrusted"]

    @Test("every decision is that of the contract's definition, on 3,000 random rule lists", arguments: 0..<3)
    func agrees(seed: Int) throws {
        var generator = SmallGenerator(state: UInt64(seed))
        for _ in 0..<1_000 {
            let rules = (0..<Int.random(in: 1...4, using: &generator)).map { _ in Self.rule(using: &generator) }
            let claims = try Self.claims(using: &generator)
            let list = try RuleList(rules.map { try Self.compile($0) })
            let policy = try Policy(PolicyRules(contexts: ["c": list]))
            let decision = policy.contextGrant(for: claims, context: "c")
            let first = rules.firstIndex { Self.allows($0, claims) }
            switch decision {
            case .allowed(let grant): #expect(grant.rule.number - 1 == first, "\(rules) \(claims.members)")
            case .refused(let refusal):
                #expect(first == nil, "\(rules) \(claims.members)")
                try Self.check(refusal, rules, claims)
            }
        }
    }

    /// The contract: all claims of a rule match; a claim that the run lacks never does; forks need a rule that names trust.
    static func allows(_ rule: PlainRule, _ claims: ClaimSet) -> Bool {
        (!claims.isUntrusted || rule["trust"] != nil)
            && rule.allSatisfy { name, values in claims[ClaimName(name)].map(values.contains) ?? false }
    }

    /// A refusal names a rule of which no other has more matching claims, and a claim of it that does not match.
    static func check(_ refusal: Refusal, _ rules: [PlainRule], _ claims: ClaimSet) throws {
        func matching(_ rule: PlainRule) -> Int {
            rule.count { name, values in claims[ClaimName(name)].map(values.contains) ?? false }
        }
        let nearest = rules[try #require(refusal.rule).number - 1]
        #expect(rules.allSatisfy { matching($0) <= matching(nearest) }, "\(rules) \(claims.members)")
        let claim = try #require(refusal.claim)
        #expect(refusal.seen == claims[ClaimName(claim)])
        if let values = nearest[claim] {
            #expect(!(refusal.seen.map(values.contains) ?? false))
        } else {
            #expect(claim == "trust" && claims.isUntrusted)
        }
    }

    private static func rule(using generator: inout SmallGenerator) -> PlainRule {
        var rule: PlainRule = [:]
        while rule.isEmpty {
            for name in names where Bool.random(using: &generator) {
                rule[name] = values.filter { _ in Bool.random(using: &generator) }
                if rule[name] == [] { rule[name] = nil }
            }
        }
        return rule
    }

    private static func claims(using generator: inout SmallGenerator) throws -> ClaimSet {
        var values: [StandardClaim: String] = [.project: "a", .workflow: "w", .job: "j"]
        for name in [StandardClaim.ref, .environment, .runner] where Bool.random(using: &generator) {
            values[name] = Bool.random(using: &generator) ? "a" : "b"
        }
        let anyone = Attestor(name: "anyone", projects: [Pattern(exactly: "a")], claims: [])
        let trust: Trust = Bool.random(using: &generator) ? .trusted : .untrusted
        let attestation = try Attestation(RunRequest(values, trust: trust), by: anyone, limits: .standard)
        return ClaimSet(of: try .sample(attestation))
    }

    private static func compile(_ rule: PlainRule) throws -> Rule {
        let conditions = try rule.sorted { $0.key < $1.key }.map { name, values in
            try Condition(ClaimName(name), values.map { try Pattern($0) })
        }
        return try Rule(conditions, place: "f:1:1")
    }
}

/// A generator that gives the same numbers in every run (xorshift64*, Vigna 2014).
private struct SmallGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(state: UInt64) { self.state = state &+ 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state ^= state >> 12
        state ^= state << 25
        state ^= state >> 27
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
