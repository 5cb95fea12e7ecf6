internal import Ledger
internal import Time

/// What is counted of entries as they are indexed: how many of one day are alike in what a chart tells apart.
package struct Tally: Hashable, Sendable {
    /// Since 1970-01-01, in UTC.
    package let day: Int64
    package let kind: String
    package let outcome: String
    /// Empty where the entry has none.
    package let project: String
    package let job: String
    /// The target, context or audience, with a letter before it that says which; empty where it has none.
    package let purpose: String

    /// Makes a tally.
    package init(day: Int64, kind: String, outcome: String, project: String, job: String, purpose: String) {
        self.day = day
        self.kind = kind
        self.outcome = outcome
        self.project = project
        self.job = job
        self.purpose = purpose
    }
}

/// How many entries of one hour are of one kind.
package struct HourTally: Hashable, Sendable {
    /// Since 1970-01-01T00:00:00Z.
    package let hour: Int64
    package let kind: String

    /// Makes a tally.
    package init(hour: Int64, kind: String) {
        self.hour = hour
        self.kind = kind
    }
}

/// The counts of some entries.
package struct Tallies: Equatable, Sendable {
    package private(set) var days: [Tally: Int64] = [:]
    package private(set) var hours: [HourTally: Int64] = [:]

    static let hour: Int64 = 3_600_000
    static let day: Int64 = 24 * hour

    /// Counts nothing yet, with space for as many counts of days as are expected.
    package init(days capacity: Int = 0) { days.reserveCapacity(capacity) }

    /// Forgets the counts of days that are not wanted.
    mutating func keepDays(_ isWanted: (Tally) -> Bool) { days = days.filter { isWanted($0.key) } }

    /// Counts an entry.
    mutating func count(_ entry: EntryKeys) {
        let kind = entry.kind.rawValue
        let tally = Tally(
            day: entry.time.milliseconds / Self.day,
            kind: kind,
            outcome: entry.outcome.rawValue,
            project: String(decoding: entry.project, as: UTF8.self),
            job: String(decoding: entry.job, as: UTF8.self),
            purpose: String(decoding: entry.purpose, as: UTF8.self)
        )
        days[tally, default: 0] += 1
        hours[HourTally(hour: entry.time.milliseconds / Self.hour, kind: kind), default: 0] += 1
    }

    /// Adds counts of a day's alike entries.
    package mutating func add(_ tally: Tally, _ count: Int64) { days[tally, default: 0] += count }

    /// Adds counts of an hour's entries of a kind.
    package mutating func add(_ tally: HourTally, _ count: Int64) { hours[tally, default: 0] += count }

    /// Adds other counts.
    mutating func add(_ others: Tallies) {
        for (tally, count) in others.days { days[tally, default: 0] += count }
        for (tally, count) in others.hours { hours[tally, default: 0] += count }
    }
}
