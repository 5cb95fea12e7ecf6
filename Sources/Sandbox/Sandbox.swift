internal import Crypto
package import HTTP
package import Time
package import Tokens
package import Trust

/// Sandbox owns the stand-in clouds on loopback, for trying a configuration or a trust policy with no account.
///
/// It verifies each token through the issuer's own documents, by the rules of the cloud that it plays, and answers in that
/// cloud's words. What it gives opens nothing anywhere. It decides nothing in a real exchange, and a broker never calls it but
/// over the network.
///
/// AWS STS version 2011-06-15, Google STS v1 and IAM Credentials v1, Microsoft Entra ID v2.0, the JWT login, key-value and
/// dynamic secrets of OpenBao and Vault, RFC 8693 (token exchange) with RFC 7009 (revocation), and the endpoints of the recipes
/// that are shipped.
///
/// `POST /` is AWS STS, `/v1/token` and `/v1/projects/…` are Google's, `/TENANT/oauth2/v2.0/token` is Entra's, the rest of `/v1/`
/// is Vault, `POST /token` and `/revoke` are a plain OAuth server; beside them stand the endpoints of the shipped recipes.
package final class Sandbox: Sendable {
    /// What the stand-ins trust.
    package struct Settings: Sendable {
        /// The issuers whose tokens are taken, each through its discovery document.
        package var issuers: [IssuerURL]
        /// A PEM file of the authorities that may vouch for the issuers' servers, instead of the system's.
        package var certificateAuthorities: String?
        /// The client ids of AWS's identity provider: what `aud` may be there.
        package var awsAudiences: [String]
        /// What `aud` may be at Google; empty takes the provider's own name, as Google does.
        package var gcpAudiences: [String] = []
        /// What `aud` may be at Entra: federated credentials have one each.
        package var azureAudiences: [String] = ["api://AzureADTokenExchange"]
        /// The subjects that have a federated credential at Entra; nil takes any.
        package var azureSubjects: Set<String>?
        /// The namespaces that Vault has beside its root.
        package var vaultNamespaces: Set<String> = []
        /// The secrets of Vault's key-value store: fields by the path, which begins with `secret/data/`.
        package var vaultSecrets: [String: [String: String]] = [:]
        /// What goes wrong, each in its turn from the start on.
        package var faults: [SandboxFault] = []
        /// How long every answer takes longer.
        package var latency: Duration = .zero
        /// The audiences that the Vault role binds.
        package var vaultAudiences: [String]
        /// Where Vault's JWT method is mounted.
        package var vaultMount: String
        /// The Vault roles that there are, in lower case; nil takes any name for a role.
        package var vaultRoles: Set<String>?
        /// The trust policy of every AWS role; nil lets every good token assume any.
        package var awsPolicy: (any TrustPolicy)?
        /// The provider of Google Cloud's pool; nil maps `sub` and admits every good token.
        package var gcpProvider: GoogleProvider?
        /// The federated credentials of every application at Entra; nil has one for each subject.
        package var azureCredentials: (any TrustPolicy)?
        /// The roles of Vault that have a policy, by their names in lower case.
        package var vaultPolicies: [String: any TrustPolicy] = [:]
        /// What `aud` may be at the RFC 8693 server and at the recipes' endpoints.
        package var exchangeAudiences: [String]

        /// Makes settings of stand-ins that trust some issuers, with the audiences that are usual.
        package init(
            issuers: [IssuerURL],
            certificateAuthorities: String? = nil,
            awsAudiences: [String] = ["sts.amazonaws.com"],
            vaultAudiences: [String] = ["vault"],
            vaultMount: String = "jwt",
            vaultRoles: Set<String>? = nil,
            exchangeAudiences: [String] = ["sandbox"]
        ) {
            self.issuers = issuers
            self.certificateAuthorities = certificateAuthorities
            self.awsAudiences = awsAudiences
            self.vaultAudiences = vaultAudiences
            self.vaultMount = vaultMount
            self.vaultRoles = vaultRoles
            self.exchangeAudiences = exchangeAudiences
        }
    }

    private let aws: STSStandIn
    private let google: GoogleStandIn
    private let entra: EntraStandIn
    private let products: ProductStandIns
    private let faults: [SandboxFault]
    private let latency: Duration
    private let clock: WallClock
    private let start: UnixTime
    private let sleep: @Sendable (Duration) async -> Void
    private let vault: VaultStandIn
    private let exchange: TokenExchangeStandIn

    /// Makes a sandbox.
    ///
    /// `report` learns of each token that was taken or refused, and must not block; `sleep` waits, where answers are to be late.
    package init(
        _ settings: Settings,
        transport: any Transport,
        clock: @escaping WallClock,
        sleep: @escaping @Sendable (Duration) async -> Void = { _ in },
        report: @escaping @Sendable (SandboxEvent) -> Void
    ) {
        faults = settings.faults
        latency = settings.latency
        self.clock = clock
        self.sleep = sleep
        start = clock()
        // One source of keys for an issuer: what one stand-in has fetched serves the others.
        let sources = settings.issuers.map { issuer in
            PublishedKeys(
                of: issuer,
                transport: transport,
                certificateAuthorities: settings.certificateAuthorities,
                clock: clock
            )
        }
        aws = STSStandIn(settings, RelyingParty(.aws(settings.awsAudiences), sources, clock), clock, report)
        google = GoogleStandIn(settings, RelyingParty(.google, sources, clock), clock, report)
        let audiences = settings.azureCredentials == nil ? settings.azureAudiences : nil
        entra = EntraStandIn(settings, RelyingParty(.entra(audiences), sources, clock), clock, report)
        products = ProductStandIns(
            RelyingParty(.tokenExchange(settings.exchangeAudiences), sources, clock),
            clock,
            report
        )
        vault = VaultStandIn(
            settings,
            RelyingParty(.vault(settings.vaultAudiences), sources, clock),
            bound: RelyingParty(.vault(nil), sources, clock),
            clock,
            report
        )
        exchange = TokenExchangeStandIn(
            RelyingParty(.tokenExchange(settings.exchangeAudiences), sources, clock),
            report
        )
    }

    /// How long a request hangs that nobody is to answer; whoever sent it has given up by then.
    private static let hanging: Duration = .seconds(600)

    /// Answers a request, or does wrong what it is told to.
    package func answer(_ request: HTTPRequest) async -> HTTPResponse {
        if latency > .zero { await sleep(latency) }
        let fault = faults.current(after: clock() - start)
        if let answer = fault.answer { return answer }
        if fault == .hang { await sleep(Self.hanging) }
        var response = await rightAnswer(request)
        if fault == .truncated { response.body = Array(response.body.prefix(response.body.count / 2)) }
        return response
    }

    private func rightAnswer(_ request: HTTPRequest) async -> HTTPResponse {
        if let response = await products.answer(request) { return response }
        let accounts = "/v1/projects/-/serviceAccounts/"
        switch request.path {
        case "/": return await aws.answer(request)
        case "/token": return await exchange.answer(request)
        case "/revoke": return exchange.revoke(request)
        case "/v1/token": return await google.exchange(request)
        case let path where path.hasPrefix(accounts):
            return google.actAs(request, path: String(path.dropFirst(accounts.count)))
        case let path where path.hasPrefix("/v1/"): return await vault.answer(request, path: String(path.dropFirst(4)))
        case let path where path.hasSuffix("/oauth2/v2.0/token"): return await entra.token(request)
        default:
            if let document = EntraStandIn.document(request) { return document }
            let words =
                "This stand-in cloud has AWS STS at /, Google Cloud at /v1/token, Microsoft Entra ID at "
                + "/TENANT/oauth2/v2.0/token, Vault at /v1/, RFC 8693 at /token, and the endpoints of the shipped recipes.\n"
            return HTTPResponse(
                status: 404,
                fields: ["Content-Type": "text/plain; charset=utf-8"],
                body: Array(words.utf8)
            )
        }
    }
}

/// What a stand-in made of a token.
package struct SandboxEvent: Equatable, Sendable {
    /// Whether it gave something for the token.
    package enum Outcome: Equatable, Sendable {
        /// To whom, by the token's `sub`.
        case taken(subject: String)
        /// Why not, in the words of the check that failed.
        case refused(reason: String)
    }

    package let standIn: StandIn
    /// What was asked for: a role, or an audience.
    package let target: String
    package let outcome: Outcome

    init(_ standIn: StandIn, _ target: String, _ outcome: Outcome) {
        self.standIn = standIn
        self.target = target
        self.outcome = outcome
    }
}
