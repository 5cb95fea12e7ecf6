package import Claims
package import Crypto
package import Policy
package import Runs
internal import Text

extension ClaimSet {
    /// The claims of an example run, with changes as `RunRequest.sample` takes them.
    ///
    /// - Throws: `AttestationError` where the changes break a rule.
    package static func sample(
        _ changes: [StandardClaim: String] = [:],
        trust: Trust = .trusted,
        further: [Claim] = []
    ) throws -> ClaimSet {
        ClaimSet(of: try Run.sample(.sample(changes, trust: trust, further: further)))
    }
}

extension Rule {
    /// A rule as configuration writes it: claims with the patterns that they may match.
    ///
    /// - Throws: `PolicyError` or `TextError`.
    package static func of(
        _ claims: KeyValuePairs<String, [String]>,
        place: String = "jobpass.yaml:1:1",
        jobClaims: [String] = []
    ) throws -> Rule {
        let conditions = try claims.map { name, patterns in
            try Condition(ClaimName(name), patterns.map { text in try Pattern(text) })
        }
        return try Rule(conditions, place: place, jobClaims: jobClaims)
    }
}

/// What a test expected a policy to allow, and it refused.
package struct UnexpectedRefusal: Error {
    package let refusal: Refusal
}

extension Decision {
    /// What was allowed.
    ///
    /// - Throws: `UnexpectedRefusal`.
    package func allowed() throws -> Allowed {
        switch self {
        case .allowed(let allowed): return allowed
        case .refused(let refusal): throw UnexpectedRefusal(refusal: refusal)
        }
    }

    /// The refusal; nil where it was allowed.
    package var refusal: Refusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }
}

extension Grant {
    /// A grant that a real policy gives the example run, whatever its trust.
    ///
    /// - Throws: `AttestationError` where the claims break a rule.
    package static func sample(
        audience: String = "sts.amazonaws.com",
        algorithm: SignatureAlgorithm = .rs256,
        lifetime: Duration = .seconds(300),
        claims: ClaimSet? = nil,
        saying own: JobClaims = .none
    ) throws -> Grant {
        let rule = TokenRule(
            audience: audience,
            algorithm: algorithm,
            lifetime: lifetime,
            maximumLifetime: max(lifetime, .seconds(3_600)),
            subject: .standard,
            subjectLimit: .openID,
            allow: try RuleList([
                try .of(["project": ["**"], "trust": ["trusted", "untrusted"]], jobClaims: own.members.map(\.name))
            ])
        )
        let policy = try Policy(PolicyRules(audiences: [rule]))
        return try policy.audienceGrant(for: claims ?? .sample(), audience: audience, saying: own).allowed()
    }
}
