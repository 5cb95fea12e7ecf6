internal import Claims
internal import Text

/// Rules of which any one allows.
package struct RuleList: Sendable {
    /// How many rules one list may hold.
    package static let maximumRules = 1_000

    /// The rules, of which any one allows.
    package let rules: [Rule]

    /// Makes a list of at least one rule.
    ///
    /// - Throws: `PolicyError` with code `emptyList` or `tooMany`.
    package init(_ rules: [Rule]) throws(PolicyError) {
        guard !rules.isEmpty else {
            throw PolicyError(
                .emptyList,
                "an empty list allows nobody, a silent outage",
                fix: "write a rule, or remove the entry"
            )
        }
        guard rules.count <= Self.maximumRules else {
            throw PolicyError(
                .tooMany,
                "\(rules.count) rules in one list",
                fix: "write at most \(Self.maximumRules); * and lists of values save rules"
            )
        }
        self.rules = rules
    }

    /// The bytes of the shortest subject that a run can have which a rule allows, for each rule; `forms` are those that it can
    /// have one in.
    func shortestSubjects(_ forms: (Rule) -> [SubjectFormat]) -> [(rule: RulePlace, bytes: Int)] {
        rules.enumerated().map { index, rule in
            let lengths = forms(rule).map { form in
                let bytes = form.bytes { rule.shortestValue(of: $0) }
                return form.allowsDigest ? min(bytes, SubjectFormat.digestBytes) : bytes
            }
            return (RulePlace(place: rule.place, number: index + 1), lengths.min() ?? 0)
        }
    }

    enum Outcome {
        case matched(RulePlace)
        /// Rules match, and none of them lets the job say all that it says of itself; the first of them, and what it does not.
        case overstated(RulePlace, name: String, listed: [String])
        case unmatched(NearestRule)
    }

    func decide(_ claims: ClaimSet, saying own: JobClaims = .none) -> Outcome {
        var overstated: Outcome?
        for (index, rule) in rules.enumerated() where rule.matches(claims) {
            let place = RulePlace(place: rule.place, number: index + 1)
            let unlisted = own.members.first { member in !rule.jobClaims.contains { $0.isSameBytes(as: member.name) } }
            guard let unlisted else { return .matched(place) }
            if overstated == nil { overstated = .overstated(place, name: unlisted.name, listed: rule.jobClaims) }
        }
        return overstated ?? .unmatched(nearest(to: claims))
    }

    /// The rule of which most claims match; among equals the one that wants least more, then the first.
    private func nearest(to claims: ClaimSet) -> NearestRule {
        var best = (index: 0, matched: -1, failed: Int.max)
        for (index, rule) in rules.enumerated() {
            let matched = rule.conditions.count { $0.matches(claims[$0.name]) && !$0.isImplied }
            let failed = rule.conditions.count - matched
            if (matched, best.failed) > (best.matched, failed) {
                best = (index, matched, failed)
            }
        }
        let rule = rules[best.index]
        let condition = rule.conditions.first { !$0.matches(claims[$0.name]) } ?? .trusted
        return NearestRule(
            rule: RulePlace(place: rule.place, number: best.index + 1),
            count: rules.count,
            condition: condition,
            seen: claims[condition.name]
        )
    }
}

/// Which rule of a list, and where it is written.
package struct RulePlace: Equatable, Sendable, CustomStringConvertible {
    /// Where configuration writes it, such as `jobpass.yaml:41:9`.
    package let place: String
    /// Its number in its list, from 1.
    package let number: Int

    package var description: String { "rule \(number) at \(place)" }
}

/// The rule that came nearest to allowing, and the first of its claims that did not match.
struct NearestRule: Sendable {
    let rule: RulePlace
    let count: Int
    let condition: Condition
    let seen: String?
}
