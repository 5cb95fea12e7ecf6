internal import JSON
package import Ledger
package import Time

/// What the ledger has of the use of static secrets and of what takes their place.
package struct UseHistory: Sendable {
    /// A moment in the ledger.
    struct Mark: Equatable, Sendable {
        let index: UInt64
        let time: UnixTime
    }

    /// That a job got secrets of a context.
    struct Read: Sendable {
        let mark: Mark
        let job: JobName
        /// The one secret that it asked for; nil for all of the context.
        let secret: String?
        /// The target for which it stood in, with what had happened there; nil for a read of the job's own.
        let fallback: (target: String, cause: String)?
    }

    /// That somebody changed a secret.
    struct Change: Sendable {
        let mark: Mark
        let principal: String?
    }

    /// Counts of one day in UTC.
    struct Day: Equatable, Sendable {
        var exchanges = 0
        var reads = 0
        var fallbacks = 0
    }

    /// The times of the first and last entry that were looked at; nil for an empty ledger.
    private(set) var span: (first: UnixTime, last: UnixTime)?
    /// How many entries were looked at.
    private(set) var size: UInt64 = 0
    private(set) var reads: [String: [Read]] = [:]
    private(set) var changes: [String: [Change]] = [:]
    private(set) var exchanges: [String: [JobName: [Mark]]] = [:]
    /// By the day's number since the epoch.
    private(set) var days: [Int64: Day] = [:]

    private static let chunk: UInt64 = 1_000
    private static let kinds: Set<EntryKind> = [.secretRead, .fallbackUsed, .secretChanged, .exchangeSucceeded]

    /// Reads a ledger from its beginning to a moment; calls block.
    ///
    /// - Throws: `LedgerError` where the store fails or an entry cannot be read: a verdict on half a ledger would be none.
    package init(of ledger: any LedgerReading, until end: UnixTime) throws(LedgerError) {
        let total = try ledger.head()?.size ?? 0
        var next: UInt64 = 0
        while next < total {
            let bound = min(total, next + Self.chunk)
            let entries = try ledger.entries(in: next..<bound)
            guard UInt64(entries.count) == bound - next else {
                throw LedgerError(
                    .shorter,
                    index: next,
                    seen: "\(entries.count) entries",
                    wanted: "\(bound - next) entries from \(next) on",
                    remedy: "run 'jobpass audit verify', and keep the store as evidence"
                )
            }
            for stored in entries {
                let header = try LeafHeader(stored.bytes)
                guard header.time <= end else { return }
                span = (span?.first ?? header.time, header.time)
                size = stored.index + 1
                guard Self.kinds.contains(header.kind) else { continue }
                let leaf = try Leaf(bytes: stored.bytes)
                add(leaf.entry, Mark(index: stored.index, time: header.time))
            }
            next = bound
        }
    }

    private mutating func add(_ entry: Entry, _ mark: Mark) {
        let day = mark.time.seconds / 86_400
        switch entry.kind {
        case .secretRead:
            guard let context = entry.context, let job = Self.job(of: entry) else { return }
            reads[context, default: []].append(Read(mark: mark, job: job, secret: entry.secret, fallback: nil))
            days[day, default: Day()].reads += 1
        case .fallbackUsed:
            guard let context = entry.context, let job = Self.job(of: entry) else { return }
            let fallback = (entry.target ?? "", entry.cause ?? entry.reason ?? "")
            reads[context, default: []].append(Read(mark: mark, job: job, secret: nil, fallback: fallback))
            days[day, default: Day()].fallbacks += 1
        case .exchangeSucceeded:
            guard let target = entry.target, let job = Self.job(of: entry) else { return }
            exchanges[target, default: [:]][job, default: []].append(mark)
            days[day, default: Day()].exchanges += 1
        case .secretChanged:
            guard let context = entry.context, let secret = entry.secret else { return }
            changes["\(context)/\(secret)", default: []].append(Change(mark: mark, principal: entry.principal))
        default: return
        }
    }

    /// The job of an entry; nil where no run stands in it, as for an export by an administrator.
    private static func job(of entry: Entry) -> JobName? {
        guard let claims = entry.claims.flatMap({ try? JSON.parse($0) }), let project = claims["project"]?.asString
        else { return nil }
        return JobName(
            project: project,
            workflow: claims["workflow"]?.asString ?? "",
            job: claims["job"]?.asString ?? ""
        )
    }
}
