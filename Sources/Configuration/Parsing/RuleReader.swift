internal import Claims
internal import Federation
internal import Policy
internal import Runs
internal import Text
internal import YAML

/// Reads rules and subjects, which name claims, against the claims that a run can have at all.
struct RuleReader {
    private let problems: Problems
    private let claims: [String]
    /// Patterns of the projects that any principal may attest.
    private let projects: [Pattern]
    /// Whether `claims` and `projects` are all there are.
    private let isComplete: Bool

    init(problems: Problems, principals: PrincipalEntries, federation: [UpstreamIssuer]) {
        self.problems = problems
        let attestors = principals.attestors + federation.map(\.attestor)
        isComplete = principals.isComplete
        claims = StandardClaim.allCases.map(\.rawValue) + Set(attestors.flatMap(\.claims)).sorted()
        projects = attestors.flatMap(\.projects)
    }

    /// The `allow` of a section, which must be there; only rules of tokens say what jobs may say of themselves.
    func rules(_ section: Section, ofTokens: Bool = false) -> RuleList? {
        section.requireKey("allow", example: "[{project: acme/web}]")
        guard let node = section.node("allow") else { return nil }
        guard case .sequence(let elements) = node.value else {
            section.refuse("allow", "saw \(node.kind), wanted a list of rules", fix: "put '- ' before each rule")
            return nil
        }
        let rules = elements.enumerated().compactMap { index, element in
            rule(element, at: "\(section.name("allow"))[\(index)]", ofTokens: ofTokens)
        }
        guard rules.count == elements.count else { return nil }
        return reported(at: node.mark, section.name("allow")) { () throws(PolicyError) in try RuleList(rules)
        }
    }

    /// The `subject` of a section; nil where it is left out or wrong.
    ///
    /// It is a list of claims, or a mapping of that list as `claims` and of `digest`.
    func subject(_ section: Section) -> SubjectFormat? {
        guard let node = section.node("subject") else { return nil }
        guard case .mapping = node.value else { return format(section, "subject", digest: false) }
        let keys = Keys(["claims", "digest"])
        guard let inner = Section(node, at: section.name("subject"), keys: keys, problems: problems) else { return nil }
        inner.requireKey("claims", example: "[project_id, ref]")
        let digest = inner.flag("digest")
        if inner.has("digest"), digest == nil { return nil }
        return format(inner, "claims", digest: digest ?? false)
    }

    private func format(_ section: Section, _ key: String, digest: Bool) -> SubjectFormat? {
        guard let texts = section.texts(key, limit: Rule.maximumConditions) else { return nil }
        let names = texts.compactMap { isKnown($0.value, at: $0.mark, $0.key) ? ClaimName($0.value) : nil }
        return names.count == texts.count ? SubjectFormat(names, digest: digest) : nil
    }

    /// The name of a claim that a run can have; nil where none can.
    func claim(_ text: Located<String>) -> String? { isKnown(text.value, at: text.mark, text.key) ? text.value : nil }

    private func rule(_ node: YAMLNode, at key: String, ofTokens: Bool) -> Rule? {
        guard case .mapping(let entries) = node.value else {
            problems.error(
                at: node.mark,
                key,
                "saw \(node.kind), wanted a rule",
                fix: "write the claims that must match, such as {project: acme/web}"
            )
            return nil
        }
        let listed = ofTokens ? entries.first { $0.key == Self.jobClaims } : nil
        let claims = entries.filter { !ofTokens || $0.key != Self.jobClaims }
        let conditions = claims.compactMap { condition($0, at: "\(key).\($0.key)") }
        let names = listed.map { jobClaims($0.value, at: "\(key).\(Self.jobClaims)") } ?? []
        guard conditions.count == claims.count, let names else { return nil }
        let place = "\(Self.lastName(of: problems.file)):\(node.mark)"
        return reported(at: node.mark, key) { () throws(PolicyError) in
            try Rule(conditions, place: place, jobClaims: names)
        }
    }

    private static let jobClaims = "job_claims"

