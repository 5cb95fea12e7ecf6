package import Time

/// When a credential is due to be renewed: once a fifth of its life is left, so that nobody is handed one that ends under way.
package struct Freshness: Equatable, Sendable {
    /// After how long what never expires, a fallback's static keys, is asked for again: the cloud may be back.
    private static let fallbackLife = Duration.seconds(900)

    package let obtained: UnixTime
    /// When it ends by itself; nil for what does not.
    package let expires: UnixTime?

    /// Makes the freshness of a credential that came at a moment.
    package init(obtained: UnixTime, expires: UnixTime?) {
        self.obtained = obtained
        self.expires = expires
    }

    /// From when on it is to be renewed.
    package var due: UnixTime {
        guard let expires else { return obtained + Self.fallbackLife }
        return max(obtained, expires - (expires - obtained) / 5)
    }

    /// Whether it can still be used.
    package func isUsable(at now: UnixTime) -> Bool { expires.map { now < $0 } ?? true }

    /// Until when a client may use it that asks again then.
    package func end(at now: UnixTime) -> UnixTime { expires ?? now + Self.fallbackLife }
}
