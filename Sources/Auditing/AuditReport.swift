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
    private static let longestList = 1_000

    private let since: UnixTime
    private let until: UnixTime
    private let checkpoint: [UInt8]
    private let key: VerifierKey
    private var first: UInt64?
    private var end: UInt64 = 0
    private var pruned: UInt64 = 0
    private var counts: [String: [String: Int64]] = [:]
    private var lists: [String: [JSON]] = [:]
    private var verifiedSize: UInt64?

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

    private static func list(of entry: Entry) -> String? {
        switch entry.kind {
        case .fallbackUsed: "fallbacks"
        case .secretRead: "static_reads"
        case .keyChanged: "keys"
        case .configLoaded, .secretChanged, .ledgerPruned: "changes"
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

    /// Who has signed the checkpoint, by name: the log itself, and its witnesses.
    private var signers: [String] {
        ((try? SignedNote(checkpoint))?.signatures ?? []).map { "\($0.name)" }
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
                "signers": .array(signers.map { .string($0) }),
            ],
        ]
    }

    private func sorted(_ table: String) -> [(String, Int64)] {
        (counts[table] ?? [:]).sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.map {
            ($0.key, $0.value)
        }
    }

    /// The report for people: one page that loads nothing.
    package var html: String {
        let tables = [
            ("Events", "kind"), ("Outcomes", "outcome"), ("Projects", "project"), ("Targets", "target"),
            ("Who reached what", "project_target"), ("Why it was denied or failed", "reason"),
            ("Contexts of static secrets", "context"),
        ].map { title, table in
            section(title, rows: sorted(table).map { [$0.0, String($0.1)] }, heads: [title, "Entries"])
        }
        let lists = [
            ("Denials, refusals and failures", "denials"), ("Fallbacks", "fallbacks"),
            ("Reads of static secrets", "static_reads"),
            ("Keys", "keys"), ("Configuration and changes", "changes"),
        ].map { title, list in
            section(
                title,
                rows: (self.lists[list] ?? []).map(Self.row),
                heads: ["Entry", "Time", "Event", "Who", "For", "Reason"]
            )
        }
        let covered = first.map { "entries \($0) to \(end - 1)" } ?? "no entry"
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(key.name): \(RFC3339.format(since)) to \(RFC3339.format(until))</title>
            <style>\(Self.style)</style></head><body>
            <h1>What \(Self.escaped("\(key.name)")) recorded</h1>
            <p>From \(RFC3339.format(since)) up to \(RFC3339.format(until)): \(covered)\(pruned > 0 ? ", \(pruned) of them pruned" : "").</p>
            <h2>That nothing is missing</h2>
            <p>All \(verifiedSize ?? 0) entries of the ledger were read and hashed when this was written, and their tree has the root that is
            signed below. Whoever has the key can verify it again: <code>jobpass audit verify --key KEY</code>.</p>
            <p>Signed by \(Self.escaped(signers.joined(separator: ", "))).</p>
            <pre>\(Self.escaped("\(key)"))\n\n\(Self.escaped(String(decoding: checkpoint, as: UTF8.self)))</pre>
            \((tables + lists).joined(separator: "\n"))
            </body></html>

            """
    }

    private static let style =
        ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:1rem auto;padding:0 1rem}"
        + "table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;border-bottom:1px solid #8886;"
        + "padding:.2rem .5rem;overflow-wrap:anywhere}pre{overflow-x:auto;padding:.5rem;border:1px solid #8886}"

    private static func row(_ entry: JSON) -> [String] {
        let who = [entry["project"]?.asString, entry["job"]?.asString].compactMap(\.self).joined(separator: " ")
        let purpose = entry["target"] ?? entry["context"] ?? entry["kid"]
        return [
            entry["index"]?.text ?? "", entry["time"]?.asString ?? "", entry["kind"]?.asString ?? "",
            who.isEmpty ? entry["principal"]?.asString ?? "" : who, purpose?.asString ?? "",
            entry["reason"]?.asString ?? entry["cause"]?.asString ?? "",
        ]
    }

    private func section(_ title: String, rows: [[String]], heads: [String]) -> String {
        guard !rows.isEmpty else { return "<h2>\(title)</h2><p>None.</p>" }
        let head = heads.map { "<th>\($0)</th>" }.joined()
        let body = rows.map { row in "<tr>\(row.map { "<td>\(Self.escaped($0))</td>" }.joined())</tr>" }.joined(
            separator: "\n"
        )
        let rest = rows.count >= Self.longestList ? "<p>Only the first \(Self.longestList) are listed.</p>" : ""
        return "<h2>\(title)</h2><table><tr>\(head)</tr>\n\(body)</table>\(rest)"
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
