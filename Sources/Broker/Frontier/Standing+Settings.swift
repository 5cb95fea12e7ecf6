package import Configuration
internal import Exchange
internal import Federation
internal import Policy
package import Time
package import Tokens

extension Standing {
    /// Puts a checked configuration in force, with the keys of its two issuers.
    package convenience init(_ settings: Settings, trusted: Issuer, untrusted: Issuer, clock: @escaping WallClock) {
        self.init(
            trusted: trusted,
            untrusted: untrusted,
            signer: TokenSigner(trusted: trusted, untrusted: untrusted, clock: clock),
            policy: settings.policy,
            cacheTime: settings.keys.cacheTime,
            targets: Dictionary(uniqueKeysWithValues: settings.targets.map { ($0.name, $0) }),
            fallbacks: settings.fallbacks,
            contexts: settings.contexts,
            principals: Principals(settings.principals),
            federation: settings.federation,
            runLimits: settings.runs,
            subject: settings.token.subject,
            requestsPerRun: settings.limits.requestsPerRun,
            requestsPerPrincipal: settings.limits.requestsPerPrincipal,
            jsonDepth: settings.limits.jsonDepth,
            responseBytes: settings.limits.responseBytes,
            secretBytes: settings.limits.secretBytes,
            isTerse: settings.errors == .terse
        )
    }
}
