internal import Claims
internal import Crypto
internal import Encoding
internal import Exchange
internal import Policy
internal import Text

/// What all clouds are told: the issuer, the audience, and the target's rules with the subjects that each allows.
struct CloudSide: Sendable {
    /// One of the target's rules.
    struct Allowed: Sendable {
        /// Such as `rule 1 at jobpass.yaml:41:9`.
        let place: String
        let conditions: [Condition]
        /// Every form that the `sub` of a run which the rule allows can have.
        let subjects: [SubjectShape]

        /// Whether runs of strangers' code are meant, and whether others are.
        var takesUntrusted: Bool { trust.contains { $0.matches("untrusted") } }
        var takesTrusted: Bool { trust.contains { $0.matches("trusted") } }

        private var trust: [Pattern] { self[.trust]?.patterns ?? [] }

        subscript(name: ClaimName) -> Condition? { conditions.first { $0.name == name } }

        /// The rule as a person writes it.
        var text: String {
            conditions.filter { !$0.isImplied }.map { condition in
                let values = condition.patterns.map(\.description)
                return "\(condition.name): \(values.count == 1 ? values[0] : "[\(values.joined(separator: ", "))]")"
            }.joined(separator: ", ")
        }
    }

    let target: Target
    /// The issuer of trusted runs' tokens.
    let issuer: String
    let audience: String
    let algorithm: String
    let subject: SubjectFormat
    let rules: [Allowed]
    let siblings: [(target: Target, rule: TokenRule)]

    /// More subjects than any cloud's policy holds.
    private static let mostSubjects = 64

    init(
        _ target: Target,
        _ rule: TokenRule,
        issuer: String,
        siblings: [(target: Target, rule: TokenRule)]
    ) throws(TrustFiles.Refusal) {
        self.target = target
        self.issuer = issuer
        self.siblings = siblings
        audience = rule.audience
        algorithm = rule.algorithm.rawValue
        subject = rule.subject
        var rules: [Allowed] = []
        for (index, allowed) in rule.allow.rules.enumerated() {
            let place = "rule \(index + 1) at \(allowed.place)"
            guard let subjects = SubjectShape.shapes(of: allowed, rule.subject, most: Self.mostSubjects) else {
                throw TrustFiles.Refusal(
                    "\(place) has more than \(Self.mostSubjects) forms of sub",
                    fix: "write fewer values in it, a * in their place, or a 'subject' of fewer claims"
                )
            }
            rules.append(Allowed(place: place, conditions: allowed.conditions, subjects: subjects))
        }
        self.rules = rules
    }

    /// The second issuer, of strangers' runs.
    var untrustedIssuer: String { "\(issuer)/untrusted" }

    /// The issuer of the runs that the rules mean, where a cloud's provider has one alone.
    ///
    /// - Throws: `Refusal` where they mean runs of both issuers.
    func onlyIssuer() throws(TrustFiles.Refusal) -> String {
        let untrusted = rules.filter(\.takesUntrusted)
        guard let first = untrusted.first else { return issuer }
        guard !rules.contains(where: \.takesTrusted) else {
            throw TrustFiles.Refusal(
                "\(first.place) lets in untrusted runs, which have an issuer of their own, and one provider has one issuer",
                fix: "make two targets of it: one for trust: trusted, one for trust: untrusted"
            )
        }
        return untrustedIssuer
    }

    /// The issuer must be one that the public clouds can reach.
    ///
    /// - Throws: `Refusal` where it is none.
    func requirePublicIssuer(_ cloud: String, port: Bool = true) throws(TrustFiles.Refusal) {
        guard issuer.hasPrefix("https://") else {
            throw TrustFiles.Refusal(
                "\(cloud) takes no issuer but an https one, and this is \(issuer)",
                fix: "write 'issuer' with https, and a name that the cloud can reach"
            )
        }
        let authority = issuer.dropFirst("https://".count).prefix { $0 != "/" }
        guard port || !authority.contains(":") else {
            throw TrustFiles.Refusal(
                "\(cloud) takes no issuer with a port, and this is \(issuer)",
                fix: "serve the issuer on port 443, and write it without a port"
            )
        }
    }

    /// Claims that some rule names beyond those that the `sub` holds, which a cloud that sees the `sub` alone cannot compare.
    var claimsOutsideSubject: [ClaimName] {
        var names: [ClaimName] = []
        for condition in rules.flatMap(\.conditions)
        where condition.name != .trust && !subject.names.contains(condition.name) && !names.contains(condition.name) {
            names.append(condition.name)
        }
        return names
    }

    /// Whether a single star is somewhere, which stops at `/` in our rules.
    var hasSingleStar: Bool { rules.contains { $0.subjects.contains(where: \.hasSingleStar) } }

    /// What cannot be said to the cloud.
    var notes: [String] {
        var notes: [String] = []
        switch target.service {
        case .aws(let aws):
            for name in claimsOutsideSubject where !aws.tags.contains(where: { $0.claim == name.description }) {
                notes.append(
                    "AWS cannot compare '\(name)': it is neither in 'subject' nor in 'tags'; the broker alone compares it"
                )
            }
        case .vault where hasSingleStar:
            notes.append(
                "a * of OpenBao also matches '/', where that of the broker's rules stops: the broker's are tighter"
            )
        case .vault, .gcp, .azure, .none, .tokenExchange, .recipe: break
        }
        return notes
    }

    /// What files, roles and credentials are called after the target: letters, digits and `-`.
    var slug: String { Self.slug(target.name, joint: "-") }

    /// The same for languages whose names know no `-`.
    var identifier: String { Self.slug(target.name, joint: "_") }

    static func slug(_ text: String, joint: Character) -> String {
        String(text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : joint })
    }

    /// The first lines of every file, without their comment signs.
    func head(_ format: TrustFiles.Format) -> [String] {
        var lines = [
            "The cloud's side of Jobpass's target '\(target.name)': who may use it, as its rules say.",
            "Written by: jobpass trust generate \(target.name) --format \(format.rawValue)",
            "Change the rules and write it again, rather than this file.",
        ]
        for rule in rules { lines.append("  \(rule.place): {\(rule.text)}") }
        for note in notes { lines.append("Note: \(note).") }
        return lines
    }
}
