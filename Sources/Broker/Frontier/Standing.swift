internal import Claims
package import Configuration
package import Exchange
package import Federation
package import Policy
package import Runs
package import Secrets
package import Tokens

/// A configuration in force: immutable, and replaced as a whole.
///
/// A class, since every request takes a reference to it and none a copy of all it holds.
package final class Standing: Sendable {
    /// Every issuer.
    package let issuers: IssuerSet
    /// Signs for all of them.
    package let signer: TokenSigner
    package let policy: Policy
    /// The targets by name.
    package let targets: [String: Target]
    /// The fallbacks of those targets that have one.
    package let fallbacks: [String: Fallback]
    /// The contexts of static secrets.
    package let contexts: [ContextSettings]
    package let principals: Principals
    /// Other issuers whose tokens become runs here.
    package let federation: [UpstreamIssuer]
    package let runLimits: RunLimits
    /// What clients may take of the broker.
    package let limits: LimitSettings
    /// Whether clients get no reasons.
    package let isTerse: Bool

    /// Makes a standing configuration.
    package init(
        issuers: IssuerSet,
        signer: TokenSigner,
        policy: Policy,
        targets: [String: Target],
        fallbacks: [String: Fallback],
        contexts: [ContextSettings],
        principals: Principals,
        federation: [UpstreamIssuer],
        runLimits: RunLimits,
        limits: LimitSettings,
        isTerse: Bool
    ) {
        self.issuers = issuers
        self.signer = signer
        self.policy = policy
        self.targets = targets
        self.fallbacks = fallbacks
        self.contexts = contexts
        self.principals = principals
        self.federation = federation
        self.runLimits = runLimits
        self.limits = limits
        self.isTerse = isTerse
    }

    /// What is set for a context, by its name.
    func context(_ name: String) -> ContextSettings? { contexts.first { $0.name.text == name } }

    /// The broker's own issuer of trusted runs' tokens.
    package var trusted: Issuer { issuers.own.trusted }
    /// The broker's own issuer of strangers' runs' tokens.
    package var untrusted: Issuer { issuers.own.untrusted }

    /// The issuer that speaks of a run.
    func issuer(of run: Run) -> Issuer {
        let pair = issuers.pair(named: policy.voice(of: ClaimSet(of: run)).issuer) ?? issuers.own
        return pair.issuer(untrusted: run.attestation.trust == .untrusted)
    }
}
