internal import Time

/// What a trade at a target may take; each of them is a setting of the target.
package struct TradeLimits: Equatable, Sendable {
    /// Until a connection stands, name look-up and TLS included: 1 s to 30 s, by default 3 s (`connect_timeout`).
    package let connection: Duration
    /// One request, from its first byte to the last of its answer: 1 s to 60 s, by default 10 s (`try_timeout`).
    package let attempt: Duration
    /// The whole trade, every request, try and pause counted: 1 s to 5 min, by default 25 s (`timeout`).
    package let total: Duration

    /// What holds where the target says nothing.
    package static let standard = TradeLimits(connection: .seconds(3), attempt: .seconds(10), total: .seconds(25))

    private init(connection: Duration, attempt: Duration, total: Duration) {
        self.connection = connection
        self.attempt = attempt
        self.total = total
    }

    /// Makes limits of settings, each by default the standard's.
    ///
    /// - Throws: `TargetError` naming `connect_timeout`, `try_timeout` or `timeout`.
    package init(
        connection: Duration? = nil,
        attempt: Duration? = nil,
        total: Duration? = nil
    ) throws(TargetError) {
        self.connection = connection ?? Self.standard.connection
        self.attempt = attempt ?? Self.standard.attempt
        self.total = total ?? Self.standard.total
        try Self.check(self.connection, "connect_timeout", .seconds(1)...(.seconds(30)))
        try Self.check(self.attempt, "try_timeout", .seconds(1)...(.seconds(60)))
        try Self.check(self.total, "timeout", .seconds(1)...(.seconds(300)))
    }

    /// The same, but no longer than a time in all.
    func shortened(to longest: Duration) -> TradeLimits {
        TradeLimits(connection: connection, attempt: attempt, total: min(total, longest))
    }

    private static func check(_ value: Duration, _ key: String, _ bounds: ClosedRange<Duration>) throws(TargetError) {
        guard bounds.contains(value) else {
            throw TargetError(
                key,
                seen: value.text,
                wanted: "\(bounds.lowerBound.text) to \(bounds.upperBound.text)"
            )
        }
    }
}
