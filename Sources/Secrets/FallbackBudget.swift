package import Time

/// How often a fallback may be used, so that an outage nobody looks at does not quietly make it the way in.
package struct FallbackBudget: Equatable, Sendable, CustomStringConvertible {
    /// The span that is counted, from its beginning in UTC.
    package enum Period: String, CaseIterable, Sendable {
        case hour
        case day

        var length: Int64 {
            switch self {
            case .hour: 3_600
            case .day: 86_400
            }
        }
    }

    package let uses: Int
    package let period: Period

    /// Reads `20/day` or `5/hour`.
    ///
    /// - Throws: `SecretsError` with code `setting` and the key `budget`.
    package init(_ text: String) throws(SecretsError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let digits = parts[0].utf8
        guard parts.count == 2, digits.allSatisfy({ (48...57).contains($0) }), digits.count <= 6,
            let uses = Int(parts[0]), uses > 0, let period = Period(rawValue: String(parts[1]))
        else {
            throw SecretsError(.setting("budget"), "saw '\(text)', wanted uses in a day or hour, such as 20/day")
        }
        self.uses = uses
        self.period = period
    }

    package var description: String { "\(uses)/\(period.rawValue)" }

    /// When the period of a moment began: a full hour or midnight, in UTC.
    package func start(at now: UnixTime) -> UnixTime {
        UnixTime(seconds: now.seconds - ((now.seconds % period.length) + period.length) % period.length)
    }

    /// When it ends.
    package func end(at now: UnixTime) -> UnixTime { start(at: now) + .seconds(period.length) }
}
