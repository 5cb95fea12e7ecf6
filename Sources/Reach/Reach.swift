internal import Claims
package import Policy
internal import Text
package import Time

/// Reach answers who can reach what: by the rules in force, and by what the ledger says really happened.
///
/// A rule that nothing has used is told, and for one that is wider than its uses the tighter rule that would have served
/// every past run. It is a pure function of rules and uses; it reads no clock and decides nothing.
package struct Reach: Sendable {
    /// What can be reached.
    package enum Kind: String, CaseIterable, Sendable {
        case target
        case context
        case audience
    }

    /// Something that rules lead to.
    package struct Place: Sendable {
        package let kind: Kind
        package let name: String
        let rules: [Rule]

        /// Names something with its rules.
        package init(_ kind: Kind, _ name: String, _ rules: RuleList) {
            self.kind = kind
            self.name = name
            self.rules = rules.rules
        }
    }

    /// The times that runs of some claims got there.
    struct Use: Sendable {
        let kind: Kind
        let name: String
        let claims: [String: String]
        var count: Int
        var last: UnixTime
    }

    /// What the ledger has of uses, counted as it is read: a ledger of millions of entries has few kinds of runs.
    package struct Uses: Sendable {
        /// What tells one kind of run from another.
        private struct Key: Hashable {
            let kind: Kind
            let name: String
            let claims: [String: String]
        }

        private var counts: [Key: Use] = [:]
        /// The claims that rules look at, or that a tighter rule could name.
        private let names: Set<String>

        /// Begins to count what matters for some places.
        package init(of places: [Place]) {
            let ruled = places.flatMap { $0.rules.flatMap { $0.conditions.map(\.name.description) } }
            names = Set(ruled + TighterRule.lasting + ["project"])
        }

        /// Counts one use by a run with some claims.
        package mutating func add(_ kind: Kind, _ name: String, at time: UnixTime, by claims: [String: String]) {
            let claims = claims.filter { names.contains($0.key) }
            let key = Key(kind: kind, name: name, claims: claims)
            var use = counts[key] ?? Use(kind: kind, name: name, claims: claims, count: 0, last: time)
            use.count += 1
            use.last = max(use.last, time)
            counts[key] = use
        }

        var all: [Use] { Array(counts.values) }
    }

    /// One rule of one place, and what came of it.
    package struct Finding: Sendable {
        package let kind: Kind
        package let name: String
        /// Where the rule is written; nil for uses that no rule allows any more.
        package let place: String?
        /// The rule as it is written.
        package let rule: String
        package let uses: Int
        package let last: UnixTime?
        /// The projects that used it, in the order of their names.
        package let projects: [String]
        /// Whether nothing has used it within the time that was asked for.
        package let isUnused: Bool
        /// The tighter rule that would have served every use; nil where the rule is as tight, or has no use.
        package let tighter: String?
    }

    package let findings: [Finding]

    /// Compares rules with uses; a rule counts as unused where none of them was at `since` or later.
    ///
    /// With `project` only what concerns that project's runs is told.
    package init(_ places: [Place], _ uses: Uses, unusedSince since: UnixTime, project: String? = nil) {
        var findings: [Finding] = []
        let uses = uses.all
        for place in places {
            let own = uses.filter { use in
                use.kind == place.kind && use.name == place.name && (project == nil || use.claims["project"] == project)
            }
            var left = own
            for (index, rule) in place.rules.enumerated() {
                // The first rule that allows a run decides, as in the policy.
                let taken = left.filter { rule.serves($0.claims) }
                left.removeAll { rule.serves($0.claims) }
                if let project, !rule.mayServe(project: project) { continue }
                findings.append(Finding(place, index, rule, taken, since: since))
            }
            if !left.isEmpty { findings.append(Finding(place, former: left, since: since)) }
        }
        self.findings = findings
    }
}

extension Reach.Finding {
    fileprivate init(_ place: Reach.Place, _ index: Int, _ rule: Rule, _ uses: [Reach.Use], since: UnixTime) {
        kind = place.kind
        name = place.name
        self.place = "rule \(index + 1) at \(rule.place)"
        self.rule = rule.text
        self.uses = uses.reduce(0) { $0 + $1.count }
        last = uses.map(\.last).max()
        projects = Set(uses.compactMap { $0.claims["project"] }).sorted()
        isUnused = !uses.contains { $0.last >= since }
        tighter = TighterRule(rule, serving: uses.map(\.claims))?.text
    }

    /// What was used by rules that are there no more.
    fileprivate init(_ place: Reach.Place, former uses: [Reach.Use], since: UnixTime) {
        kind = place.kind
        name = place.name
        self.place = nil
        rule = ""
        self.uses = uses.reduce(0) { $0 + $1.count }
        last = uses.map(\.last).max()
        projects = Set(uses.compactMap { $0.claims["project"] }).sorted()
        isUnused = !uses.contains { $0.last >= since }
        tighter = nil
    }
}

extension Rule {
    /// Whether the rule allows a run of some claims.
    func serves(_ claims: [String: String]) -> Bool {
        conditions.allSatisfy { condition in
            guard let value = claims[condition.name.description] else { return false }
            return condition.patterns.contains { $0.matches(value) }
        }
    }

    /// Whether it can allow a run of a project at all.
    func mayServe(project: String) -> Bool {
        guard let condition = conditions.first(where: { $0.name.description == "project" }) else { return true }
        return condition.patterns.contains { $0.matches(project) }
    }

    /// The rule as configuration writes it.
    var text: String {
        let parts = conditions.filter { !$0.isImplied }.map { condition in
            RuleText.condition(condition.name.description, condition.patterns.map(\.description))
        }
        return "{\(parts.joined(separator: ", "))}"
    }
}
