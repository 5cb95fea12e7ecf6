package import Claims
package import Crypto

/// What a policy says to a run.
package enum Decision<Allowed: Sendable>: Sendable {
    case allowed(Allowed)
    case refused(Refusal)
}

/// That a run may have one ID token, and exactly which; made by a policy alone.
package struct Grant: Equatable, Sendable {
    package let claims: ClaimSet
    /// The issuer that speaks; nil for the broker's own.
    package let issuer: String?
    /// The token's `sub`.
    package let subject: String
    /// What the `sub` stands for, where it is a digest.
    package let spelledOut: String?
    /// The token's `aud`.
    package let audience: String
    package let algorithm: SignatureAlgorithm
    package let lifetime: Duration
    /// The target that the token is for; nil for a bare ID token.
    package let target: String?
    /// Claims that the target's relying party reads besides the run's, as a JSON object; empty where there are none.
    package let added: [UInt8]
    /// What the job says of itself, each by a name that the rule lists.
    package let jobClaims: JobClaims
    /// The rule that allowed it.
    package let rule: RulePlace
}

/// That a run may read the secrets of one context; made by a policy alone.
package struct ContextGrant: Equatable, Sendable {
    package let claims: ClaimSet
    package let context: String
    /// The rule that allowed it.
    package let rule: RulePlace
}
