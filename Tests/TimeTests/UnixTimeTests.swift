import Testing
import Time

@Suite("Moments")
struct UnixTimeTests {
    @Test(
        "seconds are rounded down, before the epoch too",
        arguments: [
            (0, 0), (999, 0), (1_000, 1), (-1, -1), (-1_000, -1), (-1_001, -2), (Int64.max, Int64.max / 1_000),
            (Int64.min, Int64.min / 1_000 - 1),
        ] as [(Int64, Int64)]
    )
    func seconds(milliseconds: Int64, seconds: Int64) {
        #expect(UnixTime(milliseconds: milliseconds).seconds == seconds)
    }

    @Test("moments and durations add up")
    func arithmetic() {
        let moment = UnixTime(seconds: 1_000)
        #expect(moment + .seconds(5) == UnixTime(seconds: 1_005))
        #expect(moment - .milliseconds(1) == UnixTime(milliseconds: 999_999))
        #expect(moment + .seconds(-5) == UnixTime(seconds: 995))
        #expect(moment + .microseconds(1_500) == UnixTime(milliseconds: 1_000_001))
        #expect(UnixTime(seconds: 1_005) - moment == .seconds(5))
        #expect(moment - UnixTime(seconds: 1_005) == .seconds(-5))
        #expect(moment < moment + .milliseconds(1))
    }

    @Test("a moment that a foreign token makes up does not stop the program")
    func absurd() {
        #expect(UnixTime(seconds: .max) == UnixTime(milliseconds: .max))
        #expect(UnixTime(seconds: .min) == UnixTime(milliseconds: .min))
        #expect(UnixTime(seconds: .max) + .seconds(60) == UnixTime(milliseconds: .max))
        #expect(UnixTime(seconds: .min) - .seconds(60) == UnixTime(milliseconds: .min))
        #expect(UnixTime(seconds: .min) + .seconds(-60) == UnixTime(milliseconds: .min))
        #expect(UnixTime(seconds: .max) - .seconds(-60) == UnixTime(milliseconds: .max))
        #expect(UnixTime(seconds: .max) - UnixTime(seconds: .min) > .zero)
        #expect(!RFC3339.format(UnixTime(seconds: .max)).isEmpty)
        #expect(!RFC3339.format(UnixTime(seconds: .min)).isEmpty)
    }

    @Test("the system's clock goes forward and is past the day this was written")
    func systemClock() {
        let first = SystemClock.now()
        #expect(first > UnixTime(seconds: 1_763_000_000))
        #expect(SystemClock.now() >= first)
    }
}
