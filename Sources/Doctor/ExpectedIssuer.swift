internal import Crypto
package import Tokens

/// What an issuer should publish, as its owner knows it.
package struct ExpectedIssuer: Sendable {
    package let url: IssuerURL
    /// The names of the keys that sign, whose absence refuses every token; nil where only the outside is known.
    package let signing: [String]?
    /// The names of all keys that must be published.
    package let published: [String]
    /// Algorithms that tokens are signed with.
    package let algorithms: [String]
    /// Whether it must be within the reach of clouds on the internet.
    package let isPublicWanted: Bool

    /// Describes an issuer by its keys.
    package init(_ issuer: Issuer, isPublicWanted: Bool) {
        url = issuer.url
        signing = issuer.keys.all.filter { $0.life.state == .active }.map(\.kid)
        published = issuer.keys.all.map(\.kid)
        algorithms = issuer.keys.algorithms.map(\.rawValue)
        self.isPublicWanted = isPublicWanted
    }

    /// Describes an issuer of which only the URL is known.
    package init(_ url: IssuerURL, isPublicWanted: Bool) {
        self.url = url
        signing = nil
        published = []
        algorithms = []
        self.isPublicWanted = isPublicWanted
    }
}
