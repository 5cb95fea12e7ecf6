import Encoding
import Exchange
import HTTP
import JSON
import Support
import Testing

let roleARN = "arn:aws:iam::123456789012:role/deploy"

/// An AWS target with the settings of the contract's example.
func awsTarget(policy: String? = nil, policyARNs: [String] = [], timeout: Duration = .seconds(25)) throws -> Target {
    let aws = try AWSTarget(
        role: roleARN,
        region: "eu-west-1",
        session: .seconds(900),
        policy: policy,
        policyARNs: policyARNs
    )
    return try Target(name: "aws-prod", service: .aws(aws), limits: TradeLimits(total: timeout))
}

/// A Vault target in a namespace, with a certificate authority of its own.
func vaultTarget(namespace: String? = "team/web") throws -> Target {
    let vault = try VaultTarget(
        address: "https://vault.example.com:8200",
        role: "ci",
        mount: "ci/jwt",
        namespace: namespace
    )
    return try Target(name: "vault-prod", service: .vault(vault), certificateAuthorities: "/etc/jobpass/vault-ca.pem")
}

/// A Vault target that reads secrets, made anew and not.
func vaultTargetWithReads() throws -> Target {
    let reads = [
        try VaultRead(path: "secret/data/web", fields: [("A", "a"), ("B", "b")], version: 3),
        try VaultRead(
            path: "pki/issue/web",
            fields: [("C", "c")],
            parameters: [TokenExchangeTarget.Parameter("common_name", "x")]
        ),
    ]
    let vault = try VaultTarget(address: "https://vault.example.com", role: "ci", reads: reads)
    return try Target(name: "vault-prod", service: .vault(vault))
}

let gcpProvider =
    "//iam.googleapis.com/projects/123456789/locations/global/workloadIdentityPools/pool/providers/jobpass"

/// A provider of Google Cloud; with an account, one that jobs act as.
func gcpTarget(
    account: String? = nil,
    credential: GCPTarget.CredentialKind = .accessToken,
    session: Duration? = nil
) throws -> Target {
    let gcp = try GCPTarget(
        provider: gcpProvider,
        serviceAccount: account,
        credential: credential,
        idTokenAudience: credential == .idToken ? "https://run.example" : nil,
        session: session
    )
    return try Target(name: "gcp-prod", service: .gcp(gcp))
}

/// An application of Entra ID's.
func azureTarget(authority: String = AzureTarget.defaultAuthority) throws -> Target {
    let azure = try AzureTarget(
        tenant: "contoso.onmicrosoft.com",
        clientID: "11111111-2222-3333-4444-555555555555",
        scope: "https://graph.microsoft.com/.default",
        authority: authority
    )
    return try Target(name: "azure-prod", service: .azure(azure))
}

/// A server of RFC 8693.
func exchangeTarget(
    _ parameters: [(String, String)] = [],
    requested: String? = nil,
    body: TokenExchangeTarget.Body = .form,
    revocation: String? = nil
) throws -> Target {
    let exchange = try TokenExchangeTarget(
        endpoint: "https://sts.example.com/oauth/token",
        parameters: parameters.map { TokenExchangeTarget.Parameter($0.0, $0.1) },
        requestedTokenType: requested,
        body: body,
        revocationEndpoint: revocation
    )
    return try Target(name: "sts", service: .tokenExchange(exchange))
}

/// A recipe of one request, whose answer holds the credential.
func recipeTarget() throws -> Target {
    let token = try RecipeTemplate("{token}", key: "json", places: Recipe.requestPlaces)
    let request = try RecipeRequest(
        .post,
        url: "https://api.example.com/token",
        body: .json(.object([(name: "jwt", value: .text(token))])),
        statuses: [200],
        parameters: []
    )
    let place = try #require(JSONPointer("/access_token"))
    let recipe = try Recipe(
        name: "Example",
        parameters: [],
        request: request,
        result: Recipe.Result(environment: [Recipe.Variable(EnvironmentName(constant: "EXAMPLE_TOKEN"), place)])
    )
    return try Target(name: "recipe", service: .recipe(RecipeTarget(recipe, parameters: [])))
}

/// A target of each type that asks a cloud.
enum AnyTarget: String, CaseIterable, Sendable {
    case aws, gcp, impersonated, azure, vault, exchange, recipe

    func target() throws -> Target {
        switch self {
        case .aws: try awsTarget()
        case .gcp: try gcpTarget()
        case .impersonated: try gcpTarget(account: "deploy@acme.iam.gserviceaccount.com")
        case .azure: try azureTarget()
        case .vault: try vaultTarget()
        case .exchange: try exchangeTarget()
        case .recipe: try recipeTarget()
        }
    }
}

extension Vectors {
    /// A file of the folder beside the tests, as text.
    static func text(_ name: String, beside source: String = #filePath) throws -> String {
        String(decoding: try bytes(name, beside: source), as: UTF8.self)
    }
}
