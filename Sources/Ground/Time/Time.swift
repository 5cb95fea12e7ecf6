/// Time owns wall time as the ledger and JWTs count it, and the texts in which people and protocols write time.
///
/// It never reads a clock behind a caller's back: a `WallClock` comes in through initialisers, so that tests turn it.
///
/// RFC 3339 (timestamps), RFC 7519 section 2 (NumericDate), the contract's durations (`90s`, `5m`, `1h`, `90d`).
package struct TimeError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Which kind of text was refused.
    package enum Code: Equatable, Sendable {
        case duration
        case timestamp
        case date
    }

    package let code: Code
    /// The text that was refused.
    package let seen: String

    /// Makes an error.
    package init(code: Code, seen: String) {
        self.code = code
        self.seen = seen
    }

    package var description: String {
        switch code {
        case .duration: "'\(seen)' is no duration: write a whole number and s, m, h or d, such as 90s, 5m, 1h or 90d"
        case .timestamp: "'\(seen)' is no time: write it as RFC 3339 does, such as 2026-11-22T09:30:00Z"
        case .date: "'\(seen)' is no date: write it as year-month-day, such as 2027-01-31"
        }
    }
}

/// Tells the wall time; called from any thread.
package typealias WallClock = @Sendable () -> UnixTime
