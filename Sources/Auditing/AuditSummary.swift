internal import Crypto
package import JSON
internal import Ledger
package import Time

/// What a period's entries add up to, as charts show it: by time, by who reaches what, and of static secrets by context.
package struct AuditSummary: Sendable {
    private let tallies: Tallies
    private let since: UnixTime
    private let until: UnixTime
    private let isByHour: Bool

    /// Up to how long a period is shown by hours.
    private static let longestByHour = Duration.seconds(3 * 86_400)
    /// The most flows of an answer; those with the most entries are kept.
    private static let mostFlows = 400

    init(_ tallies: Tallies, from since: UnixTime, to until: UnixTime, isFiltered: Bool) {
        self.tallies = tallies
        self.since = since
        self.until = until
        isByHour = !isFiltered && until - since <= Self.longestByHour
    }

    /// The series that a kind and outcome count for; nil for those that no chart shows.
    private static func series(_ kind: String, _ outcome: String) -> String? {
        switch kind {
        case "token.issued": "tokens"
        case "exchange.succeeded": "exchanges"
        case "exchange.failed": "failures"
        case "fallback.used": "fallbacks"
        case "secret.read": "reads"
        default: kind.hasSuffix(".denied") || kind.hasSuffix(".refused") || outcome == "denied" ? "denials" : nil
        }
    }

    /// The summary under the names that the page reads.
    package var json: JSON {
        var totals: [String: Int64] = [:]
        for (tally, count) in tallies.days {
            if let name = Self.series(tally.kind, tally.outcome) { totals[name, default: 0] += count }
        }
        return [
            "since": .string(RFC3339.format(since)), "until": .string(RFC3339.format(until)),
            "unit": isByHour ? "hour" : "day", "totals": Self.object(totals), "series": .array(steps),
            "flows": .array(flows), "statics": .array(statics),
        ]
    }

    private static func object(_ counts: [String: Int64]) -> JSON {
        var object = JSONObject()
        for (name, count) in counts.sorted(by: { $0.key < $1.key }) { object[name] = .integer(count) }
        return .object(object)
    }

    /// The counts of each hour or day, those without any entry too.
    private var steps: [JSON] {
        var counts: [Int64: [String: Int64]] = [:]
        let unit = isByHour ? Tallies.hour : Tallies.day
        if isByHour {
            for (tally, count) in tallies.hours {
                if let name = Self.series(tally.kind, "") {
                    counts[tally.hour, default: [:]][name, default: 0] += count
                }
            }
        } else {
            for (tally, count) in tallies.days {
                guard let name = Self.series(tally.kind, tally.outcome) else { continue }
                counts[tally.day, default: [:]][name, default: 0] += count
            }
        }
        // A period that begins before there was anything begins with the first that there was.
        let first = max(since.milliseconds / unit, counts.keys.min() ?? until.milliseconds / unit)
        let last = max(first, (until.milliseconds - 1) / unit)
        return (first...last).map { step in
            var object: JSONObject = ["at": .integer(step * unit / 1_000)]
            for (name, count) in (counts[step] ?? [:]).sorted(by: { $0.key < $1.key }) {
                object[name] = .integer(count)
            }
            return .object(object)
        }
    }

    private struct Flow: Hashable {
        let project: String
        let job: String
        let purpose: String
    }

    private var flows: [JSON] {
        var counts: [Flow: (count: Int64, refused: Int64)] = [:]
        for (tally, count) in tallies.days where !tally.project.isEmpty && !tally.purpose.isEmpty {
            let flow = Flow(project: tally.project, job: tally.job, purpose: tally.purpose)
            counts[flow, default: (0, 0)].count += count
            if tally.outcome != "succeeded" { counts[flow, default: (0, 0)].refused += count }
        }
        let sorted = counts.sorted { left, right in
            left.value.count != right.value.count
                ? left.value.count > right.value.count
                : (left.key.project, left.key.job, left.key.purpose) < (
                    right.key.project, right.key.job, right.key.purpose
                )
        }
        return sorted.prefix(Self.mostFlows).map { flow, counts in
            [
                "project": .string(flow.project), "job": .string(flow.job), "purpose": .string(flow.purpose),
                "count": .integer(counts.count), "refused": .integer(counts.refused),
            ]
        }
    }

    private struct StaticUse {
        var count: Int64 = 0
        var last: Int64 = 0
        var projects: Set<String> = []
    }

    private var statics: [JSON] {
        var uses: [String: StaticUse] = [:]
        for (tally, count) in tallies.days where tally.kind == "secret.read" || tally.kind == "fallback.used" {
            let name = String(tally.purpose.dropFirst())
            uses[name, default: StaticUse()].count += count
            uses[name, default: StaticUse()].last = max(uses[name]?.last ?? 0, tally.day)
            uses[name, default: StaticUse()].projects.insert(tally.project)
        }
        return uses.sorted { $0.key < $1.key }.map { name, use in
            [
                "context": .string(name), "count": .integer(use.count), "last": .integer(use.last * 86_400),
                "projects": .array(use.projects.sorted().map { .string($0) }),
            ]
        }
    }
}

