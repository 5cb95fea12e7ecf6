package import Time

/// One key ring: the keys of an issuer, or those with which it speaks of strangers' runs.
package struct IssuerRing: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    /// The name of the issuer; nil for the broker's own.
    package let issuer: String?
    package let isUntrusted: Bool

    /// Makes the ring of an issuer.
    package init(issuer: String?, isUntrusted: Bool) {
        self.issuer = issuer
        self.isUntrusted = isUntrusted
    }

    /// The rings of the broker's own issuer.
    package static let trusted = IssuerRing(issuer: nil, isUntrusted: false)
    package static let untrusted = IssuerRing(issuer: nil, isUntrusted: true)

    /// Both rings of an issuer.
    package static func rings(of issuer: String?) -> [IssuerRing] {
        [IssuerRing(issuer: issuer, isUntrusted: false), IssuerRing(issuer: issuer, isUntrusted: true)]
    }

    /// Reads what `rawValue` is: `trusted`, `untrusted`, `NAME/trusted` or `NAME/untrusted`.
    package init?(rawValue: String) {
        let parts = rawValue.split(separator: "/", omittingEmptySubsequences: false)
        guard let last = parts.last, parts.count <= 2, last == "trusted" || last == "untrusted" else { return nil }
        guard parts.count == 1 || !parts[0].isEmpty else { return nil }
        self.init(issuer: parts.count == 2 ? String(parts[0]) : nil, isUntrusted: last == "untrusted")
    }

    /// The ring's name, in answers and as a path below the keys' directory.
    package var rawValue: String { (issuer.map { "\($0)/" } ?? "") + (isUntrusted ? "untrusted" : "trusted") }

    package var description: String { rawValue }
}

/// How far a signing key's life has come: prepared, published, active, retiring; a key that is retired is in no ring any more.
package struct KeyLife: Equatable, Sendable {
    /// The states; a key in any of them stands in the issuer's key set.
    package enum State: String, CaseIterable, Sendable {
        /// In the issuer's own key set, and not yet seen in every published copy.
        case prepared
        /// Seen in every published copy; from then on the time runs for which copies may be cached.
        case published
        /// It signs.
        case active
        /// It signs no more, and tokens that it signed may be about.
        case retiring
    }

    package let state: State
    /// Since when; nil where nobody wrote it down.
    package let since: UnixTime?
    /// When the state's time is over.
    ///
    /// Published: when every cached copy is over. Retiring: when its last token has expired, and clocks agree that it has.
    package let until: UnixTime?
    /// Whether it is to sign as soon as it may.
    package let isWanted: Bool

    /// Makes a life.
    package init(_ state: State, since: UnixTime?, until: UnixTime? = nil, isWanted: Bool = false) {
        self.state = state
        self.since = since
        self.until = until
        self.isWanted = isWanted
    }

    /// The life of a key of an issuer's first ring, of which nobody can have a cached set: it signs at once.
    package static let active = KeyLife(.active, since: nil)
}
