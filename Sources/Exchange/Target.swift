package import Crypto
package import Encoding
package import Policy

/// A cloud endpoint that trades an ID token for a credential, as the configuration names it.
///
/// Who may trade, and what the ID token says, stand elsewhere (`Policy`, `Tokens`); so does the fallback (`Secrets`).
package struct Target: Equatable, Sendable {
    /// What a target is made of when its type's own settings are known.
    package enum Service: Equatable, Sendable {
        case aws(AWSTarget)
        case gcp(GCPTarget)
        case azure(AzureTarget)
        case vault(VaultTarget)
        case tokenExchange(TokenExchangeTarget)
        case recipe(RecipeTarget)
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
    /// How often it is tried with tokens that it must refuse (`probe: true`, `probe_every`); nil for never.
    package let probed: Duration?

    /// Makes a target of settings that are each valid by themselves.
    ///
    /// - Throws: `TargetError` naming `name`, or `exchange` where a type without a trade would be left to the job.
    package init(
        name: String,
        service: Service,
        certificateAuthorities: String? = nil,
        limits: TradeLimits = .standard,
        trader: Trader = .broker,
        probed: Duration? = nil
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
        if case .none = service, probed != nil {
            throw TargetError("probe", seen: "true", wanted: "nothing here: a target of type none refuses nobody")
        }
        self.name = name
        self.service = service
        self.certificateAuthorities = certificateAuthorities
        self.limits = limits
        self.trader = trader
        self.probed = probed
    }

    /// The type that the configuration gives it.
    package var type: TargetType {
        switch service {
        case .aws: .aws
        case .gcp: .gcp
        case .azure: .azure
        case .vault: .vault
        case .tokenExchange: .tokenExchange
        case .recipe: .recipe
        case .none: .none
        }
    }

    /// What the service reads in the ID token besides the run's own claims; nil for one that reads nothing else.
    package var addedClaims: (any AddedClaims)? {
        switch service {
        case .aws(let aws): aws.claims
        case .gcp, .azure, .vault, .tokenExchange, .recipe, .none: nil
        }
    }

    /// The claims of a token that is pinned to a role which is not the target's; nil where tokens are pinned to none.
    package var claimsForAnotherRole: (any AddedClaims)? {
        guard case .aws(let aws) = service, let claims = aws.claims, aws.pinsRole else { return nil }
        return AWSClaims(roles: [aws.role + "-jobpass-probe"], tags: claims.tags, sourceIdentity: claims.sourceIdentity)
    }

    /// The claims of a token without session tags and source identity; nil where tokens have neither.
    package var claimsWithoutTags: (any AddedClaims)? {
        guard case .aws(let aws) = service, !aws.tags.isEmpty || aws.sourceIdentity != nil else { return nil }
        return AWSClaims(roles: aws.pinsRole ? [aws.role] : [], tags: [], sourceIdentity: nil)
    }

    /// A URL at which its service answers whatever it thinks of the question, to see that it can be reached.
    package var doorstep: String? {
        switch service {
        case .aws(let aws): aws.endpoint.url + "/"
        case .gcp(let gcp): (gcp.endpoint?.url ?? "https://sts.googleapis.com") + "/v1/token"
        case .azure(let azure): "\(azure.authority.url)/\(azure.tenant)/v2.0/.well-known/openid-configuration"
        case .vault(let vault): "\(vault.address.url)/v1/sys/health"
        case .tokenExchange(let exchange): exchange.endpoint.url
        case .recipe(let recipe): recipe.origin + "/"
        case .none: nil
        }
    }

    /// Whether its service is one of the public clouds, which must reach the issuer from the internet.
    package var isPublicCloud: Bool {
        switch service {
        case .aws(let aws): aws.asksAWS
        case .gcp(let gcp): gcp.endpoint == nil
        case .azure(let azure): azure.authority.url.hasPrefix("https://login.")
        case .vault, .tokenExchange, .recipe, .none: false
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
        case .azure(let azure):
            [
                (EnvironmentName(constant: "AZURE_TENANT_ID"), azure.tenant),
                (EnvironmentName(constant: "AZURE_CLIENT_ID"), azure.clientID),
                (EnvironmentName(constant: "AZURE_AUTHORITY_HOST"), azure.authority.url),
            ]
        case .recipe(let recipe): recipe.whereabouts
        case .gcp, .tokenExchange, .none: []
        }
    }
}

extension Target.Service {
    /// The audience of the ID token where `audience` is left out; nil where it must be given.
    package var defaultAudience: String? {
        switch self {
        case .aws: TargetType.aws.defaultAudience
        case .gcp(let gcp): gcp.provider
        case .azure: TargetType.azure.defaultAudience
        case .recipe(let recipe): recipe.defaultAudience
        case .vault, .tokenExchange, .none: nil
        }
    }

    /// The signature algorithms that the other side verifies; any other is an error of configuration.
    package var acceptedAlgorithms: [SignatureAlgorithm] {
        switch self {
        case .aws: TargetType.aws.acceptedAlgorithms
        case .gcp: TargetType.gcp.acceptedAlgorithms
        case .azure: TargetType.azure.acceptedAlgorithms
        case .recipe(let recipe): recipe.recipe.algorithms
        case .vault, .tokenExchange, .none: SignatureAlgorithm.allCases
        }
    }
}
