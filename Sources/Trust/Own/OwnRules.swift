internal import Claims
internal import JSON
package import Policy
internal import Text

/// Jobpass's own rules of one target, audience or context.
package struct OwnRules: TrustPolicy {
    package let kind = PolicyKind.own
    private let name: String
    private let rules: RuleList

    /// Takes the rules of an entry of the configuration, which `name` names.
    package init(_ name: String, _ rules: RuleList) {
        self.name = name
        self.rules = rules
    }

    /// What the policy makes of a token.
    package func explain(_ presented: Presented) -> Explanation {
        let clauses = rules.rules.enumerated().map { index, rule in
            let place = Self.place(rule)
            let checks = rule.conditions.map { condition in
                let claim = condition.name.description
                let seen = presented.claims[claim]?.asString
                return Check(
                    place,
                    condition.isImplied ? "implied" : "rule",
                    claim,
                    wanted: condition.patterns.map { "'\($0)'" }.joined(separator: " or "),
                    seen: seen.map { "'\($0)'" } ?? "nothing",
                    Verdict(condition.matches(seen)),
                    note: condition.isImplied ? "a rule that does not name trust is for trusted runs alone" : nil,
                    change: seen.map { "add '\($0)' to \(claim)" }
                        ?? "have the orchestrator attest \(claim), or do not name it"
                )
            }
            return Clause("rule \(index + 1) of \(name)", place, checks)
        }
        return Explanation(.own, clauses)
    }

    /// The place behind the file's name: `jobpass.yaml:41:9`.
    private static func place(_ rule: Rule) -> Place? {
        let parts = rule.place.split(separator: ":").suffix(2).compactMap { Int($0) }
        return parts.count == 2 ? Place(line: parts[0], column: parts[1]) : nil
    }

    /// The claims that it looks at, with the values that it names.
    package var horizon: Horizon {
        var horizon = Horizon()
        for condition in rules.rules.flatMap(\.conditions) {
            let path = ClaimPath(condition.name.description)
            horizon.add(path)
            for pattern in condition.patterns {
                horizon.add(path, .string(Glob(pattern.description, hasOne: false).sample(pattern.hasStar ? "x" : "")))
            }
        }
        return horizon
    }

    /// What in it may admit more than was meant.
    package var suspicions: [Suspicion] {
        var found = Suspicion.common(horizon, kind: kind)
        for rule in rules.rules {
            for condition in rule.conditions where !condition.isImplied {
                let path = ClaimPath(condition.name.description)
                for pattern in condition.patterns {
                    let text = pattern.description
                    found += Suspicion.ofPattern(text, path, Self.place(rule), "the rule")
                    guard pattern.hasStar, text.contains("**") else { continue }
                    let crossing = Glob(text, hasOne: false).sample("x/y")
                    found.append(
                        Suspicion(
                            .wildcardCrosses,
                            Self.place(rule),
                            [[Stipulation(path, .string(crossing))]],
                            "'\(text)' also takes what has further slashes",
                            fix: "write * where one name is meant"
                        )
                    )
                }
            }
        }
        return found
    }
}
