internal import Crypto
internal import Encoding
package import JSON
package import Ledger
package import Time

/// The evidence of a period: what its entries add up to, and that none is missing.
///
/// It is made of the entries themselves while they are verified, never of an index or a count that somebody else kept.
package struct AuditReport: Sendable {
    /// The most entries of a list that a report spells out.
    static let longestList = 1_000

    let since: UnixTime
    let until: UnixTime
    let checkpoint: [UInt8]
    let key: VerifierKey
    private(set) var first: UInt64?
    private(set) var end: UInt64 = 0
    private(set) var pruned: UInt64 = 0
    private var counts: [String: [String: Int64]] = [:]
    private(set) var lists: [String: [JSON]] = [:]
    private(set) var verifiedSize: UInt64?
    private(set) var witnesses: [Witness] = []

    /// A cosignature that was verified.
    struct Witness: Sendable {
        let name: KeyName
        let time: UnixTime
        /// The entries of the checkpoint that it cosigned.
        let size: UInt64
    }

    /// Begins the report of a period against a checkpoint.
    package init(since: UnixTime, until: UnixTime, checkpoint: [UInt8], key: VerifierKey) {
        self.since = since
        self.until = until
        self.checkpoint = checkpoint
        self.key = key
    }

    /// Takes an entry; those outside the period are left out.
    package mutating func take(_ stored: StoredEntry) {
        guard let time = stored.time, time >= since, time < until else { return }
        if first == nil { first = stored.index }
        end = stored.index + 1
        if let left = PrunedLeaf(stored.bytes) {
            pruned += 1
            count("kind", left.kind.rawValue)
            count("outcome", left.outcome.rawValue)
            return
        }
        guard let view = try? EntryView(stored) else { return count("kind", "unreadable") }
        let entry = view.leaf.entry
        count("kind", entry.kind.rawValue)
        count("outcome", entry.outcome.rawValue)
        let project = view.claims?["project"]?.asString
        if let project { count("project", project) }
        if let target = entry.target { count("target", target) }
        if let project, let target = entry.target {
            count("project_target", "\(project) → \(target), \(entry.outcome.rawValue)")
        }
        if entry.outcome != .succeeded {
            count("reason", entry.reason ?? entry.cause ?? "no reason recorded")
        }
        if entry.kind == .secretRead || entry.kind == .fallbackUsed, let context = entry.context {
            count("context", context)
        }
        if let list = Self.list(of: entry) { add(view, to: list) }
    }

    /// Says that all entries up to the checkpoint were verified.
    package mutating func verified(_ walk: LedgerWalk) { verifiedSize = walk.size }

    /// Takes note of a witness's cosignature on a checkpoint with which this one begins; of none, or a bad one, it does not.
    package mutating func note(_ witness: CosignatureKey, on cosigned: [UInt8], of checkpoint: Checkpoint) {
        guard let signed = try? SignedNote(cosigned) else { return }
        guard let time = signed.signatures.lazy.compactMap({ witness.time(of: $0, on: signed.text) }).first else {
            return
        }
        witnesses.append(Witness(name: witness.name, time: time, size: checkpoint.size))
    }

    private static func list(of entry: Entry) -> String? {
        switch entry.kind {
        case .fallbackUsed: "fallbacks"
        case .secretRead: "static_reads"
        case .keyChanged: "keys"
        case .configLoaded, .secretChanged, .ledgerPruned, .revocationMade, .revocationLifted: "changes"
        default: entry.outcome == .succeeded ? nil : "denials"
        }
    }

    private mutating func count(_ table: String, _ name: String) { counts[table, default: [:]][name, default: 0] += 1 }

    private mutating func add(_ view: EntryView, to list: String) {
        guard lists[list, default: []].count < Self.longestList else { return }
        let json = view.json
        let facts = [
            "index", "time", "kind", "outcome", "run", "principal", "kid", "target", "context", "secret", "reason",
            "cause",
        ]
        var object = JSONObject()
        for name in facts { if let value = json[name] { object[name] = value } }
        for name in ["project", "job"] { if let value = json["claims"]?[name] { object[name] = value } }
        lists[list, default: []].append(.object(object))
    }

    /// The report for programs.
    package var json: JSON {
        var tables = JSONObject()
        for table in ["kind", "outcome", "project", "target", "project_target", "reason", "context"] {
            var rows = JSONObject()
            for (name, count) in sorted(table) { rows[name] = .integer(count) }
            tables[table] = .object(rows)
        }
        var spelled = JSONObject()
        for list in ["denials", "fallbacks", "static_reads", "keys", "changes"] {
            spelled[list] = .array(lists[list] ?? [])
        }
        return [
            "since": .string(RFC3339.format(since)), "until": .string(RFC3339.format(until)),
            "entries": [
                "first": first.map { .integer(Int64(clamping: $0)) } ?? .null, "end": .integer(Int64(clamping: end)),
                "pruned": .integer(Int64(clamping: pruned)),
            ],
            "counts": .object(tables), "lists": .object(spelled),
            "proof": [
                "verified_entries": verifiedSize.map { .integer(Int64(clamping: $0)) } ?? .null,
                "key": .string("\(key)"),
                "checkpoint": .string(String(decoding: checkpoint, as: UTF8.self)),
                "witnesses": .array(
                    witnesses.map { witness in
                        [
                            "name": .string("\(witness.name)"), "time": .string(RFC3339.format(witness.time)),
                            "size": .integer(Int64(clamping: witness.size)),
                        ]
                    }
                ),
            ],
        ]
    }

    /// The rows of a table, those with the most entries first.
    func sorted(_ table: String) -> [(String, Int64)] {
        (counts[table] ?? [:]).sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.map {
            ($0.key, $0.value)
        }
    }
}
