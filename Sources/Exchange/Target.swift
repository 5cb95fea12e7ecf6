package import Encoding
internal import Time

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

    /// How long a trade may take where `timeout` is left out.
    package static let defaultTimeout: Duration = .seconds(25)

    /// Its name under `targets`, which stands in URLs and in the ledger.
    package let name: String
    package let service: Service
    /// Path of a PEM file of the certificate authorities to trust instead of the system's; optional.
    package let certificateAuthorities: String?
    /// The longest that a whole trade may take, every retry and pause counted: 1 s to 5 min, by default 25 s.
    package let timeout: Duration

    /// Makes a target of settings that are each valid by themselves.
    ///
    /// - Throws: `TargetError` naming `name` or `timeout`.
    package init(
        name: String,
        service: Service,
        certificateAuthorities: String? = nil,
        timeout: Duration = Target.defaultTimeout
    ) throws(TargetError) {
        guard SettingCheck.isName(name) else {
            throw TargetError(
                "name",
                seen: name,
                wanted: "1 to 64 letters, digits, '.', '_' and '-', a letter or digit first"
            )
        }
        guard timeout >= .seconds(1), timeout <= .seconds(300) else {
            throw TargetError("timeout", seen: timeout.text, wanted: "1s to 5m")
        }
        self.name = name
        self.service = service
        self.certificateAuthorities = certificateAuthorities
        self.timeout = timeout
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
