package import Crypto

/// The types of targets, by the names that the configuration's `type` takes.
package enum TargetType: String, CaseIterable, Sendable {
    /// AWS STS AssumeRoleWithWebIdentity.
    case aws
    /// The Security Token Service of Google Cloud, and the service accounts behind it.
    case gcp
    /// The client assertions of Microsoft Entra ID.
    case azure
    /// The JWT login of OpenBao and HashiCorp Vault.
    case vault
    /// Any server of RFC 8693.
    case tokenExchange = "token-exchange"
    /// An endpoint that a file describes.
    case recipe
    /// No trade: the ID token itself is what the job wants.
    case none

    /// The audience of the ID token where `audience` is left out; nil where it must be given.
    package var defaultAudience: String? {
        switch self {
        case .aws: "sts.amazonaws.com"
        case .azure: "api://AzureADTokenExchange"
        // Google's is the provider's own name, which the target knows.
        case .gcp, .vault, .tokenExchange, .recipe, .none: nil
        }
    }

    /// The longest audience that the other side can be told to expect, in bytes.
    package var audienceLimit: Int {
        switch self {
        case .aws: 255
        case .gcp: 256
        case .azure: 600
        case .vault, .tokenExchange, .recipe, .none: 1_024
        }
    }

    /// Whether a target of the type has an audience without being given one.
    package var hasDefaultAudience: Bool { [.gcp, .recipe].contains(self) || defaultAudience != nil }

    /// The signature algorithms that the other side verifies; any other is an error of configuration.
    package var acceptedAlgorithms: [SignatureAlgorithm] {
        switch self {
        case .aws: [.rs256, .rs384, .rs512, .es256, .es384, .es512]
        case .gcp: [.rs256, .es256]
        case .azure: [.rs256]
        // A recipe says it of its own endpoint.
        case .vault, .tokenExchange, .recipe, .none: SignatureAlgorithm.allCases
        }
    }
}
