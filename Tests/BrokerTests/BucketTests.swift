import Broker
import Configuration
import Testing

@Suite("Token buckets")
struct BucketTests {
    @Test("who looked at the clock before another, and comes after, is not taken for one that is over the rate")
    func order() {
        let buckets = Buckets<String>(capacity: 8)
        let rate = Rate(perSecond: 1_000_000, burst: 1_000)
        #expect(buckets.take("a", rate, at: .milliseconds(10)) == nil)
        #expect(buckets.take("a", rate, at: .milliseconds(5)) == nil)
    }

    private static let rate = Rate(perSecond: 10, burst: 3)

    @Test("a burst is let through, then as many as drop in, and what waits is told how long")
    func rate() {
        let buckets = Buckets<String>(capacity: 10)
        var now = Duration.seconds(100)
        for _ in 0..<3 { #expect(buckets.take("a", Self.rate, at: now) == nil) }
        #expect(buckets.take("a", Self.rate, at: now) == .milliseconds(100))
        // A refusal takes nothing.
        #expect(buckets.take("a", Self.rate, at: now) == .milliseconds(100))
        #expect(buckets.take("b", Self.rate, at: now) == nil)
        now += .milliseconds(100)
        #expect(buckets.take("a", Self.rate, at: now) == nil)
        #expect(buckets.take("a", Self.rate, at: now) != nil)
        now += .seconds(3_600)
        for _ in 0..<3 { #expect(buckets.take("a", Self.rate, at: now) == nil) }
        #expect(buckets.take("a", Self.rate, at: now) != nil)
    }

    @Test("a smaller burst holds at once, and a bucket that a larger one filled does not wait for that")
    func change() {
        let buckets = Buckets<String>(capacity: 10)
        for _ in 0..<100 { #expect(buckets.take("a", Rate(perSecond: 1, burst: 100), at: .zero) == nil) }
        #expect(buckets.take("a", Rate(perSecond: 1, burst: 2), at: .zero) == .seconds(1))
        #expect(buckets.take("a", Rate(perSecond: 1, burst: 2), at: .seconds(2)) == nil)
    }

    @Test("a flood of keys fills no more than the capacity, and does not free who is over")
    func flood() {
        let buckets = Buckets<Int>(capacity: 64)
        for _ in 0..<3 { _ = buckets.take(-1, Self.rate, at: .zero) }
        for key in 0..<100_000 { _ = buckets.take(key, Self.rate, at: .milliseconds(Int64(key % 90))) }
        #expect(buckets.count <= 64)
        #expect(buckets.take(-1, Self.rate, at: .milliseconds(90)) != nil)
    }

    @Test("strangers to a full table share what the crowd has, and the table takes them once others are full again")
    func crowd() {
        let buckets = Buckets<Int>(capacity: 8)
        for key in 0..<8 { for _ in 0..<3 { _ = buckets.take(key, Self.rate, at: .zero) } }
        // One crowd bucket for eight places: its three tokens are all that newcomers get between them.
        let admitted = (100..<200).count { buckets.take($0, Self.rate, at: .zero) == nil }
        #expect(admitted == 3)
        #expect((100..<108).allSatisfy { buckets.take($0, Self.rate, at: .seconds(2)) == nil })
        #expect(buckets.count <= 8)
    }
}
