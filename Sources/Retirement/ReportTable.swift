package import JSON
internal import Time

/// The report's secrets as rows, for a person's table and for CSV.
package struct ReportTable: Sendable {
    package let headings = [
        "CONTEXT", "NAME", "VERDICT", "AGE", "OWNER", "VERSION", "READS 7/30/90D", "FALLBACKS", "REPLACED BY",
        "OVERDUE",
        "WHY",
    ]
    package let rows: [[String]]
    private let records: [[String]]

    /// Makes the rows of a report as the broker answers it.
    package init(_ report: JSON) {
        let managed = report["secrets"]?.asArray ?? []
        let unmanaged = report["unmanaged"]?.asArray ?? []
        let day = String(report.text("generated_at").prefix(10))
        rows =
            managed.map { secret in
                [
                    secret.text("context"), secret.text("name"), secret.text("verdict"),
                    Self.age(secret.text("created_at"), to: day), secret.text("owner", or: "-"),
                    secret.text("version"),
                    ["7d", "30d", "90d"].map { secret["reads"]?.text($0) ?? "0" }.joined(separator: "/"),
                    secret.text("fallback_uses"), secret.list("replaced_by").joined(separator: ", ").orDash,
                    secret["overdue_since"]?.asString == nil ? "-" : "yes", secret.text("reason"),
                ]
            }
            + unmanaged.map { item in
                [
                    item.text("place"), item.text("name"), item.text("verdict"),
                    Self.age(item.text("created_at", or: ""), to: day), "-", "-", "-", "-", "-", "-",
                    "kept at \(item.text("source"))",
                ]
            }
        records =
            managed.map { secret in
                [
                    secret.text("context"), secret.text("name"), secret.text("verdict"), secret.text("reason"),
                    secret.list("evidence").joined(separator: " "), secret.text("owner", or: ""),
                    secret.text("version"), secret.text("created_at"), secret.text("changed_at"),
                    secret.text("overdue_since", or: ""), secret["reads"]?.text("7d") ?? "",
                    secret["reads"]?.text("30d") ?? "", secret["reads"]?.text("90d") ?? "",
                    secret.text("fallback_uses"), secret.text("fallback_until", or: ""),
                    secret.list("replaced_by").joined(separator: " "),
                    (secret["jobs"]?.asArray ?? []).map(\.jobName).joined(separator: "; "),
                ]
            }
            + unmanaged.map { item in
                [
                    item.text("place"), item.text("name"), item.text("verdict"), "kept at \(item.text("source"))", "",
                    "",
                    "", item.text("created_at", or: ""), item.text("updated_at", or: ""), "", "", "", "", "", "", "",
                    "",
                ]
            }
    }

    /// All of it as CSV (RFC 4180), a line for each secret, every field in quotes.
    package var csv: String {
        let headings = [
            "context", "name", "verdict", "reason", "evidence", "owner", "version", "created_at", "changed_at",
            "overdue_since", "reads_7d", "reads_30d", "reads_90d", "fallback_uses", "fallback_until", "replaced_by",
            "jobs",
        ]
        return ([headings] + records).map { $0.map(Self.field).joined(separator: ",") + "\r\n" }.joined()
    }

    /// A field; one that a spreadsheet would take for a formula gets an apostrophe before it.
    private static func field(_ text: String) -> String {
        let isFormula = text.unicodeScalars.first.map { "=+-@\t\r".unicodeScalars.contains($0) } ?? false
        let quoted = text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
        return "\"\(isFormula ? "'" : "")\(quoted)\""
    }

    private static func age(_ created: String, to day: String) -> String {
        guard let from = try? RFC3339.parseDate(created.prefix(10)), let to = try? RFC3339.parseDate(day) else {
            return "-"
        }
        return "\(max(0, (to - from).wholeSeconds / 86_400))d"
    }
}

extension JSON {
    /// A member as a text, whatever it is; `or` where it is missing or null.
    func text(_ name: String, or other: String = "") -> String {
        switch self[name] {
        case .string(let text): text
        case .integer(let number): String(number)
        case .bool(let value): String(value)
        default: other
        }
    }

    /// The elements of a member as texts.
    func list(_ name: String) -> [String] {
        (self[name]?.asArray ?? []).map { $0.asString ?? $0.asInteger.map { String($0) } ?? "" }
    }

    /// `PROJECT WORKFLOW/JOB` of a job's object.
    var jobName: String { "\(text("project")) \(text("workflow"))/\(text("job"))" }
}

extension String {
    fileprivate var orDash: String { isEmpty ? "-" : self }
}
