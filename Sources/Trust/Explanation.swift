/// What can be said of a condition, or of a whole policy.
package enum Verdict: String, Equatable, Sendable {
    case pass
    case fail
    /// It depends on what is not known here, or is not understood; never taken for a pass.
    case cannotTell = "cannot tell"

    init(_ holds: Bool) { self = holds ? .pass : .fail }

    var negated: Verdict {
        switch self {
        case .pass: .fail
        case .fail: .pass
        case .cannotTell: .cannotTell
        }
    }

    /// Whether all of several hold.
    static func all(_ verdicts: some Sequence<Verdict>) -> Verdict {
        var result = Verdict.pass
        for verdict in verdicts {
            if verdict == .fail { return .fail }
            if verdict == .cannotTell { result = .cannotTell }
        }
        return result
    }

    /// Whether any of several holds.
    static func any(_ verdicts: some Sequence<Verdict>) -> Verdict { all(verdicts.map(\.negated)).negated }
}

/// A place in a policy's text, both numbers from 1.
package struct Place: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let line: Int
    package let column: Int

    /// Makes a place.
    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (left: Place, right: Place) -> Bool { (left.line, left.column) < (right.line, right.column) }

    package var description: String { "\(line):\(column)" }
}

/// One condition of a policy, held against one token.
package struct Check: Equatable, Sendable {
    /// Where the policy states it; nil where the cloud wants it without its being written.
    package let place: Place?
    /// How it compares, in the cloud's own word: `StringLike`, `bound_claims`, `==`.
    package let test: String
    /// What it looks at: a claim or a condition key.
    package let claim: String
    /// The value wanted.
    package let wanted: String
    /// The value seen.
    package let seen: String
    package let verdict: Verdict
    /// Why, where seen and wanted do not say it.
    package let note: String?
    /// The smallest change to policy or token with which it would pass; nil where it does.
    package let change: String?

    init(
        _ place: Place?,
        _ test: String,
        _ claim: String,
        wanted: String,
        seen: String,
        _ verdict: Verdict,
        note: String? = nil,
        change: String? = nil
    ) {
        self.place = place
        self.test = test
        self.claim = claim
        self.wanted = wanted
        self.seen = seen
        self.verdict = verdict
        self.note = note
        self.change = verdict == .pass ? nil : change
    }
}

/// Conditions that must all hold for something to be allowed, or denied.
package struct Clause: Equatable, Sendable {
    /// What follows where all of them hold.
    package enum Effect: String, Sendable {
        case allow
        case deny
    }

    /// Such as `statement 2`.
    package let name: String
    package let place: Place?
    package let effect: Effect
    package let checks: [Check]
    /// Whether all conditions hold; for a denial a pass means that it denies.
    package let verdict: Verdict

    init(_ name: String, _ place: Place?, _ checks: [Check], effect: Effect = .allow) {
        self.name = name
        self.place = place
        self.effect = effect
        self.checks = checks
        verdict = .all(checks.map(\.verdict))
    }
}

/// What a policy makes of a token: clauses of which any allows, unless one denies; what no clause allows is refused.
package struct Explanation: Equatable, Sendable {
    package let kind: PolicyKind
    package let verdict: Verdict
    /// Which clause decided, in a sentence.
    package let reason: String
    package let clauses: [Clause]

    init(_ kind: PolicyKind, _ clauses: [Clause]) {
        let (verdict, reason) = Self.combine(clauses)
        self.init(kind, clauses, verdict, reason)
    }

    init(_ kind: PolicyKind, _ clauses: [Clause], _ verdict: Verdict, _ reason: String) {
        self.kind = kind
        self.clauses = clauses
        self.verdict = verdict
        self.reason = reason
    }

    /// Denial over allowance, allowance over silence, and what cannot be told over neither.
    static func combine(_ clauses: [Clause]) -> (Verdict, String) {
        let denials = clauses.filter { $0.effect == .deny }
        let allowances = clauses.filter { $0.effect == .allow }
        if let clause = denials.first(where: { $0.verdict == .pass }) { return (.fail, "\(clause.name) denies it") }
        if let clause = allowances.first(where: { $0.verdict == .pass }) {
            guard let doubt = denials.first(where: { $0.verdict == .cannotTell }) else {
                return (.pass, "\(clause.name) allows it")
            }
            return (.cannotTell, "\(clause.name) allows it, and whether \(doubt.name) denies it cannot be told")
        }
        if let clause = allowances.first(where: { $0.verdict == .cannotTell }) {
            return (.cannotTell, "whether \(clause.name) allows it cannot be told")
        }
        if allowances.isEmpty { return (.fail, "nothing in it allows anything") }
        guard allowances.count > 1 else {
            let failed = allowances[0].checks.count { $0.verdict == .fail }
            return (.fail, "\(failed) of \(allowances[0].checks.count) conditions of \(allowances[0].name) fail")
        }
        return (.fail, "none of \(allowances.count) alternatives allows it")
    }

    /// Why it is refused, with the first condition that does not hold, in one line.
    package var cause: String {
        if let denial = clauses.first(where: { $0.effect == .deny && $0.verdict != .fail }) {
            return "\(reason): \(denial.name)"
        }
        guard let check = nearest?.checks.first(where: { $0.verdict != .pass }) else { return reason }
        let line = check.place.map { "line \($0.line), " } ?? ""
        let doubt = check.verdict == .cannotTell ? ", and it cannot be told" : ""
        return "\(line)\(check.test) \(check.claim): saw \(check.seen), wanted \(check.wanted)\(doubt)"
    }

    /// The alternative that comes nearest to allowing: the fewest conditions that do not hold.
    package var nearest: Clause? {
        clauses.filter { $0.effect == .allow }.min { left, right in
            left.checks.count { $0.verdict != .pass } < right.checks.count { $0.verdict != .pass }
        }
    }
}
