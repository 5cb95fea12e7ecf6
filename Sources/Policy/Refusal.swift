internal import Claims
internal import Text
internal import Time

/// What a run asked for.
package struct AskedFor: Equatable, Sendable, CustomStringConvertible {
    /// The part of configuration that decides it.
    package enum Kind: String, Sendable {
        case audience
        case target
        case context
    }

    package let kind: Kind
    package let name: String

    init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    package var description: String { "\(kind.rawValue) '\(name)'" }
}

/// Why a policy does not allow something: what was refused, the nearest rule, the claim that failed, seen and wanted.
package struct Refusal: Equatable, Sendable, CustomStringConvertible {
    /// What decided.
    package enum Code: Equatable, Sendable {
        /// Configuration has no entry of the name.
        case unknown
        /// No rule of the entry matches the run.
        case noRule
        /// A rule matches, but the token may not live as long as was asked.
        case lifetime
        /// A rule matches, but the run's subject is empty or too long for the relying party.
        case subject
        /// A rule matches, but the run has a value that the target's relying party does not take.
        case added
        /// A rule matches, but the issuer that speaks for the project is shut.
        case shut
        /// A rule matches, but it does not let the job say of itself what it says.
        case jobClaim
    }

    package let code: Code
    package let asked: AskedFor
    /// The rule that came nearest, where one was looked at.
    package let rule: RulePlace?
    /// The claim that failed, where one did.
    package let claim: String?
    /// The value seen; nil where the run has none.
    package let seen: String?
    package let wanted: String?
    /// All of it as one sentence.
    package let message: String

    package var description: String { message }

    init(unknown kind: AskedFor.Kind, name: String, known: [String]) {
        code = .unknown
        // The name is the asker's own text and may hold anything.
        asked = AskedFor(kind, String(name.unicodeScalars.prefix(256)).madeVisible)
        rule = nil
        claim = nil
        seen = nil
        wanted = nil
        message =
            "\(asked) is refused: no entry under \(kind.rawValue)s has this name"
            + NearMiss.question(name, among: known)
    }

    init(_ asked: AskedFor, nearest: NearestRule) {
        code = .noRule
        self.asked = asked
        rule = nearest.rule
        claim = nearest.condition.name.description
        seen = nearest.seen
        let wanted = nearest.condition.wanted
        self.wanted = wanted
        let place =
            nearest.count == 1
            ? "its one rule, at \(nearest.rule.place)," : "the nearest of its \(nearest.count) rules, \(nearest.rule),"
        let seen = nearest.seen.map { "'\($0)'" } ?? "none"
        message =
            nearest.condition.isImplied
            ? "\(asked) is refused: \(place) does not name trust, so it is for trusted runs alone, and this run is untrusted"
            : "\(asked) is refused: \(place) wants \(nearest.condition.name) \(wanted), and this run has \(seen)"
    }

    init(_ asked: AskedFor, _ rule: RulePlace, shut issuer: String, project: String) {
        code = .shut
        self.asked = asked
        self.rule = rule
        claim = ClaimName.project.description
        seen = project
        wanted = "a project of another issuer"
        message =
            "\(asked) is refused: \(rule) allows it, but issuer '\(issuer)', which speaks for project '\(project)', is shut "
            + "(issuers.\(issuer).shut)"
    }

    init(_ asked: AskedFor, _ rule: RulePlace, says name: String, listed: [String]) {
        code = .jobClaim
        self.asked = asked
        self.rule = rule
        claim = "job_claims.\(name)"
        seen = nil
        let wanted = listed.isEmpty ? "none" : listed.joined(separator: ", ")
        self.wanted = wanted
        message =
            "\(asked) is refused: \(rule) allows it, but lets the job say nothing of itself by the name '\(name)'; its "
            + "job_claims: \(wanted)" + NearMiss.question(name, among: listed)
    }

    init(_ asked: AskedFor, lifetime: Duration, maximum: Duration) {
        code = .lifetime
        self.asked = asked
        rule = nil
        claim = nil
        let seen = "\(lifetime.wholeSeconds)"
        let wanted = "from 1 to \(maximum.wholeSeconds)"
        self.seen = seen
        self.wanted = wanted
        message = "\(asked) is refused: a lifetime of \(seen) seconds was asked for, \(wanted) may be"
    }

    init(_ asked: AskedFor, subject error: SubjectError) {
        code = .subject
        self.asked = asked
        rule = nil
        claim = "sub"
        switch error {
        case .empty(let format):
            seen = nil
            wanted = "one of \(format)"
        case .tooLong(let subject, let limit, _, _):
            seen = subject
            wanted = "at most \(limit.bytes) bytes"
        }
        message = "\(asked) is refused: \(error)"
    }

    init(_ asked: AskedFor, added error: AddedClaimError) {
        code = .added
        self.asked = asked
        rule = nil
        claim = error.claim
        seen = error.seen
        wanted = error.wanted
        let has = error.seen.map { "'\($0)'" } ?? "none"
        message = "\(asked) is refused: it needs claim \(error.claim) to be \(error.wanted), and this run has \(has)"
    }
}

extension Condition {
    /// The values wanted, for a refusal: the first few, then how many more.
    fileprivate var wanted: String {
        let shown = patterns.prefix(5).map { "'\($0)'" }
        let more = patterns.count - shown.count
        return shown.joined(separator: " or ") + (more > 0 ? " or one of \(more) more" : "")
    }
}
