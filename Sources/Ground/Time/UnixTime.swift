/// A moment, in milliseconds since 1970-01-01T00:00:00Z without leap seconds.
package struct UnixTime: Hashable, Comparable, Sendable {
    package let milliseconds: Int64

    /// Makes a moment of milliseconds since the epoch.
    package init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Makes a moment of whole seconds since the epoch, as NumericDate counts them (RFC 7519, section 2).
    ///
    /// A moment beyond what milliseconds can count, as a foreign token may claim, becomes the last or first that they can.
    package init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        milliseconds = overflow ? (seconds < 0 ? .min : .max) : product
    }

    /// Whole seconds since the epoch, rounded down.
    package var seconds: Int64 { milliseconds / 1000 - (milliseconds % 1000 < 0 ? 1 : 0) }

    package static func < (left: UnixTime, right: UnixTime) -> Bool { left.milliseconds < right.milliseconds }

    /// The moment some time later, at most the last that can be counted; fractions below a millisecond are dropped.
    package static func + (moment: UnixTime, later: Duration) -> UnixTime {
        let (sum, overflow) = moment.milliseconds.addingReportingOverflow(later.wholeMilliseconds)
        return UnixTime(milliseconds: overflow ? (later < .zero ? .min : .max) : sum)
    }

    /// The moment some time earlier, at least the first that can be counted.
    package static func - (moment: UnixTime, earlier: Duration) -> UnixTime {
        let (difference, overflow) = moment.milliseconds.subtractingReportingOverflow(earlier.wholeMilliseconds)
        return UnixTime(milliseconds: overflow ? (earlier < .zero ? .max : .min) : difference)
    }

    /// How long after another moment this one is; negative where it is before.
    package static func - (later: UnixTime, earlier: UnixTime) -> Duration {
        // A duration holds more than the difference of any two moments, which 64 bits do not.
        .milliseconds(later.milliseconds) - .milliseconds(earlier.milliseconds)
    }
}
