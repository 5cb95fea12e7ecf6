internal import HTTPClient
internal import POSIX
internal import Time
internal import Tokens

/// Whose keys a token is verified by.
struct KeySource: Sendable {
    let issuer: IssuerURL?
    private let given: JWKSet?
    private let authorities: String?

    init(_ invocation: Invocation) throws {
        authorities = BrokerOptions.authorities(invocation)
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
            issuer = nil
            return
        }
        do throws(TokenError) { issuer = try IssuerURL(named) } catch {
            throw CommandError.usage("\(invocation.label)--issuer: \(error)")
        }
    }

    /// The broker's address, which is its issuer's URL; a slash at its end is nobody's issuer.
    private static func broker(_ invocation: Invocation) -> String? {
        invocation.environment.nonEmpty(BrokerOptions.urlVariable.name).map { url in
            url.hasSuffix("/") ? String(url.dropLast()) : url
        }
    }

    func keys(over transport: HTTPClient) -> TokenVerifier.Keys {
        if let given { return .given(given) }
        guard let issuer else { return .given(JWKSet([])) }
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
