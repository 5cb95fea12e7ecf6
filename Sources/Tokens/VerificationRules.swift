package import Crypto

/// What a token must say to be accepted.
package struct VerificationRules: Sendable {
    /// The exact `iss`; nil leaves it unchecked.
    package var issuer: String?
    /// Names of which `aud` must hold one, each exact; nil leaves it unchecked.
    package var audiences: [String]?
    /// The algorithms that are accepted, whatever keys the issuer publishes.
    package var algorithms: Set<SignatureAlgorithm>
    /// The types that are accepted, in lower case; a token without `typ` is always one, and nil accepts any.
    package var types: Set<String>?
    /// Claims that must be there.
    package var required: [String]
    /// How far this clock and the issuer's may be apart.
    package var leeway: Duration
    /// The longest time since `iat`; nil leaves it unchecked.
    package var maximumAge: Duration?

    /// Makes rules; what is not given is what an ID token of a workload has (protocols that take one agree on it).
    package init(
        issuer: String?,
        audiences: [String]?,
        algorithms: Set<SignatureAlgorithm> = Set(SignatureAlgorithm.allCases),
        types: Set<String>? = ["jwt"],
        required: [String] = ["iss", "sub", "aud", "exp", "iat"],
        leeway: Duration = .seconds(30),
        maximumAge: Duration? = nil
    ) {
        self.issuer = issuer
        self.audiences = audiences
        self.algorithms = algorithms
        self.types = types
        self.required = required
        self.leeway = leeway
        self.maximumAge = maximumAge
    }
}
