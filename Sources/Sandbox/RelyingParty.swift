internal import Crypto
internal import JSON
internal import Time
internal import Tokens

/// Verifies tokens by the rules of one cloud, for the issuers that it trusts.
struct RelyingParty: Sendable {
    private let verifiers: [String: TokenVerifier]

    /// Makes a relying party of issuers' keys.
    init(_ rules: VerificationRules, _ sources: [PublishedKeys], _ clock: @escaping WallClock) {
        var verifiers: [String: TokenVerifier] = [:]
        for source in sources {
            var rules = rules
            rules.issuer = source.issuer.text
            verifiers[source.issuer.text] = TokenVerifier(keys: .published(source), rules: rules, clock: clock)
        }
        self.verifiers = verifiers
    }

    /// Why a token was not taken.
    enum Rejection: Error, CustomStringConvertible {
        /// It claims an issuer that is not trusted.
        case stranger(String)
        case token(TokenError)

        var description: String {
            switch self {
            case .stranger(let issuer): "the issuer '\(issuer)' is not trusted here"
            case .token(let error): error.description
            }
        }
    }

    /// Verifies a token by the keys of the issuer that it claims to come from, which verifies the claim as well.
    ///
    /// - Throws: `Rejection`.
    func verify(_ token: String) async throws(Rejection) -> JSONObject {
        let issuer = try Self.claimedIssuer(of: token)
        guard let verifier = verifiers[issuer] else { throw .stranger(issuer) }
        do throws(TokenError) { return try await verifier.verify(token).claims } catch { throw .token(error) }
    }

    /// What an unverified token says its issuer is: good for choosing whose keys to ask, and for nothing else.
    private static func claimedIssuer(of token: String) throws(Rejection) -> String {
        let payload: [UInt8]
        do throws(TokenError) { payload = try CompactJWS(token).payload } catch { throw .token(error) }
        guard let issuer = try? JSON.parse(payload)["iss"]?.asString else {
            throw .token(TokenError(.claim, "iss", seen: "nothing", wanted: "the issuer's URL"))
        }
        return issuer
    }
}

extension VerificationRules {
    /// AWS STS: RSA and EC without PSS, five minutes of skew, whole seconds.
    static func aws(_ audiences: [String]) -> VerificationRules {
        VerificationRules(
            issuer: nil,
            audiences: audiences,
            algorithms: [.rs256, .rs384, .rs512, .es256, .es384, .es512],
            types: nil,
            required: ["iss", "sub", "aud", "iat", "exp"],
            leeway: .seconds(300)
        )
    }

    /// Google Cloud: RSA and EC over 256 bits; the audience is the provider's own matter.
    static var google: VerificationRules {
        VerificationRules(
            issuer: nil,
            audiences: nil,
            algorithms: [.rs256, .es256],
            types: nil,
            required: ["iss", "sub", "aud", "iat", "exp"]
        )
    }

    /// Microsoft Entra ID: RSA alone, and one audience.
    static func entra(_ audiences: [String]?) -> VerificationRules {
        VerificationRules(
            issuer: nil,
            audiences: audiences,
            algorithms: [.rs256],
            types: nil,
            required: ["iss", "sub", "aud", "exp"]
        )
    }

    /// OpenBao and Vault: any asymmetric algorithm, a minute of skew, and a time claim of which it can make do with any.
    static func vault(_ audiences: [String]?) -> VerificationRules {
        VerificationRules(issuer: nil, audiences: audiences, types: nil, required: [], leeway: .seconds(60))
    }

    /// A server that follows RFC 7523 and RFC 8725, and no vendor.
    static func tokenExchange(_ audiences: [String]) -> VerificationRules {
        VerificationRules(issuer: nil, audiences: audiences)
    }
}
