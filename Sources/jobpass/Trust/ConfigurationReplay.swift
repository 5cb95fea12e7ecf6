internal import Auditing
internal import Configuration
internal import JSON
internal import Ledger
internal import Policy
internal import Time
internal import Trust

/// What would have been decided otherwise, had a configuration been in force: its rules, held against the ledger's past decisions.
struct ConfigurationReplay {
    /// One thing that one job asked for, and how it changes.
    struct Row {
        let job: Replay.Job
        let asked: String
        let change: Replay.Change
        var count: Int
        var last: UnixTime
        /// The nearest rule's first condition that fails, where the job loses.
        let reason: String
    }

    private let rules: [String: OwnRules]
    private var found: [String: Row] = [:]
    /// How many decisions were looked at.
    private(set) var count = 0

    init(_ settings: Settings) {
        var rules: [String: OwnRules] = [:]
        for entry in settings.policy.entries { rules[entry.name] = OwnRules(entry.name, entry.rules) }
        self.rules = rules
    }

    /// What an entry says was asked for, and whether our own rules allowed it; nil where it is no such decision.
    private static func decision(_ entry: Entry) -> (asked: String, allowed: Bool)? {
        switch entry.kind {
        case .exchangeSucceeded, .exchangeRefused, .exchangeFailed, .exchangeDenied:
            entry.target.map { ("target '\($0)'", entry.kind != .exchangeDenied) }
        case .tokenIssued where entry.target == nil: entry.audience.map { ("audience '\($0)'", true) }
        case .tokenDenied: entry.audience.map { ("audience '\($0)'", false) }
        case .secretRead, .secretDenied: entry.context.map { ("context '\($0)'", entry.kind == .secretRead) }
        default: nil
        }
    }

    mutating func take(_ view: EntryView) {
        guard let (asked, before) = Self.decision(view.leaf.entry), let claims = view.claims else { return }
        count += 1
        let explanation = rules[asked]?.explain(Presented(claims))
        let after = explanation?.verdict == .pass
        guard before != after else { return }
        let failed = explanation?.nearest?.checks.first { $0.verdict != .pass }
        let reason =
            after
            ? explanation?.reason ?? ""
            : failed.map { "\($0.claim): saw \($0.seen), wanted \($0.wanted)" } ?? "there is no \(asked) in it"
        let job = Replay.Job(claims)
        let key = "\(asked)\n\(job.project)\n\(job.workflow)\n\(job.job)\n\(job.ref)\n\(after)"
        var row =
            found[key]
            ?? Row(
                job: job,
                asked: asked,
                change: after ? .gains : .loses,
                count: 0,
                last: view.leaf.time,
                reason: reason
            )
        row.count += 1
        row.last = max(row.last, view.leaf.time)
        found[key] = row
    }

    /// What changes, the losses first.
    var rows: [Row] {
        found.sorted { left, right in
            (left.value.change == .loses ? 0 : 1, -left.value.count, left.key)
                < (right.value.change == .loses ? 0 : 1, -right.value.count, right.key)
        }.map(\.value)
    }

    var json: JSON {
        [
            "decisions": .integer(Int64(count)),
            "changes": .array(
                rows.map { row in
                    [
                        "change": .string(row.change.rawValue), "asked": .string(row.asked),
                        "project": .string(row.job.project),
                        "workflow": .string(row.job.workflow), "job": .string(row.job.job), "ref": .string(row.job.ref),
                        "count": .integer(Int64(row.count)), "last": .string(RFC3339.format(row.last)),
                        "reason": .string(row.reason),
                    ]
                }
            ),
        ]
    }

    func text(_ style: Style) -> String {
        var table = Table("ACCESS", "TO", "PROJECT", "WORKFLOW", "JOB", "REF", "TIMES", "LAST", "WHY")
        for row in rows {
            table.add(
                row.change.rawValue,
                row.asked,
                row.job.project,
                row.job.workflow,
                row.job.job,
                row.job.ref,
                "\(row.count)",
                RFC3339.format(row.last),
                row.reason
            )
        }
        return table.rows.isEmpty ? "" : table.text(style)
    }
}
