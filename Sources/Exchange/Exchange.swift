internal import Crypto
package import HTTP
internal import JSON
package import Ledger
package import Time
package import Tokens

/// Exchange owns the trade of an ID token for a cloud's credential: what each type of target is asked, how its answer is
/// read, what its failure means, and when it is asked again.
///
/// It decides nobody's access (`Policy` does) and no fallback (`Secrets` does, by the kind of failure that is told here). The
/// token it sends is one that the ledger has recorded, and the credential it brings can be read by nobody before the
/// ledger has recorded that as well. One file for each cloud; a new type is a new `Exchanger`.
///
/// AWS STS 2011-06-15, Google STS v1 and IAM Credentials v1, Microsoft Entra ID v2.0, the JWT auth method of OpenBao and
/// Vault, RFC 8693 (token exchange), and whatever a recipe describes.
package struct Exchange: Sendable {
    private let transport: any Transport
    private let clock: WallClock
    private let pacing: Pacing
    private let breakers: Breakers
    private let responseBytes: Int

    /// The most bytes of a cloud's answer where nothing else is said: 1 MiB.
    package static let standardResponseBytes = 1 << 20

    /// Makes an exchange over one network; who asks the same services shares the breakers.
    ///
    /// An answer of more than `responseBytes` is a broken one.
    package init(
        transport: any Transport,
        clock: @escaping WallClock,
        pacing: Pacing,
        breakers: Breakers,
        responseBytes: Int = Exchange.standardResponseBytes
    ) {
        self.transport = transport
        self.clock = clock
        self.pacing = pacing
        self.breakers = breakers
        self.responseBytes = responseBytes
    }

    /// Trades a recorded token for a target's credential, again and again within the target's time-out while there is an
    /// outage.
    ///
    /// - Throws: `ExchangeFailure` of the last try.
    package func trade(
        _ token: consuming Released<TokenText>,
        at target: Target,
        for job: JobIdentity
    ) async throws(ExchangeFailure) -> Credential {
        let token = token.take()
        if let credential = try await credential(for: token.text, at: target, job) { return credential }
        guard case .none(let none) = target.service else { preconditionFailure("a type without a trade is none") }
        return Credential(ofNoTrade: token, at: target, as: none)
    }

    /// What a target's service gives for a token; nil where there is no service to ask.
    func credential(
        for token: String,
        at target: Target,
        _ job: JobIdentity
    ) async throws(ExchangeFailure) -> Credential? {
        let line = line(to: target)
        switch target.service {
        case .aws(let aws):
            let exchanger = AWSExchanger(target: target, aws: aws, sessionName: job.sessionName)
            return try await exchanger.credential(for: token, over: line)
        case .vault(let vault):
            return try await VaultExchanger(target: target, vault: vault).credential(for: token, over: line)
        case .gcp(let gcp):
            return try await GCPExchanger(target: target, gcp: gcp).credential(for: token, over: line)
        case .azure(let azure):
            return try await AzureExchanger(target: target, azure: azure).credential(for: token, over: line)
        case .tokenExchange(let exchange):
            return try await TokenExchanger(target: target, exchange: exchange).credential(for: token, over: line)
        case .recipe(let recipe):
            let exchanger = RecipeExchanger(target: target, setting: recipe, job: job)
            return try await exchanger.credential(for: token, over: line)
        case .none: return nil
        }
    }

    /// A line for one trade at a target, whose time begins now; `atMost` shortens it further.
    func line(to target: Target, atMost: Duration = .seconds(300)) -> CloudLine {
        CloudLine(
            over: transport,
            to: target,
            within: target.limits.shortened(to: atMost),
            responseBytes: responseBytes,
            clock: clock,
            pacing: pacing,
            breaker: breakers.breaker(of: target.name)
        )
    }
}
