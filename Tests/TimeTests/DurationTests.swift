import Testing
import Time

@Suite("Durations")
struct DurationTests {
    @Test(
        "a duration is a whole number and a unit",
        arguments: [
            ("1s", 1), ("90s", 90), ("5m", 300), ("1h", 3_600), ("90d", 90 * 86_400), ("36500d", 36_500 * 86_400),
            ("060s", 60),
        ]
    )
    func parses(text: String, seconds: Int) throws {
        #expect(try Duration(parsing: text) == .seconds(seconds))
    }

    @Test(
        "anything else is none",
        arguments: [
            "", "s", "5", "5 m", " 5m", "5m ", "5M", "0s", "-5m", "+5m", "1.5h", "1h30m", "1w", "36501d", "999999999d",
            "9999999999s",
            "٥m", "5\u{FF4D}", "5m\u{301}", "0x5m", "1e3s", "five minutes",
        ]
    )
    func refuses(text: String) throws {
        let error = try #require(throws: TimeError.self) { try Duration(parsing: text) }
        #expect(error == TimeError(code: .duration, seen: text))
        #expect("\(error)".contains("such as 90s, 5m, 1h or 90d"))
    }

    @Test(
        "a duration is written in the largest unit that divides it",
        arguments: [
            (1, "1s"), (59, "59s"), (60, "1m"), (90, "90s"), (3_600, "1h"), (5_400, "90m"), (86_400, "1d"),
            (90_000, "25h"), (0, "0s"),
        ]
    )
    func writes(seconds: Int, text: String) throws {
        #expect(Duration.seconds(seconds).text == text)
    }

    @Test("what is written parses to the same duration", arguments: [1, 59, 60, 61, 3_600, 86_399, 86_400, 7_776_000])
    func roundTrip(seconds: Int) throws {
        let duration = Duration.seconds(seconds)
        #expect(try Duration(parsing: duration.text) == duration)
    }

    @Test("whole units are rounded towards zero")
    func rounding() {
        #expect(Duration.milliseconds(1_999).wholeSeconds == 1)
        #expect(Duration.milliseconds(-1_999).wholeSeconds == -1)
        #expect(Duration.microseconds(1_999).wholeMilliseconds == 1)
        #expect(Duration.microseconds(-1_999).wholeMilliseconds == -1)
        #expect(Duration.milliseconds(1_999).text == "1s")
    }
}
