package import Crypto
internal import Encoding
internal import JSON
package import Ledger
internal import Time

/// What the entries of a ledger are written as for other programs: the same bytes for the same entries, always.
package enum ExportFormat: String, CaseIterable, Sendable {
    /// A line of JSON for each entry, with the proof that the checkpoint of the first line covers it.
    case jsonl
    /// A table (RFC 4180).
    case csv
    /// A line of JSON for each entry, an event of the Open Cybersecurity Schema Framework 1.4, for a SIEM.
    case ocsf

    /// The first lines, of an export of some entries against a checkpoint.
    package func header(_ range: Range<UInt64>, checkpoint: [UInt8], key: VerifierKey) -> String {
        switch self {
        case .jsonl:
            let header: JSON = [
                "format": "jobpass-export-1", "first": .integer(Int64(clamping: range.lowerBound)),
                "end": .integer(Int64(clamping: range.upperBound)), "key": .string("\(key)"),
                "checkpoint": .string(String(decoding: checkpoint, as: UTF8.self)),
            ]
            return header.text + "\n"
        case .csv: return Self.columns.joined(separator: ",") + "\r\n"
        case .ocsf: return ""
        }
    }

    /// The line of an entry, whose proof is left out by formats that have none.
    package func line(_ stored: StoredEntry, proof: [SHA256Digest]) -> String {
        switch self {
        case .jsonl:
            var object: JSONObject = ["index": .integer(Int64(clamping: stored.index))]
            let entry = AuditedEntry(stored: stored, proof: proof, checkpoint: []).json
            for member in entry.asObject?.members ?? [] where member.name != "checkpoint" {
                object[member.name] = member.value
            }
            return JSON.object(object).text + "\n"
        case .csv: return Self.row(Self.facts(stored))
        case .ocsf: return OCSFEvent(stored.index, Self.facts(stored), time: stored.time).json.text + "\n"
        }
    }

    /// Whether lines carry proofs.
    package var hasProofs: Bool { self == .jsonl }

    private static func facts(_ stored: StoredEntry) -> JSON {
        if let left = PrunedLeaf(stored.bytes) { return left.json(at: stored.index) }
        return (try? EntryView(stored))?.json
            ?? ["index": .integer(Int64(clamping: stored.index)), "error": "its bytes are no entry"]
    }

    private static let columns = [
        "index", "time", "kind", "outcome", "trace", "run", "principal", "address", "issuer", "kid", "audience", "jti",
        "expires_at", "token_sha256", "project", "workflow", "job", "ref", "subject", "target", "context", "secret",
        "version", "credential", "session", "rule", "reason", "cause", "covered", "pruned", "leaf_hash", "error",
    ]

    private static func row(_ entry: JSON) -> String {
        let cells = columns.map { column -> String in
            let value: JSON? =
                switch column {
                case "project", "workflow", "job", "ref": entry["claims"]?[column]
                case "subject": entry["claims"]?["sub"]
                default: entry[column]
                }
            return cell(value.map { $0.asString ?? $0.text } ?? "")
        }
        return cells.joined(separator: ",") + "\r\n"
    }

    /// A cell; one that a spreadsheet would take for a formula begins with an apostrophe, as it may be a stranger's.
    private static func cell(_ text: String) -> String {
        let isFormula = text.utf8.first.map { "=+-@\t\r".utf8.contains($0) } ?? false
        let safe = isFormula ? "'\(text)" : text
        guard safe.utf8.contains(where: { "\",\r\n".utf8.contains($0) }) else { return safe }
        return "\"" + safe.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
