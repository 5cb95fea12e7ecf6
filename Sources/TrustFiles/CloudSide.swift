internal import Claims
internal import Crypto
internal import Encoding
internal import Exchange
internal import Policy
internal import Text

/// What all clouds are told: the issuer, the audience, and the target's rules with the subjects that each allows.
struct CloudSide: Sendable {
    /// One of the target's rules, for the runs of one issuer.
    struct Allowed: Sendable {
        /// Such as `rule 1 at jobpass.yaml:41:9`.
        let place: String
        /// The issuer of those runs' tokens.
        let issuer: String
        let conditions: [Condition]
        /// Every form that the `sub` of a run which the rule allows can have.
        let subjects: [SubjectShape]

        /// The issuers whose tokens it means: of trusted runs, of strangers', or both.
        var issuers: [(url: String, isUntrusted: Bool)] {
            (takesTrusted ? [(issuer, false)] : []) + (takesUntrusted ? [("\(issuer)/untrusted", true)] : [])
        }

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
    /// The broker's own issuer.
    let issuer: String
    let audience: String
    let algorithm: String
    /// Claims that every `sub` holds.
    let subjectNames: [ClaimName]
    /// Whether another form of `sub` is on its way, so that a cloud must hold both.
    let isMigrating: Bool
    /// Whether a `sub` may be the digest of one that is too long.
    let allowsDigest: Bool
    let rules: [Allowed]
    let siblings: [(target: Target, rule: TokenRule)]

    /// More subjects than any cloud's policy holds.
    private static let mostSubjects = 64

    init(
        _ target: Target,
        _ rule: TokenRule,
        issuers: TrustFiles.Issuers,
        siblings: [(target: Target, rule: TokenRule)],
        forms: [SubjectFormat]
    ) throws(TrustFiles.Refusal) {
        self.target = target
        issuer = issuers.own
        self.siblings = siblings
        audience = rule.audience
        algorithm = rule.algorithm.rawValue
        var rules: [Allowed] = []
        var names: [[ClaimName]] = []
        var allowsDigest = false
        for (index, allowed) in rule.allow.rules.enumerated() {
            let place = "rule \(index + 1) at \(allowed.place)"
            for (name, url, formats) in issuers.speaking(of: allowed, rule, forms: forms) {
                names += formats.map(\.names)
                allowsDigest = allowsDigest || formats.contains(where: \.allowsDigest)
                let subjects = try Self.subjects(of: allowed, at: place, formats, rule.subjectLimit)
                rules.append(
                    Allowed(
                        place: place + (name.map { " (issuer \($0))" } ?? ""),
                        issuer: url,
                        conditions: allowed.conditions,
                        subjects: subjects
                    )
                )
            }
        }
        self.rules = rules
        self.allowsDigest = allowsDigest
        isMigrating = !forms.isEmpty
        subjectNames = (names.first ?? []).filter { name in names.allSatisfy { $0.contains(name) } }
    }

    /// The forms of `sub` that a rule's runs have; one that is too long stands as the digest that it becomes.
    private static func subjects(
        of rule: Rule,
        at place: String,
        _ formats: [SubjectFormat],
        _ limit: SubjectLimit
    ) throws(TrustFiles.Refusal) -> [SubjectShape] {
        var subjects: [SubjectShape] = []
        for format in formats {
            guard let shapes = SubjectShape.shapes(of: rule, format, most: mostSubjects) else {
                throw TrustFiles.Refusal(
                    "\(place) has more than \(mostSubjects) forms of sub",
                    fix: "write fewer values in it, a * in their place, or a 'subject' of fewer claims"
                )
            }
            for shape in shapes {
                guard let plain = shape.exact, plain.utf8.count > limit.bytes, format.allowsDigest else {
                    if !subjects.contains(shape) { subjects.append(shape) }
                    continue
                }
                let digest = SubjectShape([.text(Subject(digestOf: plain).text)])
                if !subjects.contains(digest) { subjects.append(digest) }
            }
        }
        return subjects
    }

    /// Every issuer whose tokens the rules mean, each once.
    var issuers: [(url: String, isUntrusted: Bool)] {
        var issuers: [(url: String, isUntrusted: Bool)] = []
        for isUntrusted in [false, true] {
            for issuer in rules.flatMap(\.issuers) where issuer.isUntrusted == isUntrusted {
                if !issuers.contains(where: { $0.url == issuer.url }) { issuers.append(issuer) }
            }
        }
        return issuers
    }

    /// The issuer of the runs that the rules mean, where a cloud's provider has one alone.
    ///
    /// - Throws: `Refusal` where they mean runs of both issuers.
    func onlyIssuer() throws(TrustFiles.Refusal) -> String {
        let untrusted = rules.filter(\.takesUntrusted)
        if let first = untrusted.first, rules.contains(where: \.takesTrusted) {
            throw TrustFiles.Refusal(
                "\(first.place) lets in untrusted runs, which have an issuer of their own, and one provider has one issuer",
                fix: "make two targets of it: one for trust: trusted, one for trust: untrusted"
            )
        }
        let urls = issuers
        guard urls.count <= 1 else {
            throw TrustFiles.Refusal(
                "its rules let in runs of \(urls.map(\.url).joined(separator: " and ")), and one provider has one issuer",
                fix: "make a target for the projects of each issuer"
            )
        }
        return urls.first?.url ?? issuer
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
        where condition.name != .trust && !subjectNames.contains(condition.name) && !names.contains(condition.name) {
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
        if allowsDigest, rules.contains(where: { $0.subjects.contains { $0.exact == nil } }) {
            notes.append(
                "a sub that is too long becomes a digest, which no pattern lets in: name exact values in such rules"
            )
        }
        if rules.contains(where: { $0.subjects.contains(where: \.isDigest) }) {
            notes.append(
                "a sub that begins with \(SubjectFormat.digestPrefix) is the digest of one that is too long for the cloud: 'jobpass audit "
                    + "list --subject' says what it stands for"
            )
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