extension AuditLog {
    /// What the entries of a query's period add up to; filters that counts do not tell apart are refused.
    ///
    /// - Throws: `AuditError` with code `query` for such a filter, else `storage`.
    package func summary(of query: AuditQuery, at now: UnixTime) throws(AuditError) -> AuditSummary {
        let uncounted = [
            ("run", query.run), ("jti", query.jti), ("trace", query.trace), ("principal", query.principal),
            ("secret", query.secret), ("kid", query.kid), ("credential", query.credential), ("session", query.session),
            ("token_sha256", query.tokenSHA256?.hex), ("workflow", query.claims["workflow"]),
            ("ref", query.claims["ref"]),
            ("subject", query.claims["sub"]),
        ]
        if let (name, _) = uncounted.first(where: { $0.1 != nil }) {
            throw AuditError(.query, "nothing is counted by '\(name)'; list the entries with it instead")
        }
        do throws(LedgerError) {
            let until = query.until ?? now
            let since = query.since ?? UnixTime(milliseconds: 0)
            let days =
                since.milliseconds / Tallies.day..<max(since.milliseconds, until.milliseconds - 1) / Tallies.day + 1
            let indexed = try index?.storage.state().size ?? 0
            var all = try index?.storage.tallies(days: days) ?? Tallies()
            try count(from: indexed, in: days, to: &all)
            let isFiltered = !query.keys.isEmpty
            if isFiltered { all.keepDays { query.counts($0) } }
            return AuditSummary(all, from: since, to: until, isFiltered: isFiltered)
        } catch {
            throw AuditError(error)
        }
    }

    /// Counts what is not indexed yet, as far as one call looks.
    private func count(from first: UInt64, in days: Range<Int64>, to tallies: inout Tallies) throws(LedgerError) {
        let size = try storage.head()?.size ?? 0
        var next = max(first, size - min(size, Self.scanned))
        while next < size {
            let end = min(size, next + 512)
            for stored in try storage.entries(in: next..<end) {
                guard let entry = EntryKeys(stored.bytes), days.contains(entry.time.milliseconds / Tallies.day) else {
                    continue
                }
                tallies.count(entry)
            }
            next = end
        }
    }
}

extension AuditQuery {
    fileprivate func counts(_ tally: Tally) -> Bool {
        func matches(_ wanted: String?, _ seen: String) -> Bool { wanted == nil || wanted == seen }
        return matches(kind?.rawValue, tally.kind) && matches(outcome?.rawValue, tally.outcome)
            && matches(claims["project"], tally.project) && matches(claims["job"], tally.job)
            && matches(target.map { "t\($0)" }, tally.purpose) && matches(context.map { "c\($0)" }, tally.purpose)
            && matches(audience.map { "a\($0)" }, tally.purpose)
    }
}
