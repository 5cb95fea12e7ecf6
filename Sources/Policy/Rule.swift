package import Claims
package import Text

/// Claims that must all match.
///
/// A rule that does not name `trust` is for trusted runs alone: it wants `trust: trusted` without saying so, so that a
/// fork's run gets only what a rule gives to forks on purpose.
package struct Rule: Sendable {
    /// How many claims one rule may name.
    package static let maximumConditions = 32

    /// Where configuration writes the rule, such as `jobpass.yaml:41:9`.
    package let place: String
    /// What must hold; what the rule means without saying it stands behind the rest.
    package let conditions: [Condition]
    /// Names that a job may say of itself in a token that this rule allows, by `job_claims`.
    package let jobClaims: [String]

    /// How many names one rule may list under `job_claims`.
    package static let maximumJobClaims = 64

    /// Makes a rule of at least one condition.
    ///
    /// - Throws: `PolicyError` with code `emptyRule`, `tooMany` or `duplicate`.
    package init(_ conditions: [Condition], place: String, jobClaims: [String] = []) throws(PolicyError) {
        guard !conditions.isEmpty else {
            throw PolicyError(.emptyRule, "a rule without claims matches everything", fix: "name at least the project")
        }
        guard conditions.count <= Self.maximumConditions else {
            throw PolicyError(
                .tooMany,
                "\(conditions.count) claims in one rule",
                fix: "name at most \(Self.maximumConditions)"
            )
        }
        var names: Set<ClaimName> = []
        for condition in conditions where !names.insert(condition.name).inserted {
            throw PolicyError(
                .duplicate,
                "the rule names '\(condition.name)' twice",
                fix: "list both values under it once"
            )
        }
        self.place = place
        self.jobClaims = jobClaims
        self.conditions = names.contains(.trust) ? conditions : conditions + [.trusted]
    }

    /// The shortest value that a claim has in any run that the rule allows; nil where a run may lack the claim.
    func shortestValue(of name: ClaimName) -> String? {
        if let condition = conditions.first(where: { $0.name == name }) {
            return condition.patterns.map(\.shortestMatch).min { $0.utf8.count < $1.utf8.count }
        }
        // Every run has these three, of one letter at least.
        return ClaimName.ofEveryRun.contains(name) ? "x" : nil
    }

    /// Whether every condition holds.
    package func matches(_ claims: ClaimSet) -> Bool {
        for condition in conditions where !condition.matches(claims[condition.name]) { return false }
        return true
    }
}

/// One claim of a rule and the values that it may have.
package struct Condition: Sendable {
    /// How many values one claim of a rule may list.
    package static let maximumValues = 256

    package let name: ClaimName
    package let patterns: [Pattern]
    /// Whether the rule does not say this, but means it.
    package let isImplied: Bool

    /// Makes a condition of at least one pattern.
    ///
    /// - Throws: `PolicyError` with code `emptyList` or `tooMany`.
    package init(_ name: ClaimName, _ patterns: [Pattern]) throws(PolicyError) {
        guard !patterns.isEmpty else {
            throw PolicyError(
                .emptyList,
                "an empty list of values matches no run",
                fix: "list a value, or remove '\(name)'"
            )
        }
        guard patterns.count <= Self.maximumValues else {
            throw PolicyError(
                .tooMany,
                "'\(name)' lists \(patterns.count) values",
                fix: "list at most \(Self.maximumValues)"
            )
        }
        self.init(name: name, patterns: patterns, isImplied: false)
    }

    private init(name: ClaimName, patterns: [Pattern], isImplied: Bool) {
        self.name = name
        self.patterns = patterns
        self.isImplied = isImplied
    }

    /// What a rule that does not name `trust` wants of it.
    static let trusted = Condition(name: .trust, patterns: [Pattern(exactly: "trusted")], isImplied: true)

    /// Whether a claim's value is one of the condition's; a claim that the run lacks never is.
    package func matches(_ value: String?) -> Bool {
        guard let value else { return false }
        for pattern in patterns where pattern.matches(value) { return true }
        return false
    }
}
