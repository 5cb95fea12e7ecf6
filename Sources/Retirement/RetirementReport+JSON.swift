internal import Encoding
package import JSON
internal import Secrets
internal import Time

extension RetirementReport {
    /// The report as the broker answers it; every other form is made of this one.
    package var json: JSON {
        [
            "generated_at": .string(RFC3339.format(now)),
            "rules": [
                "unread_for": .string(rules.unreadFor.text), "exchanges": .integer(Int64(rules.exchanges)),
                "expiring_within": .string(rules.expiringWithin.text),
            ],
            "ledger_size": .integer(Int64(clamping: entries)),
            "summary": summary,
            "secrets": .array(findings.map(\.json)),
            "unmanaged": .array(inventory.map(Self.unmanaged)),
            "share": .array(shares.map(\.json)),
        ]
    }

    private var summary: JSON {
        let counts = counts
        var summary = JSONObject()
        for verdict in Verdict.allCases { summary[verdict.rawValue] = .integer(Int64(counts[verdict] ?? 0)) }
        summary["overdue"] = .integer(Int64(overdue))
        return .object(summary)
    }

    private static func unmanaged(_ item: InventoryItem) -> JSON {
        [
            "source": .string(item.source), "place": .string(item.place), "name": .string(item.name),
            "created_at": moment(item.created), "updated_at": moment(item.updated), "listed_at": moment(item.listed),
            "verdict": .string(Verdict.unmanaged.rawValue),
        ]
    }

    static func moment(_ time: UnixTime?) -> JSON { time.map { .string(RFC3339.format($0)) } ?? .null }
}

extension RetirementReport.Share {
    fileprivate var json: JSON {
        [
            "week": .string(String(RFC3339.format(since).prefix(10))), "exchanges": .integer(Int64(exchanges)),
            "reads": .integer(Int64(reads)), "fallbacks": .integer(Int64(fallbacks)),
            "exchanged": exchanged.map { .number($0) } ?? .null,
        ]
    }
}

extension SecretFinding {
    /// Fallback uses that are told one by one; the count is of all.
    private static let told = 50

    fileprivate var json: JSON {
        [
            "context": .string(context.text), "name": .string(summary.name.text),
            "verdict": .string(verdict.rawValue), "reason": .string(reason),
            "evidence": .array(evidence.map { .integer(Int64(clamping: $0)) }),
            "owner": owner.map { .string($0) } ?? .null,
            "version": .integer(Int64(clamping: summary.version)),
            "created_at": RetirementReport.moment(summary.created),
            "changed_at": RetirementReport.moment(summary.changed),
            "overdue_since": RetirementReport.moment(overdueSince),
            "reads": [
                "7d": .integer(Int64(reads.week)), "30d": .integer(Int64(reads.month)),
                "90d": .integer(Int64(reads.quarter)),
            ],
            "jobs": .array(jobs.map(\.json)),
            "fallback_uses": .integer(Int64(fallbackUses.count)),
            "fallbacks": .array(fallbackUses.suffix(Self.told).map(\.json)),
            "fallback_until": fallbackUntil.map { .string($0) } ?? .null,
            "replaced_by": .array(replacements.map { .string($0) }),
        ]
    }
}

extension SecretFinding.Job {
    fileprivate var json: JSON {
        [
            "project": .string(name.project), "workflow": .string(name.workflow), "job": .string(name.job),
            "reads": .integer(Int64(reads)), "last_read_at": RetirementReport.moment(lastRead),
            "last_read_index": .integer(Int64(clamping: lastReadIndex)),
            "exchanges_since": .integer(Int64(exchanges)), "last_exchange_at": RetirementReport.moment(lastExchange),
            "exchange_indexes": .array(exchangeIndexes.map { .integer(Int64(clamping: $0)) }),
        ]
    }
}

extension SecretFinding.FallbackUse {
    fileprivate var json: JSON {
        [
            "target": .string(target), "job": .string(job.description), "time": RetirementReport.moment(time),
            "cause": .string(cause), "index": .integer(Int64(clamping: index)),
        ]
    }
}
