package import Crypto

/// The types of targets, by the names that the configuration's `type` takes.
package enum TargetType: String, CaseIterable, Sendable {
    /// AWS STS AssumeRoleWithWebIdentity.
    case aws
    /// The JWT login of OpenBao and HashiCorp Vault.
    case vault
    /// No trade: the ID token itself is what the job wants.
    case none

    /// The audience of the ID token where `audience` is left out; nil where it must be given.
    package var defaultAudience: String? {
        switch self {
        case .aws: "sts.amazonaws.com"
        case .vault, .none: nil
        }
    }

    /// The signature algorithms that the other side verifies; any other is an error of configuration.
    package var acceptedAlgorithms: [SignatureAlgorithm] {
        switch self {
        case .aws: [.rs256, .rs384, .rs512, .es256, .es384, .es512]
        case .vault, .none: SignatureAlgorithm.allCases
        }
    }
}
