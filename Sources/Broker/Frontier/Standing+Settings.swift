package import Configuration
internal import Exchange
internal import Federation
internal import Policy
package import Time
package import Tokens

extension Standing {
    /// Puts a checked configuration in force that names no issuer but its own, with the keys of that.
    package convenience init(_ settings: Settings, trusted: Issuer, untrusted: Issuer, clock: @escaping WallClock) {
        let own = IssuerSet.Pair(trusted: trusted, untrusted: untrusted)
        self.init(settings, issuers: IssuerSet(own: own), clock: clock)
    }

    /// Puts a checked configuration in force, with the keys of its issuers.
    package convenience init(_ settings: Settings, issuers: IssuerSet, clock: @escaping WallClock) {
        self.init(
            issuers: issuers,
            signer: TokenSigner(issuers, clock: clock),
            policy: settings.policy,
            targets: Dictionary(uniqueKeysWithValues: settings.targets.map { ($0.name, $0) }),
            fallbacks: settings.fallbacks,
            contexts: settings.contexts,
            principals: Principals(settings.principals),
            federation: settings.federation,
            runLimits: settings.runs,
            limits: settings.limits,
            isTerse: settings.errors == .terse
        )
    }
}
