package import Encoding

/// A cloud endpoint that trades an ID token for a credential, as the configuration names it.
///
/// Who may trade, and what the ID token says, stand elsewhere (`Policy`, `Tokens`); so does the fallback (`Secrets`).
package struct Target: Equatable, Sendable {
    /// What a target is made of when its type's own settings are known.
    package enum Service: Equatable, Sendable {
        case aws(AWSTarget)
        case vault(VaultTarget)
        case none(NoneTarget)
    }

    /// Who trades the ID token.
    package enum Trader: String, CaseIterable, Sendable {
        /// The broker, which hands the job the credential.
        case broker
        /// The job, which gets the ID token and reports the outcome: the broker never sees the credential.
        case job
    }

    /// Its name under `targets`, which stands in URLs and in the ledger.
    package let name: String
    package let service: Service
    /// Path of a PEM file of the certificate authorities to trust instead of the system's, on the host of whoever trades;
    /// optional.
    package let certificateAuthorities: String?
    /// How long its trades may take.
    package let limits: TradeLimits
    /// Who trades at it: by default the broker (`exchange`).
    package let trader: Trader

    /// Makes a target of settings that are each valid by themselves.
    ///
    /// - Throws: `TargetError` naming `name`, or `exchange` where a type without a trade would be left to the job.
    package init(
        name: String,
        service: Service,
        certificateAuthorities: String? = nil,
        limits: TradeLimits = .standard,
        trader: Trader = .broker
    ) throws(TargetError) {
        guard SettingCheck.isName(name) else {
            throw TargetError(
                "name",
                seen: name,
                wanted: "1 to 64 letters, digits, '.', '_' and '-', a letter or digit first"
            )
        }
        if case .none = service, trader == .job {
            throw TargetError("exchange", seen: "job", wanted: "nothing here: a target of type none has no exchange")
        }
        self.name = name
        self.service = service
        self.certificateAuthorities = certificateAuthorities
        self.limits = limits
        self.trader = trader
    }

    /// The type that the configuration gives it.
    package var type: TargetType {
        switch service {
        case .aws: .aws
        case .vault: .vault
        case .none: .none
        }
    }

    /// The variables that tell a tool where to use any credential of this target, a fallback's too; none is secret.
    package var whereabouts: [(name: EnvironmentName, value: String)] {
        switch service {
        case .aws(let aws):
            [
                (EnvironmentName(constant: "AWS_REGION"), aws.region),
                (EnvironmentName(constant: "AWS_DEFAULT_REGION"), aws.region),
            ]
        case .vault(let vault):
            [(EnvironmentName(constant: "VAULT_ADDR"), vault.address.url)]
                + (vault.namespace.map { [(EnvironmentName(constant: "VAULT_NAMESPACE"), $0)] } ?? [])
        case .none: []
        }
    }
}
