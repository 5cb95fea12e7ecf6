/// How long many things took, kept as counts: a value read back is at most 1.6 % above the one that was put in.
///
/// Each power of two of microseconds is cut into 64 parts, so memory is the same for ten values and for a billion.
package struct LatencyHistogram: Equatable, Sendable {
    private static let parts = 64
    private static let partBits = 6
    private var counts = [UInt64](repeating: 0, count: (64 - partBits + 1) * parts)

    /// How many values there are.
    package private(set) var count: UInt64 = 0
    /// The longest of them.
    package private(set) var longest = Duration.zero

    /// Makes an empty one.
    package init() {}

    /// Puts a value in; what is below zero counts as zero, and parts of a microsecond are dropped.
    package mutating func record(_ value: Duration) {
        let microseconds = UInt64(max(0, value / .microseconds(1)))
        counts[Self.index(of: microseconds)] += 1
        count += 1
        longest = max(longest, value)
    }

    /// The value that this share of all does not exceed, such as 0.99; zero where there is none.
    package func value(at share: Double) -> Duration {
        let wanted = max(1, UInt64((Double(count) * share).rounded(.up)))
        guard count > 0 else { return .zero }
        var seen: UInt64 = 0
        for (index, number) in counts.enumerated() {
            seen += number
            if seen >= wanted { return min(longest, .microseconds(Self.highest(of: index))) }
        }
        return longest
    }

    /// Puts all of another's values in.
    package mutating func add(_ other: LatencyHistogram) {
        for index in counts.indices { counts[index] += other.counts[index] }
        count += other.count
        longest = max(longest, other.longest)
    }

    /// Values below 64 have a part of their own; above, the six bits after the highest one tell the part.
    private static func index(of value: UInt64) -> Int {
        guard value >= UInt64(parts) else { return Int(value) }
        let shift = value.bitWidth - value.leadingZeroBitCount - partBits - 1
        return (shift + 1) * parts + Int(value >> UInt64(shift)) - parts
    }

    private static func highest(of index: Int) -> UInt64 {
        guard index >= parts else { return UInt64(index) }
        let shift = UInt64(index / parts - 1)
        return (UInt64(index % parts + parts + 1) << shift) - 1
    }
}
