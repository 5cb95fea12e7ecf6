/// The codes with which Entra refuses a federated identity, as protocols.md, section 3, has them.
enum EntraCode: Int64, CaseIterable {
    case badScope = 70_011
    case noCredential = 70_021
    case tenantUnknown = 90_002
    case otherCloud = 900_439
    case applicationUnknown = 700_016
    case timeRange = 700_024
    case signature = 700_027
    case issuer = 700_211
    case audience = 700_212
    case subject = 700_213
    case entraToken = 700_222
    case expressionUnparsable = 700_233
    case expressionFails = 700_234
    case expressionResource = 700_235
    case expressionForbidden = 700_237
    case noneAtAll = 7_000_226
    case expression = 7_002_131
    case subjectCase = 7_002_138
    case expressionIssuer = 7_002_241

    /// Whether a setting is wrong rather than the run's token.
    var kind: ExchangeFailure.Kind {
        switch self {
        case .badScope, .tenantUnknown, .otherCloud, .applicationUnknown: .misconfigured
        default: .refused
        }
    }

    /// A new federated credential takes minutes to reach every server of Entra's; no other code changes by waiting.
    var isWorthAnotherTry: Bool { self == .noCredential }

    /// What to do about it.
    var advice: String {
        switch self {
        case .badScope: "check 'scope': one resource, with /.default behind it"
        case .noCredential:
            "no federated credential of the application matches the token's iss, sub and aud; a new one takes minutes to count"
        case .tenantUnknown: "check 'tenant': there is none of this id or domain"
        case .otherCloud: "check 'authority': the tenant is in another national cloud"
        case .applicationUnknown: "check 'client_id': the tenant has no such application"
        case .timeRange: "the token was outside its time when it came: compare the clocks of broker and Entra"
        case .signature:
            "Entra found no key for the token's signature: it must reach the issuer's JWKS, and may keep an old one for an hour"
        case .issuer: "no federated credential has the token's iss: it must equal the issuer to the letter"
        case .audience: "the federated credential's audience is not the token's aud: set one of the two to the other"
        case .subject: "no federated credential has the token's sub: write it there to the letter, without wildcards"
        case .entraToken: "the token is Entra's own, and not one of this issuer"
        case .expressionUnparsable, .expressionFails, .expressionResource, .expressionForbidden, .expression:
            "the credential's matching expression did not take the token: for this issuer use a plain subject"
        case .noneAtAll: "the application has no federated credential at all: add one"
        case .subjectCase:
            "the federated credential's subject differs from the token's sub in upper and lower case alone"
        case .expressionIssuer:
            "Entra allows matching expressions for a few issuers, and not for this: use a plain subject"
        }
    }
}
