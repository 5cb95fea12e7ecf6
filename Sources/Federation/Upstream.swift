internal import Crypto
package import HTTP
internal import JSON
package import Runs
internal import Text
package import Time
package import Tokens

/// Verifies other issuers' tokens, and makes attestations of them.
package struct Upstream: Sendable {
    private let keys: UpstreamKeys
    private let spent: SpentTokens
    private let clock: WallClock

    /// Makes a verifier that shares keys and memory with all others of its broker.
    package init(keys: UpstreamKeys, spent: SpentTokens, clock: @escaping WallClock) {
        self.keys = keys
        self.spent = spent
        self.clock = clock
    }

    /// What a verified token of a configured issuer is worth.
    package struct Identity: Sendable {
        /// The entry that took it.
        package let issuer: UpstreamIssuer
        package let token: VerifiedToken
        package let request: RunRequest
        /// Why the run is untrusted; nil where it is not.
        package let doubt: String?
    }

    /// Finds the entry that takes a token, verifies the token, and says what run it speaks of.
    ///
    /// - Throws: `FederationError`; of several entries for the token's issuer, what each has against it.
    package func identify(
        _ text: String,
        by issuers: [UpstreamIssuer],
        over transport: any Transport
    ) async throws(FederationError) -> Identity {
        let claimed = try Self.claimedIssuer(of: text)
        let candidates = issuers.filter { $0.rules.issuer.text.utf8.elementsEqual(claimed.utf8) }
        guard !candidates.isEmpty else {
            throw FederationError(
                .issuer,
                "the token's iss is '\(claimed)', and no entry of federation has that issuer",
                entry: nil,
                isGenuine: false
            )
        }
        var refusals: [FederationError] = []
        for candidate in candidates {
            do throws(FederationError) {
                let token = try await verify(text, by: candidate.rules, entry: candidate.name, over: transport)
                let doubt = candidate.trust.doubt(about: token.claims)
                let request = try Self.request(token.claims, candidate, isUntrusted: doubt != nil)
                try Self.checkProject(of: request, candidate)
                try use(token, by: candidate)
                return Identity(issuer: candidate, token: token, request: request, doubt: doubt)
            } catch {
                if error.code == .unreachable || error.code == .spent { throw error }
                refusals.append(error)
            }
        }
        throw Self.combined(refusals)
    }

    /// Verifies a token by the rules of one issuer, the claims that they require included.
    ///
    /// - Throws: `FederationError`.
    package func verify(
        _ text: String,
        by rules: UpstreamRules,
        entry: String,
        over transport: any Transport
    ) async throws(FederationError) -> VerifiedToken {
        let verifier = TokenVerifier(
            keys: .published(keys.keys(of: rules, over: transport)),
            rules: rules.verification,
            clock: clock
        )
        let token: VerifiedToken
        do throws(TokenError) {
            token = try await verifier.verify(text)
        } catch {
            throw FederationError(
                error.code == .unreachable || error.code == .discovery ? .unreachable : .token,
                error.description,
                entry: entry,
                isGenuine: [.claim, .expired, .notYetValid].contains(error.code)
            )
        }
        for condition in rules.require where !condition.holds(of: token.claims) {
            throw FederationError(
                .required,
                "\(condition.place) is \(condition.seen(in: token.claims)), wanted \(condition.wanted)",
                entry: entry,
                isGenuine: true
            )
        }
        return token
    }

    /// Takes note that a token has been used, where each counts once.
    private func use(_ token: VerifiedToken, by issuer: UpstreamIssuer) throws(FederationError) {
        guard issuer.rules.isOnce else { return }
        let expires = UnixTime(seconds: token.claims["exp"]?.asInteger ?? 0) + issuer.rules.leeway
        let name = "\(issuer.rules.issuer)\n\(token.claims["jti"]?.asString ?? "")"
        guard spent.spend(SHA256.hash(name), until: expires, now: clock()) else {
            throw FederationError(
                .spent,
                "this token was traded before, or too many are remembered, and \(issuer.name) takes each once",
                entry: issuer.name,
                isGenuine: true
            )
        }
    }

    /// The `iss` that a token claims, by which its entry is found; nothing else is believed before the signature is checked.
    ///
    /// - Throws: `FederationError` with code `token` where it is no token, or has none.
    package static func claimedIssuer(of text: String) throws(FederationError) -> String {
        do throws(TokenError) {
            let jws = try CompactJWS(text)
            guard let issuer = (try? JSON.parse(jws.payload))?["iss"]?.asString, issuer.utf8.count <= 512 else {
                throw TokenError(.malformed, "iss", seen: "none", wanted: "the issuer's URL")
            }
            return issuer.madeVisible
        } catch {
            throw FederationError(.token, error.description, entry: nil, isGenuine: false)
        }
    }

    private static func combined(_ refusals: [FederationError]) -> FederationError {
        guard refusals.count != 1, let last = refusals.last else { return refusals[0] }
        let reasons = refusals.map { "\($0.entry ?? ""): \($0.reason)" }.joined(separator: "; ")
        return FederationError(
            last.code,
            "no entry of this issuer takes it: \(reasons)",
            entry: last.entry,
            isGenuine: refusals.contains(where: \.isGenuine)
        )
    }
}
