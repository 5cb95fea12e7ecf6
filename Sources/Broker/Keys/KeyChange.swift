package import Crypto
package import Tokens

/// What an administrator asks of the issuers' keys.
package enum KeyChange: Sendable {
    /// New keys, one for each algorithm in each ring.
    case prepare([SignatureAlgorithm], [IssuerRing])
    /// Signs from now on, or as soon as it may.
    case activate(String, whenReady: Bool)
    /// Signs no more, and leaves when its last token has expired.
    case retire(String)
    /// Leaves at once.
    case revoke(String)
}

/// What the configuration says of keys and of where they are published.
package struct KeyTerms: Sendable {
    package let rules: KeyRotation.Rules
    /// The issuer of trusted runs' tokens; the other one's URL derives from it.
    package let issuer: IssuerURL
    /// Where copies of the keys are published besides, each a URL without `/.well-known/…`.
    package let mirrors: [String]
    /// A PEM file of authorities to trust for all copies instead of the system's.
    package let authorities: String?

    /// Gathers the terms.
    package init(rules: KeyRotation.Rules, issuer: IssuerURL, mirrors: [String], authorities: String?) {
        self.rules = rules
        self.issuer = issuer
        self.mirrors = mirrors
        self.authorities = authorities
    }

    func issuer(of ring: IssuerRing) -> IssuerURL { ring == .trusted ? issuer : issuer.untrusted }

    func copies(of ring: IssuerRing) -> KeyCopies {
        KeyCopies(of: issuer(of: ring), ring: ring, mirrors: mirrors, certificateAuthorities: authorities)
    }
}