    /// The names that a rule lets jobs use of themselves.
    private func jobClaims(_ node: YAMLNode, at key: String) -> [String]? {
        guard case .sequence(let elements) = node.value, (1...Rule.maximumJobClaims).contains(elements.count) else {
            problems.error(
                at: node.mark,
                key,
                "saw \(node.kind), wanted a list of 1 to \(Rule.maximumJobClaims) names",
                fix: "write the names that a job may say of itself, such as job_claims: [deployment]"
            )
            return nil
        }
        let names = elements.compactMap { element -> String? in
            guard case .scalar(let scalar) = element.value, !scalar.isNull else {
                problems.error(at: element.mark, key, "saw \(element.kind), wanted a name", fix: "write a name")
                return nil
            }
            guard let wanted = JobClaims.problem(ofName: scalar.text) else { return scalar.text }
            problems.error(at: element.mark, key, "'\(scalar.text)' is no name for that", fix: "write \(wanted)")
            return nil
        }
        return names.count == elements.count ? names : nil
    }

    private func condition(_ entry: YAMLEntry, at key: String) -> Condition? {
        guard isKnown(entry.key, at: entry.keyMark, key) else { return nil }
        let elements: [YAMLNode]
        switch entry.value.value {
        case .scalar: elements = [entry.value]
        case .sequence(let nodes): elements = nodes
        case .mapping:
            problems.error(at: entry.value.mark, key, "saw a mapping, wanted a value", fix: "write a value, or [a, b]")
            return nil
        }
        let patterns = elements.compactMap { pattern($0, of: entry.key, at: key) }
        guard patterns.count == elements.count else { return nil }
        return reported(at: entry.value.mark, key) { () throws(PolicyError) in
            try Condition(ClaimName(entry.key), patterns)
        }
    }

    private func pattern(_ node: YAMLNode, of claim: String, at key: String) -> Pattern? {
        guard case .scalar(let scalar) = node.value, !scalar.isNull else {
            problems.error(at: node.mark, key, "saw \(node.kind), wanted a value", fix: "write exact text, * or **")
            return nil
        }
        let pattern: Pattern
        do throws(TextError) {
            pattern = try Pattern(scalar.text)
        } catch {
            problems.error(at: node.mark, key, error.reason, fix: error.fix)
            return nil
        }
        if claim == StandardClaim.trust.rawValue, !Trust.allCases.contains(where: { pattern.matches($0.rawValue) }) {
            problems.error(
                at: node.mark,
                key,
                "'\(pattern)' matches no run\(NearMiss.question(scalar.text, among: Trust.allCases.map(\.rawValue)))",
                fix: "write trusted, untrusted or \"*\""
            )
            return nil
        }
        if claim == StandardClaim.project.rawValue, isComplete, !pattern.hasStar,
            !projects.contains(where: { $0.matches(scalar.text) })
        {
            problems.warning(
                at: node.mark,
                key,
                "no principal may attest a run of project '\(pattern)', so that nothing matches",
                fix: "add it to a principal's projects"
            )
        }
        return pattern
    }

    private func isKnown(_ claim: String, at mark: YAMLMark, _ key: String) -> Bool {
        guard !claims.contains(claim) else { return true }
        let meant = NearMiss.name(nearestTo: claim, among: claims)
        // A principal that could not be read may list it; a slip of the pen is one all the same.
        guard isComplete || meant != nil else { return true }
        problems.error(
            at: mark,
            key,
            "no run can have a claim '\(claim)'",
            fix: meant.map { "did you mean '\($0)'?" } ?? "list it under a principal's claims, or write one of "
                + claims.joined(separator: ", ")
        )
        return false
    }

    /// The value of a step of compiling, or a report of why there is none.
    private func reported<Value>(
        at mark: YAMLMark,
        _ key: String,
        _ step: () throws(PolicyError) -> Value
    ) -> Value? {
        do throws(PolicyError) {
            return try step()
        } catch {
            problems.error(at: mark, key, error.reason, fix: error.fix)
            return nil
        }
    }

    private static func lastName(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}
