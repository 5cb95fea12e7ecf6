package import Claims
package import Crypto

/// Everything that configuration says about who may have what, each list already compiled and checked.
package struct PolicyRules: Sendable {
    /// Who may ask for a bare ID token, for each audience once.
    package var audiences: [TokenRule]
    /// Who may have a credential, for each target by its name.
    package var targets: [String: TokenRule]
    /// Who may read static secrets, for each context by its name.
    package var contexts: [String: RuleList]
    /// Which issuer speaks of which run.
    package var voices: Voices

    /// Makes the rules of a configuration.
    package init(
        audiences: [TokenRule] = [],
        targets: [String: TokenRule] = [:],
        contexts: [String: RuleList] = [:],
        voices: Voices = .standard
    ) {
        self.voices = voices
        self.audiences = audiences
        self.targets = targets
        self.contexts = contexts
    }
}

/// Who may have a token of which shape.
package struct TokenRule: Sendable {
    /// The token's `aud`.
    package let audience: String
    package let algorithm: SignatureAlgorithm
    /// How long the token lives where the job does not ask.
    package let lifetime: Duration
    /// The longest life that a job may ask for.
    package let maximumLifetime: Duration
    /// The longest life of a token of a stranger's run.
    package var untrustedLifetime: Duration
    /// The subject of its tokens; nil where issuers and projects say it.
    package let subject: SubjectFormat?
    package let subjectLimit: SubjectLimit
    package let allow: RuleList
    /// What the relying party reads besides, for a target whose type has such claims.
    package var added: (any AddedClaims)?

    /// Makes a rule of an audience's or a target's settings.
    package init(
        audience: String,
        algorithm: SignatureAlgorithm,
        lifetime: Duration,
        maximumLifetime: Duration,
        subject: SubjectFormat?,
        subjectLimit: SubjectLimit,
        allow: RuleList
    ) {
        self.audience = audience
        self.algorithm = algorithm
        self.lifetime = lifetime
        self.maximumLifetime = maximumLifetime
        untrustedLifetime = maximumLifetime
        self.subject = subject
        self.subjectLimit = subjectLimit
        self.allow = allow
    }

    /// The first rule that allows no run whatever, since the subject of each is longer than the other side takes.
    package func unusableRule(_ voices: Voices) -> (rule: RulePlace, bytes: Int)? {
        allow.shortestSubjects { rule in subject.map { [$0] } ?? voices.voices(of: rule).map(\.subject) }
            .first { $0.bytes > subjectLimit.bytes }
    }

    /// The forms that a rule's runs may be called in, each with the name of the issuer that speaks so.
    package func forms(of rule: Rule, _ voices: Voices) -> [(issuer: String?, subject: SubjectFormat)] {
        voices.voices(of: rule).map { ($0.issuer, subject ?? $0.subject) }
    }

    func decide(
        _ asked: AskedFor,
        for claims: ClaimSet,
        by voice: Voice,
        saying own: JobClaims = .none,
        lifetime: Duration?
    ) -> Decision<Grant> {
        let place: RulePlace
        switch allow.decide(claims, saying: own) {
        case .matched(let matched): place = matched
        case .overstated(let rule, let name, let listed):
            return .refused(Refusal(asked, rule, says: name, listed: listed))
        case .unmatched(let nearest): return .refused(Refusal(asked, nearest: nearest))
        }
        guard !voice.isShut else {
            return .refused(Refusal(asked, place, shut: voice.issuer ?? "", project: claims[.project] ?? ""))
        }
        let longest = claims.isUntrusted ? min(maximumLifetime, untrustedLifetime) : maximumLifetime
        let lifetime = lifetime ?? min(self.lifetime, longest)
        guard lifetime >= .seconds(1), lifetime <= longest else {
            return .refused(Refusal(asked, lifetime: lifetime, maximum: longest))
        }
        let added: [UInt8]
        do throws(AddedClaimError) { added = try self.added?.claims(of: claims) ?? [] } catch {
            return .refused(Refusal(asked, added: error))
        }
        do {
            let subject = try (subject ?? voice.subject).subject(of: claims, limit: subjectLimit)
            let target = asked.kind == .target ? asked.name : nil
            return .allowed(
                Grant(
                    claims: claims,
                    issuer: voice.issuer,
                    subject: subject.text,
                    spelledOut: subject.spelledOut,
                    audience: audience,
                    algorithm: algorithm,
                    lifetime: lifetime,
                    target: target,
                    added: added,
                    jobClaims: own,
                    rule: place
                )
            )
        } catch {
            return .refused(Refusal(asked, subject: error))
        }
    }
}
