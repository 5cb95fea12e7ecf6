package import JSON

/// Trust owns the cloud's side of trust as documents: it reads the policies by which clouds admit a token, says condition by
/// condition what they make of one, and finds what they admit that nobody meant.
///
/// It is pure: no network, no clock, no secret. What it does not understand is `cannot tell`, which is never a pass. It
/// decides nothing in a real exchange.
///
/// AWS role trust policies (version 2012-10-17), Google Cloud workload identity pool providers (CEL as far as their conditions
/// use it), Microsoft Entra federated identity credentials, JWT roles of OpenBao and Vault, AuthenticationConfiguration of
/// Kubernetes (apiserver.config.k8s.io), and Jobpass's own rules.
package protocol TrustPolicy: Sendable {
    /// Whose policy it is.
    var kind: PolicyKind { get }
    /// What the policy makes of a token whose signature is good.
    func explain(_ presented: Presented) -> Explanation
    /// The claims that it looks at, each with values between which its answer may differ.
    var horizon: Horizon { get }
    /// What in it may admit more than was meant; each is to be proved by a witness.
    var suspicions: [Suspicion] { get }
}

/// The kinds of policy.
package enum PolicyKind: String, Sendable, CaseIterable {
    case aws
    case google
    case azure
    case vault
    case kubernetes
    case own

    /// What it is called.
    package var title: String {
        switch self {
        case .aws: "AWS role trust policy"
        case .google: "Google Cloud workload identity pool provider"
        case .azure: "Entra federated identity credential"
        case .vault: "Vault or OpenBao JWT role"
        case .kubernetes: "Kubernetes AuthenticationConfiguration"
        case .own: "Jobpass rules"
        }
    }
}

/// A token as it is shown to a cloud, its signature taken for good, with what else the cloud then knows.
package struct Presented: Sendable {
    /// The token's claims.
    package var claims: JSONObject
    /// The role that is asked for, where that is known.
    package var role: String?
    /// The name of the session that is asked for, where that is known.
    package var session: String?
    /// The name of the Google provider that is asked, where its text does not say it.
    package var provider: String?
    /// Seconds since the epoch, where times are to be checked.
    package var now: Int64?

    /// Makes what is shown.
    package init(_ claims: JSONObject, role: String? = nil, session: String? = nil, now: Int64? = nil) {
        self.claims = claims
        self.role = role
        self.session = session
        self.now = now
    }

    var issuer: String { claims["iss"]?.asString ?? "" }

    /// The audiences, of which there may be one or several.
    var audiences: [String] {
        claims["aud"]?.asArray?.compactMap(\.asString) ?? claims["aud"]?.asString.map { [$0] } ?? []
    }
}

/// Why a text is no policy that can be read.
package struct TrustError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Where it stands; nil where the whole text is meant.
    package let place: Place?
    /// What was wrong.
    package let reason: String
    /// What to write instead.
    package let fix: String

    /// Makes an error.
    package init(_ place: Place?, _ reason: String, fix: String) {
        self.place = place
        self.reason = reason
        self.fix = fix
    }

    package var description: String { (place.map { "\($0): " } ?? "") + "\(reason); \(fix)" }
}
