internal import Claims
internal import Crypto
internal import Encoding
package import JSON
package import Policy
package import Time

/// Turns a grant into a signed token.
///
/// A run of strangers' code gets its token from the second issuer, whatever else is granted.
package struct TokenSigner: Sendable {
    /// Room for a point and the signature of an RSA key of 4,096 bits in base64url; a longer one only costs a copy.
    private static let longestSignaturePart = 700

    private let issuers: IssuerSet
    private let clock: WallClock

    /// Makes a signer of a broker's issuers.
    package init(_ issuers: IssuerSet, clock: @escaping WallClock) {
        self.issuers = issuers
        self.clock = clock
    }

    /// Makes a signer of a broker that has no issuer but its own.
    package init(trusted: Issuer, untrusted: Issuer, clock: @escaping WallClock) {
        self.init(IssuerSet(own: IssuerSet.Pair(trusted: trusted, untrusted: untrusted)), clock: clock)
    }

    /// Whether signing what was granted may take long, and is nothing for a thread that others wait for.
    package func waits(for grant: Grant) -> Bool {
        waits(grant.issuer, untrusted: grant.claims.isUntrusted, grant.algorithm)
    }

    /// The same of a decoy.
    package func waits(for decoy: Decoy) -> Bool {
        waits(decoy.issuer, untrusted: decoy.claims.isUntrusted, decoy.algorithm)
    }

    private func waits(_ name: String?, untrusted isUntrusted: Bool, _ algorithm: SignatureAlgorithm) -> Bool {
        issuers.pair(named: name)?.issuer(untrusted: isUntrusted).keys.signing(algorithm)?.key.signer != nil
    }

    /// The issuer of a grant or decoy, which is none that has been shut.
    private func issuer(_ name: String?, untrusted isUntrusted: Bool) throws(TokenError) -> Issuer {
        guard let issuer = issuers.pair(named: name)?.issuer(untrusted: isUntrusted) else {
            throw TokenError(.keyRing, "issuer", seen: "no issuer '\(name ?? "")'", wanted: "one that is configured")
        }
        guard !issuer.isShut else {
            throw TokenError(.keyRing, "issuer \(issuer.url)", seen: "that it is shut", wanted: "one that is not")
        }
        return issuer
    }

    /// Signs a token that says what the grant says, ending with its lifetime and not after `end`.
    ///
    /// What the job says of itself stands under `job_claims`, where nobody takes it for what was attested. `trace` names the
    /// request that the token answers, `confirmation` is the value of its `cnf`.
    ///
    /// - Throws: `TokenError` with code `keyRing` where the issuer has no key for the grant's algorithm, `lifetime`, `tooLong`
    ///   above 20,000 characters, `signing`, or `mismatch`.
    package func sign(
        _ grant: Grant,
        trace: String? = nil,
        confirmation: JSON? = nil,
        end: UnixTime? = nil
    ) throws(TokenError) -> SignedToken {
        let issuer = try issuer(grant.issuer, untrusted: grant.claims.isUntrusted)
        guard let key = issuer.keys.signing(grant.algorithm) else {
            throw TokenError(
                .keyRing,
                "issuer \(issuer.url)",
                seen: "no key for \(grant.algorithm.rawValue)",
                wanted: "one; add the algorithm to keys.algorithms and run 'jobpass init'"
            )
        }
        let closing = Payload.closing(trace, grant.jobClaims, confirmation: confirmation)
        let payload = try Payload(
            of: grant,
            issuer: issuer,
            kid: key.kid,
            closing: closing,
            now: clock(),
            end: end
        )
        let text = try sign(payload.bytes, with: key)
        try PayloadCheck(payload.bytes).check(grant, payload.facts, closing: closing)
        return SignedToken(
            facts: payload.facts,
            claims: payload.bytes,
            text: TokenText(bytes: text, facts: payload.facts)
        )
    }

    /// Signs a decoy, by the issuer that a run of its claims would have.
    ///
    /// - Throws: `TokenError` with code `keyRing`, `tooLong` or `signing`.
    package func sign(_ decoy: Decoy) throws(TokenError) -> SignedDecoy {
        let issuer = try issuer(decoy.issuer, untrusted: decoy.claims.isUntrusted)
        guard let key = issuer.keys.signing(decoy.algorithm) else {
            throw TokenError(
                .keyRing,
                "issuer \(issuer.url)",
                seen: "no key for \(decoy.algorithm.rawValue)",
                wanted: "one"
            )
        }
        let payload = Payload(of: decoy, issuer: issuer, kid: key.kid, now: clock())
        let text = TokenText(bytes: try sign(payload.bytes, with: key), facts: payload.facts)
        return SignedDecoy(SignedToken(facts: payload.facts, claims: payload.bytes, text: text), of: decoy)
    }

    private func sign(_ payload: [UInt8], with key: IssuerKey) throws(TokenError) -> [UInt8] {
        let signature: [UInt8]
        var text: [UInt8] = []
        text.reserveCapacity(key.headerPart.count + payload.count * 4 / 3 + Self.longestSignaturePart)
        text.append(contentsOf: key.headerPart)
        text.append(contentsOf: Base64URL.encodedBytes(payload))
        do throws(CryptoError) {
            signature = try key.key.sign(text)
        } catch {
            throw TokenError(
                error.code == .away ? .keyAway : .signing,
                "key \(key.kid)",
                seen: error.description,
                wanted: "a signature"
            )
        }
        text.append(UInt8(ascii: "."))
        text.append(contentsOf: Base64URL.encodedBytes(signature))
        guard text.count <= CompactJWS.maximumByteCount else {
            throw TokenError(
                .tooLong,
                "token",
                seen: "\(text.count) characters",
                wanted: "at most \(CompactJWS.maximumByteCount), which is what AWS takes; attest fewer claims"
            )
        }
        return text
    }
}
