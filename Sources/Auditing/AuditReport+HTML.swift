internal import JSON
internal import Ledger
internal import Time

extension AuditReport {
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
            \(witnessed)
            <pre>\(Self.escaped("\(key)"))\n\n\(Self.escaped(String(decoding: checkpoint, as: UTF8.self)))</pre>
            \((tables + lists).joined(separator: "\n"))
            </body></html>

            """
    }

    /// What others vouch for, as a paragraph of the page.
    private var witnessed: String {
        guard !witnesses.isEmpty else {
            return
                "<p>No witness whose key was given has cosigned it: that nothing was cut off before rests on the log's key.</p>"
        }
        let items = witnesses.map { witness in
            "<li>\(Self.escaped("\(witness.name)")) cosigned its first \(witness.size) entries at \(RFC3339.format(witness.time))</li>"
        }
        return "<p>Witnesses, whose signatures were verified:</p><ul>\(items.joined())</ul>"
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
