package import Secrets
package import Time

/// Which static secrets can go, at a moment.
package struct RetirementReport: Sendable {
    /// How credentials were had in one week.
    package struct Share: Equatable, Sendable {
        /// Its Monday, in UTC.
        package let since: UnixTime
        package let exchanges: Int
        /// Reads of contexts by jobs.
        package let reads: Int
        package let fallbacks: Int

        /// The part of all that came by exchange; nil in a week without any.
        package var exchanged: Double? {
            let all = exchanges + reads + fallbacks
            return all == 0 ? nil : Double(exchanges) / Double(all)
        }
    }

    package let now: UnixTime
    package let rules: RetirementRules
    /// How many entries of the ledger it rests on: those before this index.
    package let entries: UInt64
    package let findings: [SecretFinding]
    package let inventory: [InventoryItem]
    package let shares: [Share]

    /// Finds out about every secret that is there.
    package init(_ stock: RetirementStock, _ history: UseHistory, rules: RetirementRules, now: UnixTime) {
        self.now = now
        self.rules = rules
        entries = history.size
        inventory = stock.inventory
        findings = stock.contexts.flatMap { context in
            context.secrets.filter { $0.created <= now && $0.deleted.map { $0 > now } ?? true }.map { summary in
                SecretInquiry(
                    context: context.settings,
                    summary: summary,
                    stock: stock,
                    history: history,
                    rules: rules,
                    now: now
                ).finding()
            }
        }
        shares = Self.shares(of: history)
    }

    /// How many secrets have each verdict.
    package var counts: [Verdict: Int] {
        var counts = findings.reduce(into: [:]) { $0[$1.verdict, default: 0] += 1 }
        counts[.unmanaged] = inventory.count
        return counts
    }

    /// How many are older than they may be.
    package var overdue: Int { findings.count { $0.overdueSince != nil } }

    private static func shares(of history: UseHistory) -> [Share] {
        // The epoch was a Thursday: three days earlier was a Monday.
        let weeks = Dictionary(grouping: history.days) { day, _ in (day + 3).quotientRoundedDown(by: 7) }
        guard let first = weeks.keys.min(), let last = weeks.keys.max() else { return [] }
        return (first...last).map { week in
            let days = (weeks[week] ?? []).map(\.value)
            return Share(
                since: UnixTime(seconds: (week * 7 - 3) * 86_400),
                exchanges: days.reduce(0) { $0 + $1.exchanges },
                reads: days.reduce(0) { $0 + $1.reads },
                fallbacks: days.reduce(0) { $0 + $1.fallbacks }
            )
        }
    }
}

extension Int64 {
    fileprivate func quotientRoundedDown(by divisor: Int64) -> Int64 {
        self / divisor - (self % divisor < 0 ? 1 : 0)
    }
}
