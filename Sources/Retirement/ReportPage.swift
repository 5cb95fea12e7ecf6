package import JSON

/// The report as one HTML page that needs nothing else: no script, no request, styles and charts inside.
///
/// Everything that comes from outside goes through `escaped`; the page's own Content-Security-Policy allows styles alone.
package struct ReportPage: Sendable {
    private let report: JSON

    /// Makes the page of a report as the broker answers it.
    package init(_ report: JSON) { self.report = report }

    /// The page.
    package var html: String {
        let summary = report["summary"] ?? .null
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Static secrets, \(report.text("generated_at").escaped)</title>
            <style>\(Self.style)</style></head><body>
            <h1>Static secrets</h1>
            <p>As of \(report.text("generated_at").escaped), from \(report.text("ledger_size").escaped) entries of the ledger.
            A secret can go when no job has read it for \(report["rules"]?.text("unread_for").escaped ?? "") and every job that
            read it has had \(report["rules"]?.text("exchanges").escaped ?? "") exchanges since with what replaces it.</p>
            <ul class="counts">\(Self.counts(summary))</ul>
            <h2>Verdicts</h2>\(VerdictChart(summary).svg)
            <h2>How credentials were had, by week</h2>\(ShareChart(report["share"]?.asArray ?? []).svg)
            <h2>Each secret</h2>\(secrets)
            \(unmanaged)
            </body></html>

            """
    }

    private static func counts(_ summary: JSON) -> String {
        (Verdict.allCases.map(\.rawValue) + ["overdue"]).map { name in
            "<li class=\"\(name)\"><b>\(summary.text(name, or: "0").escaped)</b> \(name)</li>"
        }.joined()
    }

    private var secrets: String {
        let secrets = report["secrets"]?.asArray ?? []
        guard !secrets.isEmpty else { return "<p>The broker holds none.</p>" }
        let rows = secrets.map { secret in
            let reads = ["7d", "30d", "90d"].map { secret["reads"]?.text($0) ?? "0" }.joined(separator: " / ")
            let overdue =
                secret["overdue_since"]?.asString.map { " <em>overdue since \($0.prefix(10).escaped)</em>" } ?? ""
            return """
                <tr><td>\(secret.text("context").escaped)<br><b>\(secret.text("name").escaped)</b>\(overdue)</td>
                <td><span class="badge \(secret.text("verdict").escaped)">\(secret.text("verdict").escaped)</span></td>
                <td>\(secret.text("reason").escaped)<details><summary>evidence</summary>\(Self.evidence(secret))</details></td>
                <td>\(secret.text("owner", or: "–").escaped)</td><td>\(secret.text("created_at").prefix(10).escaped)<br>
                version \(secret.text("version").escaped)</td><td class="number">\(reads)</td>
                <td class="number">\(secret.text("fallback_uses").escaped)</td>
                <td>\(secret.list("replaced_by").joined(separator: ", ").escaped)</td></tr>
                """
        }
        return """
            <div class="scroll"><table><thead><tr><th>Context, name</th><th>Verdict</th><th>Why</th><th>Owner</th><th>Since</th>
            <th>Reads 7 / 30 / 90 days</th><th>Fallbacks</th><th>Replaced by</th></tr></thead><tbody>
            \(rows.joined(separator: "\n"))</tbody></table></div>
            """
    }

    private static func evidence(_ secret: JSON) -> String {
        let jobs = (secret["jobs"]?.asArray ?? []).map { job in
            """
            <li>\(job.jobName.escaped): \(job.text("reads").escaped) reads, the last on
            \(job.text("last_read_at").prefix(10).escaped) (entry \(job.text("last_read_index").escaped));
            \(job.text("exchanges_since").escaped) exchanges since\(job.list("exchange_indexes").isEmpty ? "" : " (entries "
                + job.list("exchange_indexes").joined(separator: ", ").escaped + ")")</li>
            """
        }
        let uses = (secret["fallbacks"]?.asArray ?? []).map { use in
            """
            <li>outage at \(use.text("target").escaped) on \(use.text("time").prefix(10).escaped) for
            \(use.text("job").escaped): \(use.text("cause").escaped) (entry \(use.text("index").escaped))</li>
            """
        }
        let entries = secret.list("evidence").joined(separator: ", ")
        return "<ul>\((jobs + uses).joined())</ul><p>Ledger entries: \(entries.isEmpty ? "none" : entries.escaped)</p>"
    }

    private var unmanaged: String {
        let items = report["unmanaged"]?.asArray ?? []
        guard !items.isEmpty else { return "" }
        let rows = items.map { item in
            """
            <tr><td>\(item.text("source").escaped)</td><td>\(item.text("place").escaped)</td>
            <td><b>\(item.text("name").escaped)</b></td><td>\(item.text("created_at", or: "–").prefix(10).escaped)</td>
            <td>\(item.text("updated_at", or: "–").prefix(10).escaped)</td></tr>
            """
        }
        return """
            <h2>Kept elsewhere</h2><p>Names that a listing had; nothing here shows who reads them.</p>
            <div class="scroll"><table><thead><tr><th>Source</th><th>Place</th><th>Name</th><th>Created</th><th>Updated</th></tr>
            </thead><tbody>\(rows.joined(separator: "\n"))</tbody></table></div>
            """
    }

    private static let style = """
        :root{color-scheme:light dark;--go:#1a7f37;--soon:#9a6700;--keep:#0969da;--open:#6e7781;--else:#8250df}
        body{font:15px/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem}
        h1,h2{line-height:1.2}.counts{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;list-style:none;padding:0}
        .counts b{font-size:1.6rem}.scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;
        border-bottom:1px solid #8884}.number{text-align:right}.number,td:nth-child(5){white-space:nowrap}em{color:#cf222e;font-style:normal}
        .badge{color:#fff;border-radius:1rem;padding:.1rem .6rem;white-space:nowrap;background:var(--open)}
        .badge.delete-now{background:var(--go)}.badge.expiring{background:var(--soon)}.badge.keep{background:var(--keep)}
        svg{width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:currentColor}
        """
}

extension StringProtocol {
    /// The text as HTML has it, in an element or in an attribute's quotes.
    var escaped: String {
        unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "&": text += "&amp;"
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "\"": text += "&quot;"
            case "'": text += "&#39;"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}
