package import Crypto
package import Runs
internal import Time
package import Tokens

/// An issuer whose tokens are taken: whose keys, for whom they must be, and what they must say.
package struct UpstreamRules: Hashable, Sendable {
    package let issuer: IssuerURL
    /// Of these `aud` must hold one.
    package let audiences: [String]
    package let algorithms: Set<SignatureAlgorithm>
    /// What every token must say.
    package let require: [ForeignCondition]
    /// How far the issuer's clock and ours may be apart.
    package let leeway: Duration
    /// The longest time since `iat`; nil leaves it open.
    package let maximumAge: Duration?
    /// A PEM file of authorities to trust for the issuer's web server instead of the system's.
    package let authorities: String?
    /// Whether a token counts once: it then needs a `jti`.
    package let isOnce: Bool

    /// Gathers the rules.
    package init(
        issuer: IssuerURL,
        audiences: [String],
        algorithms: Set<SignatureAlgorithm>,
        require: [ForeignCondition],
        leeway: Duration,
        maximumAge: Duration?,
        authorities: String?,
        isOnce: Bool
    ) {
        self.issuer = issuer
        self.audiences = audiences
        self.algorithms = algorithms
        self.require = require
        self.leeway = leeway
        self.maximumAge = maximumAge
        self.authorities = authorities
        self.isOnce = isOnce
    }

    /// The same rules, with other conditions.
    package func requiring(_ conditions: [ForeignCondition]) -> UpstreamRules {
        UpstreamRules(
            issuer: issuer,
            audiences: audiences,
            algorithms: algorithms,
            require: conditions,
            leeway: leeway,
            maximumAge: maximumAge,
            authorities: authorities,
            isOnce: isOnce
        )
    }

    /// As the verifier takes them; workloads' tokens lack `iat` nowhere that a token has an age.
    var verification: VerificationRules {
        VerificationRules(
            issuer: issuer.text,
            audiences: audiences,
            algorithms: algorithms,
            required: ["iss", "sub", "aud", "exp"] + (maximumAge == nil ? [] : ["iat"]) + (isOnce ? ["jti"] : []),
            leeway: leeway,
            maximumAge: maximumAge
        )
    }
}

/// An entry of `federation`: an issuer, and how its tokens become attestations.
package struct UpstreamIssuer: Sendable {
    /// One claim of ours, and the places that it is taken from, of which the first that holds something counts.
    package struct Mapping: Equatable, Sendable {
        package let claim: String
        package let places: [ForeignClaim]

        /// Makes a mapping of at least one place.
        package init(_ claim: String, _ places: [ForeignClaim]) {
            self.claim = claim
            self.places = places
        }
    }

    /// What configuration and the ledger call it.
    package let name: String
    package let rules: UpstreamRules
    package let mappings: [Mapping]
    package let trust: ForeignTrust
    /// The projects whose runs it may attest, as with any orchestrator.
    package let attestor: Attestor
    /// How long a run lives that was begun by one of its tokens.
    package let lifetime: Duration

    /// Gathers an entry.
    package init(
        name: String,
        rules: UpstreamRules,
        mappings: [Mapping],
        trust: ForeignTrust,
        attestor: Attestor,
        lifetime: Duration
    ) {
        self.name = name
        self.rules = rules
        self.mappings = mappings
        self.trust = trust
        self.attestor = attestor
        self.lifetime = lifetime
    }
}
