package import JSON

/// Holds policies against tokens that were issued: whom a new one admits, and where there was an old one, what changes.
package struct Replay: Sendable {
    /// Who a token was for, as far as a person tells jobs apart.
    package struct Job: Hashable, Sendable {
        package let project: String
        package let workflow: String
        package let job: String
        package let ref: String
        package let audience: String

        /// Whose claims these are.
        package init(_ claims: JSONObject) {
            func text(_ name: String) -> String { claims[name]?.asString ?? "-" }
            project = text("project")
            workflow = text("workflow")
            job = text("job")
            ref = text("ref")
            audience = claims["aud"].map { $0.asString ?? $0.text } ?? "-"
        }
    }

    /// What becomes of one job.
    package enum Change: String, Sendable, CaseIterable {
        case gains
        case loses
        case keeps
        case stays = "stays out"
        case cannotTell = "cannot tell"
    }

    /// Tokens of one job of which the policies say the same.
    package struct Row: Sendable {
        package let job: Job
        /// What the old policy says; nil where there is none.
        package let before: Verdict?
        package let after: Verdict
        /// How many tokens.
        package internal(set) var count: Int
        /// When the last of them was issued, in seconds since the epoch.
        package internal(set) var last: Int64

        /// What changes for it.
        package var change: Change {
            switch (before, after) {
            case (.cannotTell?, _), (_, .cannotTell): .cannotTell
            case (.fail?, .pass): .gains
            case (.pass?, .fail): .loses
            case (_, .pass): .keeps
            case (_, .fail): .stays
            }
        }
    }

    private struct Key: Hashable {
        let job: Job
        let before: Verdict?
        let after: Verdict
    }

    private let new: any TrustPolicy
    private let old: (any TrustPolicy)?
    private var verdicts: [String: (Verdict?, Verdict)] = [:]
    private var found: [Key: Row] = [:]
    /// How many tokens were looked at.
    package private(set) var count = 0

    /// Begins a replay of a policy, against another where there is one.
    package init(_ new: any TrustPolicy, against old: (any TrustPolicy)? = nil) {
        self.new = new
        self.old = old
    }

    /// Adds a token that was issued, by its claims.
    package mutating func add(_ claims: JSONObject, at time: Int64) {
        count += 1
        // What differs from token to token of one run decides nothing that a policy should look at.
        var same = claims
        for name in ["iat", "exp", "nbf", "jti"] { same[name] = nil }
        let text = JSON.object(same).text
        let (before, after): (Verdict?, Verdict)
        if let known = verdicts[text] {
            (before, after) = known
        } else {
            (before, after) = (old?.explain(Presented(claims)).verdict, new.explain(Presented(claims)).verdict)
            // Enough for the jobs of a large organisation; beyond that it is only slower.
            if verdicts.count < 50_000 { verdicts[text] = (before, after) }
        }
        let key = Key(job: Job(claims), before: before, after: after)
        var row = found[key] ?? Row(job: key.job, before: before, after: after, count: 0, last: time)
        row.count += 1
        row.last = max(row.last, time)
        found[key] = row
    }

    /// The jobs: what loses first, then what gains, each the most used first.
    package var rows: [Row] {
        let order: [Change] = [.loses, .gains, .cannotTell, .keeps, .stays]
        return found.values.sorted { left, right in
            let places = (order.firstIndex(of: left.change) ?? 0, order.firstIndex(of: right.change) ?? 0)
            if places.0 != places.1 { return places.0 < places.1 }
            if left.count != right.count { return left.count > right.count }
            let names = { (row: Row) in
                [row.job.project, row.job.workflow, row.job.job, row.job.ref, row.job.audience].joined(separator: "\n")
            }
            return names(left) < names(right)
        }
    }
}
