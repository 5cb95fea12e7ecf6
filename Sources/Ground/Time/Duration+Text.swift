extension Duration {
    /// The duration in whole milliseconds, rounded towards zero.
    package var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }

    /// The duration in whole seconds, rounded towards zero.
    package var wholeSeconds: Int64 { components.seconds }

    /// Parses a duration of the contract: a whole number from 1 and one of `s`, `m`, `h`, `d`.
    ///
    /// - Throws: `TimeError` with code `duration` on anything else, or above 36,500 days.
    package init(parsing text: some StringProtocol) throws(TimeError) {
        let refused = TimeError(code: .duration, seen: String(text))
        guard let unit = text.last, let seconds = Self.secondsOfUnit[unit] else { throw refused }
        let digits = text.dropLast()
        guard (1...9).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
            let count = Int64(digits), count > 0, count * seconds <= 36_500 * 86_400
        else { throw refused }
        self = .seconds(count * seconds)
    }

    /// The shortest text of the contract that means this duration, rounded down to a second: `5m`, `1h`, `90d`.
    package var text: String {
        let seconds = wholeSeconds
        for (unit, length) in [("d", Int64(86_400)), ("h", 3_600), ("m", 60)]
        where seconds >= length && seconds % length == 0 {
            return "\(seconds / length)\(unit)"
        }
        return "\(seconds)s"
    }

    private static let secondsOfUnit: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
}
