internal import Encoding
package import Secrets
package import Time

/// What is found of one secret that the broker holds.
package struct SecretFinding: Sendable {
    /// A job that read it.
    package struct Job: Equatable, Sendable {
        package let name: JobName
        /// How often, and when and where in the ledger the last time.
        package let reads: Int
        package let lastRead: UnixTime
        package let lastReadIndex: UInt64
        /// Its exchanges since then with what replaces the secret: how many, and the last ones in the ledger.
        package let exchanges: Int
        package let lastExchange: UnixTime?
        package let exchangeIndexes: [UInt64]
    }

    /// A use in an outage.
    package struct FallbackUse: Equatable, Sendable {
        package let target: String
        package let job: JobName
        package let time: UnixTime
        package let cause: String
        package let index: UInt64
    }

    package let context: ContextName
    package let summary: SecretSummary
    package let owner: String?
    package let overdueSince: UnixTime?
    /// How often it was read in the last 7, 30 and 90 days.
    package let reads: (week: Int, month: Int, quarter: Int)
    package let jobs: [Job]
    package let fallbackUses: [FallbackUse]
    /// The targets that make it unnecessary.
    package let replacements: [String]
    /// The last day of the fallback that it serves; nil where it serves none.
    package let fallbackUntil: String?
    package let verdict: Verdict
    /// Why, in words.
    package let reason: String
    /// The entries that show it, ascending.
    package let evidence: [UInt64]
}

/// Finds out about one secret.
struct SecretInquiry {
    let context: ContextSettings
    let summary: SecretSummary
    let stock: RetirementStock
    let history: UseHistory
    let rules: RetirementRules
    let now: UnixTime

    func finding() -> SecretFinding {
        let reads = reads()
        let fallbacks = stock.fallbacks.filter { $0.value.context == context.name }
        let own = context.rules(for: summary.name)
        let replacements = Set(fallbacks.keys).union(own.replacedBy.map { [$0] } ?? []).sorted()
        let jobs = jobs(of: reads, replacedBy: replacements)
        let (verdict, reason, evidence) = judge(jobs, replacements, fallbacks.values.map { $0 })
        let changes = history.changes["\(context.name)/\(summary.name)"] ?? []
        func count(_ days: Int64) -> Int { reads.count { $0.mark.time > now - .seconds(days * 86_400) } }
        return SecretFinding(
            context: context.name,
            summary: summary,
            owner: own.owner ?? changes.first?.principal,
            overdueSince: context.overdueSince(summary, at: now),
            reads: (count(7), count(30), count(90)),
            jobs: jobs,
            fallbackUses: reads.compactMap { read in
                read.fallback.map { fallback in
                    SecretFinding.FallbackUse(
                        target: fallback.target,
                        job: read.job,
                        time: read.mark.time,
                        cause: fallback.cause,
                        index: read.mark.index
                    )
                }
            },
            replacements: replacements,
            fallbackUntil: fallbacks.values.map(\.until).min(),
            verdict: verdict,
            reason: reason,
            evidence: evidence.sorted()
        )
    }

    /// The reads that handed this secret out: those of it, and those of the whole context while it was there.
    private func reads() -> [UseHistory.Read] {
        (history.reads[context.name.text] ?? []).filter { read in
            guard let secret = read.secret else {
                return read.mark.time >= summary.created && summary.deleted.map { read.mark.time < $0 } ?? true
            }
            return secret == summary.name.text
        }
    }

    private func jobs(of reads: [UseHistory.Read], replacedBy targets: [String]) -> [SecretFinding.Job] {
        Dictionary(grouping: reads, by: \.job).compactMap { job, reads in
            guard let last = reads.last else { return nil }
            let since = targets.flatMap { history.exchanges[$0]?[job] ?? [] }
                .filter { $0.index > last.mark.index }.sorted { $0.index < $1.index }
            return SecretFinding.Job(
                name: job,
                reads: reads.count,
                lastRead: last.mark.time,
                lastReadIndex: last.mark.index,
                exchanges: since.count,
                lastExchange: since.last?.time,
                exchangeIndexes: since.suffix(rules.exchanges).map(\.index)
            )
        }.sorted { $0.name < $1.name }
    }

    /// The verdict with its reason and its evidence.
    private func judge(
        _ jobs: [SecretFinding.Job],
        _ replacements: [String],
        _ fallbacks: [Fallback]
    ) -> (Verdict, String, [UInt64]) {
        let proof = judgeUse(jobs, replacements)
        guard proof.0 != .deleteNow, let last = fallbacks.map(\.end).min(),
            let until = fallbacks.map(\.until).min(), last <= now + rules.expiringWithin
        else { return proof }
        let when = last <= now ? "is over since \(until)" : "ends on \(until)"
        return (.expiring, "the fallback that it serves \(when); \(proof.1)", proof.2)
    }

    private func judgeUse(
        _ jobs: [SecretFinding.Job],
        _ replacements: [String]
    ) -> (Verdict, String, [UInt64]) {
        let span = rules.unreadFor
        let recent = jobs.filter { $0.lastRead + span > now }
        let named = replacements.joined(separator: ", ")
        guard recent.isEmpty else {
            let names = recent.map(\.name.description).joined(separator: "; ")
            let way = replacements.isEmpty ? "still the only way: " : ""
            return (.keep, "\(way)read in the last \(span.text) by \(names)", recent.map(\.lastReadIndex))
        }
        guard let start = history.span?.first, max(start, summary.created) + span <= now else {
            return (.unproven, "less than \(span.text) of history", setIndexes)
        }
        guard !jobs.isEmpty else { return judgeUnread(replacements) }
        let evidence = jobs.flatMap { [$0.lastReadIndex] + $0.exchangeIndexes }
        guard !replacements.isEmpty else {
            let names = jobs.map(\.name.description).joined(separator: "; ")
            return (
                .keep, "still the only way, though not read for \(span.text): no target replaces it for \(names)",
                evidence
            )
        }
        let lacking = jobs.filter { $0.exchanges < rules.exchanges }
        guard lacking.isEmpty else {
            let names = lacking.map { "\($0.name) (\($0.exchanges))" }.joined(separator: "; ")
            return (
                .unproven,
                "not read for \(span.text), but with fewer than \(rules.exchanges) exchanges at \(named) since: \(names)",
                evidence
            )
        }
        return (
            .deleteNow,
            "not read for \(span.text), and every job that read it has had \(rules.exchanges) exchanges or more at \(named) since",
            evidence
        )
    }

    /// Of a secret that no job has ever read.
    private func judgeUnread(_ replacements: [String]) -> (Verdict, String, [UInt64]) {
        guard !replacements.isEmpty else {
            return (.deleteNow, "no job has read it since it was set", setIndexes)
        }
        let marks = replacements.flatMap { history.exchanges[$0]?.values.flatMap { $0 } ?? [] }
            .filter { $0.time >= summary.created }.sorted { $0.index < $1.index }
        let evidence = setIndexes + marks.suffix(rules.exchanges).map(\.index)
        let named = replacements.joined(separator: ", ")
        guard marks.count >= rules.exchanges else {
            return (.unproven, "no job has read it, and \(named) has had \(marks.count) exchanges", evidence)
        }
        return (
            .deleteNow, "no job has read it, and \(named) has had \(marks.count) exchanges since it was set", evidence
        )
    }

    /// Where the ledger has that it was set for the first time.
    private var setIndexes: [UInt64] {
        (history.changes["\(context.name)/\(summary.name)"] ?? []).prefix(1).map(\.mark.index)
    }
}
