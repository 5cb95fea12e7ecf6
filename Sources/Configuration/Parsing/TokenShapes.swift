internal import Claims
internal import Crypto
internal import Exchange
internal import Policy
internal import Text
internal import Time

/// Reads what an audience and a target say of their tokens, over the defaults of `token` and `keys`.
struct TokenShapes {
    /// The shortest life of a token: less and clocks a few seconds apart would refuse it.
    static let shortest = Duration.seconds(10)

    let token: TokenSettings
    let keys: KeySettings?
    let voices: Voices
    let reader: RuleReader

    /// What the other side takes, and what it is called in messages.
    struct RelyingParty {
        let name: String
        let algorithms: [SignatureAlgorithm]
        let subjectLimit: SubjectLimit

        /// What a target takes; where its own settings are wrong, what its type does.
        init(_ type: TargetType, _ service: Target.Service?) {
            name = "a target of type \(type.rawValue)"
            algorithms = service?.acceptedAlgorithms ?? type.acceptedAlgorithms
            subjectLimit =
                switch (type, service) {
                case (.aws, _): .aws
                case (.gcp, _): .gcp
                case (.azure, _): .azure
                case (_, .recipe(let recipe)?):
                    SubjectLimit(bytes: recipe.recipe.subjectBytes, party: recipe.recipe.name)
                case (.vault, _), (.tokenExchange, _), (.recipe, _), (.none, _): .openID
                }
        }

        /// What is known to take tokens for an audience.
        init(audience: String) {
            name = "audience '\(audience)'"
            switch audience {
            case TargetType.aws.defaultAudience:
                algorithms = TargetType.aws.acceptedAlgorithms
                subjectLimit = .aws
            case TargetType.azure.defaultAudience:
                algorithms = TargetType.azure.acceptedAlgorithms
                subjectLimit = .azure
            case _
            where audience.hasPrefix("//iam.googleapis.com/") || audience.hasPrefix("https://iam.googleapis.com/"):
                algorithms = TargetType.gcp.acceptedAlgorithms
                subjectLimit = .gcp
            default:
                algorithms = SignatureAlgorithm.allCases
                subjectLimit = .openID
            }
        }
    }

    /// The rule of a section with `allow`, `algorithm`, `lifetime` and `subject`.
    func rule(_ section: Section, audience: String?, party: RelyingParty) -> TokenRule? {
        let algorithm = algorithm(section, party: party)
        let lifetime = lifetime(section)
        let subject = section.has("subject") ? reader.subject(section) : nil
        let allow = reader.rules(section, ofTokens: true)
        guard let audience, let algorithm, let allow, subject != nil || !section.has("subject") else { return nil }
        var rule = TokenRule(
            audience: audience,
            algorithm: algorithm,
            lifetime: lifetime,
            maximumLifetime: token.maximumLifetime,
            subject: subject,
            subjectLimit: party.subjectLimit,
            allow: allow
        )
        rule.untrustedLifetime = token.untrustedLifetime
        refuseLongSubjects(section, rule)
        if let subject, subject.allowsDigest, SubjectFormat.digestBytes > party.subjectLimit.bytes {
            section.refuse(
                "subject",
                "a digest has \(SubjectFormat.digestBytes) bytes, and \(party.subjectLimit.party) takes \(party.subjectLimit.bytes)",
                fix: "write fewer claims, without digest"
            )
        }
        return rule
    }

    /// Reports a rule that would refuse every run that it allows, for a subject that the other side does not take.
    private func refuseLongSubjects(_ section: Section, _ rule: TokenRule) {
        guard let (place, bytes) = rule.unusableRule(voices) else { return }
        let (limit, party) = (rule.subjectLimit.bytes, rule.subjectLimit.party)
        section.refuse(
            section.has("subject") ? "subject" : "allow",
            "the sub of a run that \(place) allows has \(bytes) bytes or more, and \(party) takes \(limit)",
            fix:
                "write a subject of fewer or shorter claims, such as subject: [project, job], or let it become a digest"
        )
    }

    /// The text of an `aud`; nil where it is left out or wrong.
    func audience(_ section: Section) -> String? {
        guard let text = section.text("audience") else { return nil }
        guard text.value.utf8.count <= 1_024, text.value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            section.refuse(
                "audience",
                "'\(text.value)' is no audience",
                fix: "write visible ASCII without spaces, exactly as the other side expects it"
            )
            return nil
        }
        return text.value
    }

    private func algorithm(_ section: Section, party: RelyingParty) -> SignatureAlgorithm? {
        guard let keys else { return nil }
        guard section.has("algorithm") else {
            let standard = keys.defaultAlgorithm
            guard party.algorithms.contains(standard) else {
                refuse(section, "\(standard.rawValue), the default", party, keys)
                return nil
            }
            return standard
        }
        guard let text = section.text("algorithm"), let algorithm = section.signingAlgorithm(text) else { return nil }
        guard party.algorithms.contains(algorithm) else {
            refuse(section, algorithm.rawValue, party, keys)
            return nil
        }
        guard keys.algorithms.contains(algorithm) else {
            section.refuse(
                "algorithm",
                "there is no \(algorithm.rawValue) key",
                fix: "add \(algorithm.rawValue) to keys.algorithms, or write one of "
                    + keys.algorithms.map(\.rawValue).joined(separator: ", ")
            )
            return nil
        }
        return algorithm
    }

    /// Reports an algorithm that the other side does not take, with one that it does.
    private func refuse(_ section: Section, _ algorithm: String, _ party: RelyingParty, _ keys: KeySettings) {
        let fix: String
        if let usable = keys.algorithms.first(where: party.algorithms.contains) {
            fix = "write algorithm: \(usable.rawValue)"
        } else {
            let taken = party.algorithms.filter(\.canSign).map(\.rawValue).joined(separator: ", ")
            fix = "add one of \(taken) to keys.algorithms, and name it here"
        }
        section.refuse("algorithm", "\(party.name) does not take \(algorithm)", fix: fix)
    }

    private func lifetime(_ section: Section) -> Duration {
        guard let lifetime = section.duration("lifetime", Self.shortest...(.seconds(86_400))) else {
            return token.lifetime
        }
        if lifetime > token.maximumLifetime {
            section.refuse(
                "lifetime",
                "\(lifetime.text) is longer than the token.maximum_lifetime of \(token.maximumLifetime.text)",
                fix: "make it shorter, or raise token.maximum_lifetime"
            )
        }
        return lifetime
    }
}
