internal import Crypto
package import HTTP
package import Time
package import Tokens

/// A stand-in cloud: the handler of an HTTP server on loopback.
///
/// `POST /` is AWS STS, `/v1/…` is Vault, `POST /token` is a plain RFC 8693 server.
package final class Sandbox: Sendable {
    /// What the stand-ins trust.
    package struct Settings: Sendable {
        /// The issuers whose tokens are taken, each through its discovery document.
        package var issuers: [IssuerURL]
        /// A PEM file of the authorities that may vouch for the issuers' servers, instead of the system's.
        package var certificateAuthorities: String?
        /// The client ids of AWS's identity provider: what `aud` may be there.
        package var awsAudiences: [String]
        /// The audiences that the Vault role binds.
        package var vaultAudiences: [String]
        /// Where Vault's JWT method is mounted.
        package var vaultMount: String
        /// The Vault roles that there are, in lower case; nil takes any name for a role.
        package var vaultRoles: Set<String>?
        /// What `aud` may be at the RFC 8693 server.
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
    private let vault: VaultStandIn
    private let exchange: TokenExchangeStandIn

    /// Makes a sandbox; `report` learns of each token that was taken or refused, and must not block.
    package init(
        _ settings: Settings,
        transport: any Transport,
        clock: @escaping WallClock,
        report: @escaping @Sendable (SandboxEvent) -> Void
    ) {
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
        vault = VaultStandIn(settings, RelyingParty(.vault(settings.vaultAudiences), sources, clock), clock, report)
        exchange = TokenExchangeStandIn(
            RelyingParty(.tokenExchange(settings.exchangeAudiences), sources, clock),
            report
        )
    }

    /// Answers a request.
    package func answer(_ request: HTTPRequest) async -> HTTPResponse {
        switch request.path {
        case "/": await aws.answer(request)
        case "/token": await exchange.answer(request)
        case let path where path.hasPrefix("/v1/"): await vault.answer(request, path: String(path.dropFirst(4)))
        default:
            HTTPResponse(
                status: 404,
                fields: ["Content-Type": "text/plain; charset=utf-8"],
                body: Array("This stand-in cloud has AWS STS at /, Vault at /v1/ and RFC 8693 at /token.\n".utf8)
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
