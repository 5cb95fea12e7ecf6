/// A moment, in milliseconds since 1970-01-01T00:00:00Z without leap seconds.
package struct UnixTime: Hashable, Comparable, Sendable {
    package let milliseconds: Int64

    /// Makes a moment of milliseconds since the epoch.
    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Makes a moment of whole seconds since the epoch, as NumericDate counts them (RFC 7519, section 2).
    package init(seconds: Int64) { milliseconds = seconds * 1000 }

    /// Whole seconds since the epoch, rounded down.
    package var seconds: Int64 { milliseconds >= 0 ? milliseconds / 1000 : (milliseconds - 999) / 1000 }

    package static func < (left: UnixTime, right: UnixTime) -> Bool { left.milliseconds < right.milliseconds }

    /// The moment some time later; fractions below a millisecond are dropped.
    package static func + (moment: UnixTime, later: Duration) -> UnixTime {
        UnixTime(milliseconds: moment.milliseconds + later.wholeMilliseconds)
    }

    /// The moment some time earlier.
    package static func - (moment: UnixTime, earlier: Duration) -> UnixTime {
        UnixTime(milliseconds: moment.milliseconds - earlier.wholeMilliseconds)
    }

    /// How long after another moment this one is; negative where it is before.
    package static func - (later: UnixTime, earlier: UnixTime) -> Duration {
        .milliseconds(later.milliseconds - earlier.milliseconds)
    }
}
