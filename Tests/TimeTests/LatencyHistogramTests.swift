import Testing
import Time

@Suite("A histogram of latencies")
struct LatencyHistogramTests {
    @Test("gives back shares of what was put in, within 1.6 %")
    func shares() {
        var histogram = LatencyHistogram()
        for microseconds in 1...100_000 { histogram.record(.microseconds(microseconds)) }
        #expect(histogram.count == 100_000)
        #expect(histogram.longest == .microseconds(100_000))
        for share in [0.001, 0.01, 0.5, 0.9, 0.99, 0.999] {
            let exact = share * 100_000
            let read = histogram.value(at: share) / .microseconds(1)
            #expect(read >= exact && read <= exact * 1.016 + 1, "\(share): \(read)")
        }
        #expect(histogram.value(at: 1) == histogram.longest)
    }

    @Test("small values are exact", arguments: [0, 1, 7, 63, 64, 65, 127])
    func exact(_ microseconds: Int) {
        var histogram = LatencyHistogram()
        histogram.record(.microseconds(microseconds))
        #expect(histogram.value(at: 0.5) == .microseconds(microseconds))
    }

    @Test("the shortest and the longest time that there is have a place")
    func extremes() {
        var histogram = LatencyHistogram()
        histogram.record(.seconds(-1))
        histogram.record(.seconds(Int64.max / 1_000_000))
        #expect(histogram.count == 2)
        #expect(histogram.value(at: 0.5) == .zero)
        #expect(histogram.value(at: 1) == histogram.longest)
    }

    @Test("an empty one has no value but zero, and two add up to one")
    func sums() {
        var (all, one, other) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        #expect(all.value(at: 0.99) == .zero)
        for number in 1...1_000 {
            all.record(.milliseconds(number))
            if number.isMultiple(of: 2) {
                one.record(.milliseconds(number))
            } else {
                other.record(.milliseconds(number))
            }
        }
        one.add(other)
        #expect(one == all)
    }
}
