internal import Configuration
internal import Federation
internal import HTTPClient
internal import POSIX
internal import Time
internal import Tokens

/// Whose keys a token is verified by.
struct KeySource: Sendable {
    private let believed: Tokens.IssuerURL?
    /// Every issuer of a configuration on this host.
    private let configured: [Issuer]
    private let given: JWKSet?
    private let authorities: String?

    init(_ invocation: Invocation) throws {
        authorities = BrokerOptions.authorities(invocation)
        if invocation[ConfigurationFile.option] != nil {
            guard invocation[VerifyCommand.issuer] == nil, invocation[VerifyCommand.jwks] == nil else {
                throw CommandError.usage("\(invocation.label)--config, --issuer and --jwks: give one of them")
            }
            let settings = try ConfigurationFile(invocation).settings
            configured = try IssuerSet(opening: settings, try KeyPlace.open(settings)).all
            believed = nil
            given = nil
            return
        }
        configured = []
        let file = invocation[VerifyCommand.jwks]
        given = try file.map { file in
            let bytes = try Files.read(file, limit: 1 << 20)
            do throws(TokenError) { return try JWKSet(parsing: bytes) } catch {
                throw CommandError(.badData, "\(file) is no JWK Set: \(error)")
            }
        }
        let named =
            invocation[VerifyCommand.issuer] ?? (file == nil ? Self.broker(invocation) : nil)
        guard let named else {
            guard given != nil else {
                throw CommandError.usage(
                    "\(invocation.label)nothing says whose tokens to believe",
                    advice: "give --issuer with the issuer's URL, or --jwks with a file of its keys"
                )
            }
            believed = nil
            return
        }
        do throws(TokenError) { believed = try Tokens.IssuerURL(named) } catch {
            throw CommandError.usage("\(invocation.label)--issuer: \(error)")
        }
    }

    /// The broker's address, which is its issuer's URL; a slash at its end is nobody's issuer.
    private static func broker(_ invocation: Invocation) -> String? {
        invocation.environment.nonEmpty(BrokerOptions.urlVariable.name).map { url in
            url.hasSuffix("/") ? String(url.dropLast()) : url
        }
    }

    /// The issuer that is believed: of a configuration's the one that the token names, or else the first, which refuses it.
    func issuer(ofToken token: String) -> Tokens.IssuerURL? { named(by: token)?.url ?? believed }

    private func named(by token: String) -> Issuer? {
        let claimed = try? Upstream.claimedIssuer(of: token)
        return configured.first { $0.url.text == claimed } ?? configured.first
    }

    func keys(ofToken token: String, over transport: HTTPClient) -> TokenVerifier.Keys {
        if let issuer = named(by: token) { return .given(issuer.isShut ? JWKSet([]) : issuer.keys.published) }
        if let given { return .given(given) }
        guard let issuer = believed else { return .given(JWKSet([])) }
        return .published(
            PublishedKeys(
                of: issuer,
                transport: transport,
                certificateAuthorities: authorities,
                clock: SystemClock.now
            )
        )
    }
}
