/// The timestamps of RFC 3339, always in UTC and written with `Z`.
package enum RFC3339 {
    /// The text of a moment: whole seconds, or milliseconds where it has any (`2026-11-22T09:30:00.250Z`).
    package static func format(_ moment: UnixTime) -> String {
        let (year, month, day) = civil(fromDays: floorDivide(moment.seconds, 86_400))
        let second = Int(moment.seconds - floorDivide(moment.seconds, 86_400) * 86_400)
        let fraction = Int((moment.milliseconds % 1000 + 1000) % 1000)
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        let time = "\(padded(second / 3_600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
        return fraction == 0 ? "\(date)T\(time)Z" : "\(date)T\(time).\(padded(fraction, 3))Z"
    }

    /// The moment that a text names; an offset other than `Z` is converted, digits below a millisecond are dropped.
    ///
    /// - Throws: `TimeError` with code `timestamp`.
    package static func parse(_ text: some StringProtocol) throws(TimeError) -> UnixTime {
        let refused = TimeError(code: .timestamp, seen: String(text))
        var scanner = Scanner(Array(text.utf8))
        guard let days = scanner.date(), scanner.take("T") || scanner.take("t"), let hour = scanner.number(2),
            hour < 24,
            scanner.take(":"), let minute = scanner.number(2), minute < 60, scanner.take(":"),
            let second = scanner.number(2), second < 60
        else { throw refused }
        guard let fraction = scanner.fraction(), let offset = scanner.offset(), scanner.isAtEnd else { throw refused }
        let seconds = days * 86_400 + Int64(hour * 3_600 + minute * 60 + second) - Int64(offset * 60)
        // The offset may lead out of the years that four digits can write.
        guard expressible.contains(seconds) else { throw refused }
        return UnixTime(milliseconds: seconds * 1000 + Int64(fraction))
    }

    /// The first moment of a day (`2027-01-31`), in UTC.
    ///
    /// - Throws: `TimeError` with code `date`.
    package static func parseDate(_ text: some StringProtocol) throws(TimeError) -> UnixTime {
        var scanner = Scanner(Array(text.utf8))
        guard let days = scanner.date(), scanner.isAtEnd else { throw TimeError(code: .date, seen: String(text)) }
        return UnixTime(seconds: days * 86_400)
    }

    /// Seconds since the epoch from 0001-01-01 to the end of 9999.
    private static let expressible: Range<Int64> = -62_135_596_800..<253_402_300_800

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        value / divisor - (value % divisor < 0 ? 1 : 0)
    }

    /// The civil date of a day number, in the proleptic Gregorian calendar.
    ///
    /// Years are counted from March, so that the leap day is a year's last; 719,468 days lie between 0000-03-01 and the epoch.
    private static func civil(fromDays days: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = floorDivide(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0), Int(month), Int(day))
    }
}

/// Reads the parts of a timestamp from left to right; nil where a part is not as RFC 3339 writes it.
private struct Scanner {
    private let characters: [UInt8]
    private var index = 0

    init(_ characters: [UInt8]) { self.characters = characters }

    var isAtEnd: Bool { index == characters.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard index < characters.count, characters[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    mutating func number(_ width: Int) -> Int? {
        guard characters.count - index >= width else { return nil }
        var value = 0
        for digit in characters[index..<index + width] {
            guard (48...57).contains(digit) else { return nil }
            value = value * 10 + Int(digit - 48)
        }
        index += width
        return value
    }

    /// Days since the epoch.
    mutating func date() -> Int64? {
        guard let year = number(4), year > 0, take("-"), let month = number(2), take("-"), let day = number(2),
            (1...12).contains(month), day >= 1, day <= Self.length(ofMonth: month, year: year)
        else { return nil }
        let marchYear = Int64(month <= 2 ? year - 1 : year)
        let era = marchYear / 400
        let yearOfEra = marchYear - era * 400
        let dayOfYear = Int64((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1)
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    /// Milliseconds.
    mutating func fraction() -> Int? {
        guard take(".") else { return 0 }
        var value = 0
        var digits = 0
        while let digit = number(1) {
            if digits < 3 { value = value * 10 + digit }
            digits += 1
        }
        guard (1...9).contains(digits) else { return nil }
        return digits >= 3 ? value : digits == 2 ? value * 10 : value * 100
    }

    /// Minutes east of UTC.
    mutating func offset() -> Int? {
        if take("Z") || take("z") { return 0 }
        let sign = take("+") ? 1 : take("-") ? -1 : 0
        guard sign != 0, let hours = number(2), hours < 24, take(":"), let minutes = number(2), minutes < 60 else {
            return nil
        }
        return sign * (hours * 60 + minutes)
    }

    private static func length(ofMonth month: Int, year: Int) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
