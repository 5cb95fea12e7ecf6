package import Time

/// Which of a broker's two issuers a key signs for.
package enum IssuerRing: String, CaseIterable, Sendable {
    case trusted
    case untrusted
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
