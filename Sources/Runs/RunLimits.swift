/// How large a run's claims may be, how long a run may live and how many there may be at once.
package struct RunLimits: Equatable, Sendable {
    /// How long a run lives that does not say for how long.
    package var lifetime: Duration
    /// The longest life that a run may ask for.
    package var maximumLifetime: Duration
    /// How many further claims one run may have.
    package var furtherClaims: Int
    /// The longest name of a further claim, in bytes.
    package var nameLength: Int
    /// The longest value of any claim, in bytes.
    package var valueLength: Int
    /// The names and values of all of a run's claims together, in bytes; a token is about a third longer.
    package var totalLength: Int
    /// How many runs may be active at once.
    package var activeRuns: Int

    /// The limits of a broker whose configuration sets none.
    ///
    /// 4 KiB of claims make a token of about 6 KB, which still passes as a header through proxies that stop at 8 KB.
    package static let standard = RunLimits(
        lifetime: .seconds(6 * 3_600),
        maximumLifetime: .seconds(24 * 3_600),
        furtherClaims: 32,
        nameLength: 128,
        valueLength: 1_024,
        totalLength: 4_096,
        activeRuns: 100_000
    )

    /// Makes limits; every one of them is at least 1.
    package init(
        lifetime: Duration,
        maximumLifetime: Duration,
        furtherClaims: Int,
        nameLength: Int,
        valueLength: Int,
        totalLength: Int,
        activeRuns: Int
    ) {
        self.lifetime = lifetime
        self.maximumLifetime = maximumLifetime
        self.furtherClaims = furtherClaims
        self.nameLength = nameLength
        self.valueLength = valueLength
        self.totalLength = totalLength
        self.activeRuns = activeRuns
    }
}
