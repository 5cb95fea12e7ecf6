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
    /// What is said of further issuers.
    package let others: [Other]

    /// A further issuer.
    package struct Other: Sendable {
        package let name: String
        package let path: String
        package let rules: KeyRotation.Rules
        package let mirrors: [String]

        /// Gathers what is said of it.
        package init(name: String, path: String, rules: KeyRotation.Rules, mirrors: [String]) {
            self.name = name
            self.path = path
            self.rules = rules
            self.mirrors = mirrors
        }
    }

    /// Gathers the terms.
    package init(
        rules: KeyRotation.Rules,
        issuer: IssuerURL,
        mirrors: [String],
        authorities: String?,
        others: [Other] = []
    ) {
        self.rules = rules
        self.issuer = issuer
        self.mirrors = mirrors
        self.authorities = authorities
        self.others = others
    }

    /// Every ring, the broker's own issuer's first.
    package var rings: [IssuerRing] {
        IssuerRing.rings(of: nil) + others.flatMap { IssuerRing.rings(of: $0.name) }
    }

    private func other(_ ring: IssuerRing) -> Other? { others.first { $0.name == ring.issuer } }

    func rules(of ring: IssuerRing) -> KeyRotation.Rules { other(ring)?.rules ?? rules }

    /// The URL of a ring's issuer.
    package func issuer(of ring: IssuerRing) -> IssuerURL {
        let url = other(ring).map { issuer.at(path: $0.path) } ?? issuer
        return ring.isUntrusted ? url.untrusted : url
    }

    func copies(of ring: IssuerRing) -> KeyCopies {
        KeyCopies(
            of: issuer(of: ring),
            ring: ring,
            path: other(ring)?.path,
            mirrors: other(ring)?.mirrors ?? mirrors,
            certificateAuthorities: authorities
        )
    }
}
