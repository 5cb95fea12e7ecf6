import Testing
import Time

@Suite("Timestamps")
struct RFC3339Tests {
    @Test(
        "the examples of RFC 3339, section 5.8, and their neighbours",
        arguments: [
            ("1985-04-12T23:20:50.52Z", 482_196_050_520), ("1996-12-19T16:39:57-08:00", 851_042_397_000),
            ("1996-12-20T00:39:57Z", 851_042_397_000), ("1937-01-01T12:00:27.87+00:20", -1_041_337_172_130),
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01t00:00:00z", 0), ("1970-01-01T00:00:00-00:00", 0),
            ("1969-12-31T23:59:59.999Z", -1), ("2000-02-29T00:00:00Z", 951_782_400_000),
            ("2026-11-22T09:30:00.1Z", 1_795_339_800_100),
            ("2026-11-22T09:30:00.1239Z", 1_795_339_800_123), ("0001-01-01T00:00:00Z", -62_135_596_800_000),
            ("9999-12-31T23:59:59Z", 253_402_300_799_000), ("2026-11-22T00:00:00+23:59", 1_795_219_260_000),
        ] as [(String, Int64)]
    )
    func parses(text: String, milliseconds: Int64) throws {
        #expect(try RFC3339.parse(text).milliseconds == milliseconds)
    }

    @Test(
        "anything else is no timestamp",
        arguments: [
            "", "2026-11-22", "2026-11-22T09:30:00", "2026-11-22 09:30:00Z", "2026-11-22T09:30Z", "2026-11-22T9:30:00Z",
            "2026-11-22T24:00:00Z", "2026-11-22T09:60:00Z", "1990-12-31T23:59:60Z", "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-11-31T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-11-00T00:00:00Z",
            "2026-11-22T09:30:00.Z",
            "2026-11-22T09:30:00.1234567890Z", "2026-11-22T09:30:00Z ", "2026-11-22T09:30:00+0100",
            "2026-11-22T09:30:00+24:00",
            "2026-11-22T09:30:00+01:60", "26-11-22T09:30:00Z", "+2026-11-22T09:30:00Z", "2026-1１-22T09:30:00Z",
            "1795339800", "0000-01-31T00:00:00Z", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
        ]
    )
    func refuses(text: String) throws {
        let error = try #require(throws: TimeError.self) { try RFC3339.parse(text) }
        #expect(error == TimeError(code: .timestamp, seen: text))
    }

    @Test(
        "a moment is written in UTC, with milliseconds where it has any",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (250, "1970-01-01T00:00:00.250Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (1_795_339_800_005, "2026-11-22T09:30:00.005Z"), (951_868_799_000, "2000-02-29T23:59:59Z"),
            (-62_135_596_800_000, "0001-01-01T00:00:00Z"), (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        ] as [(Int64, String)]
    )
    func writes(milliseconds: Int64, text: String) {
        #expect(RFC3339.format(UnixTime(milliseconds: milliseconds)) == text)
    }

    @Test("every day of four centuries is written as the calendar has it, and reads back")
    func calendar() throws {
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        var moment = try RFC3339.parseDate("1800-01-01")
        for year in 1800..<2200 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            for (month, length) in lengths.enumerated() {
                for day in 1...(length + (isLeap && month == 1 ? 1 : 0)) {
                    let digits = [month + 1, day].map { $0 < 10 ? "0\($0)" : "\($0)" }
                    let text = "\(year)-\(digits[0])-\(digits[1])"
                    #expect(RFC3339.format(moment) == "\(text)T00:00:00Z")
                    #expect(try RFC3339.parseDate(text) == moment)
                    moment = moment + .seconds(86_400)
                }
            }
        }
    }

    @Test(
        "a date is its first moment in UTC",
        arguments: [
            ("2027-01-31", 1_801_353_600), ("1970-01-01", 0), ("2024-02-29", 1_709_164_800),
        ] as [(String, Int64)]
    )
    func dates(text: String, seconds: Int64) throws {
        #expect(try RFC3339.parseDate(text) == UnixTime(seconds: seconds))
    }

    @Test(
        "anything else is no date",
        arguments: ["", "0000-01-31", "2027-1-31", "2027-02-29", "31.01.2027", "2027-01-31T00:00:00Z", "2027-01-31 "]
    )
    func refusesDates(text: String) throws {
        let error = try #require(throws: TimeError.self) { try RFC3339.parseDate(text) }
        #expect("\(error)" == "'\(text)' is no date: write it as year-month-day, such as 2027-01-31")
    }
}
