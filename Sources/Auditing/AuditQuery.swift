package import Crypto
package import Encoding
package import Ledger
package import Text
package import Time

/// Which entries an auditor wants to see: those that match every filter that is set, the newest first.
package struct AuditQuery: Equatable, Sendable {
    /// Entries of a page where the auditor does not say.
    package static let standardLimit = 100
    /// The most entries of a page.
    package static let largestLimit = 1_000

    package var kind: EntryKind?
    package var outcome: Outcome?
    package var trace: String?
    package var run: String?
    package var principal: String?
    /// `aud` of the token.
    package var audience: String?
    package var jti: String?
    package var tokenSHA256: SHA256Digest?
    package var target: String?
    package var context: String?
    package var secret: String?
    package var kid: String?
    /// The credential's name in its cloud's logs, such as an AWS access-key ID.
    package var credential: String?
    /// The session's name at the cloud.
    package var session: String?
    /// Claims that must have exactly these values: `project`, `workflow`, `job`, `ref`, and `sub` for the subject.
    package var claims: [String: String] = [:]
    /// The projects whose entries may be seen: those of others, and of none, match nothing; nil for all.
    package var projects: [Pattern]?
    /// Entries recorded at this time or later.
    package var since: UnixTime?
    /// Entries recorded before this time.
    package var until: UnixTime?
    /// Entries of a page.
    package var limit = standardLimit
    /// Entries with an index below this one, as the `next` of the page before says.
    package var cursor: UInt64?

    /// Makes a query that matches every entry.
    package init() {}

    /// Reads the fields of a query string or of a command line's options.
    ///
    /// - Throws: `AuditError` with code `query`, naming the field and what it can be.
    package init(_ form: Form) throws(AuditError) {
        var seen: Set<String> = []
        for field in form.fields {
            guard seen.insert(field.name).inserted else {
                throw AuditError(.query, "'\(field.name)' is there twice; give each filter once")
            }
            try set(field.name, to: field.value)
        }
    }

    private mutating func set(_ name: String, to value: String) throws(AuditError) {
        switch name {
        case "kind": kind = try Self.parse(name, value, wanted: EntryKind.names) { EntryKind(rawValue: $0) }
        case "outcome": outcome = try Self.parse(name, value, wanted: Outcome.names) { Outcome(rawValue: $0) }
        case "trace": trace = value
        case "run": run = value
        case "principal": principal = value
        case "audience": audience = value
        case "jti": jti = value
        case "token_sha256":
            tokenSHA256 = try Self.parse(name, value, wanted: "64 lower-case hex digits") { try? SHA256Digest(hex: $0) }
        case "target": target = value
        case "context": context = value
        case "secret": secret = value
        case "kid": kid = value
        case "credential": credential = value
        case "session": session = value
        case "project", "workflow", "job", "ref": claims[name] = value
        case "subject": claims["sub"] = value
        case "since": since = try Self.parse(name, value, wanted: Self.times, Self.time)
        case "until": until = try Self.parse(name, value, wanted: Self.times, Self.time)
        case "limit":
            limit = try Self.parse(name, value, wanted: "a number from 1 to \(Self.largestLimit)") { text in
                Int(text).flatMap { (1...Self.largestLimit).contains($0) ? $0 : nil }
            }
        case "cursor": cursor = try Self.parse(name, value, wanted: "the 'next' of another page") { UInt64($0) }
        default:
            throw AuditError(.query, "there is no filter '\(name)'; there are \(Self.names.joined(separator: ", "))")
        }
    }

    /// The filters, as fields of a query string.
    package static let names = [
        "kind", "outcome", "project", "workflow", "job", "ref", "subject", "audience", "target", "context", "secret",
        "run", "principal", "jti", "token_sha256", "trace", "kid", "credential", "session", "since", "until", "limit",
        "cursor",
    ]

    private static let times = "a time such as 2026-11-22T09:30:00Z, or a day such as 2026-11-22"

    private static func time(_ text: String) -> UnixTime? {
        (try? RFC3339.parse(text)) ?? (try? RFC3339.parseDate(text))
    }

    private static func parse<Value>(
        _ name: String,
        _ text: String,
        wanted: String,
        _ read: (String) -> Value?
    ) throws(AuditError) -> Value {
        guard let value = read(text) else {
            throw AuditError(.query, "'\(name)' cannot be '\(text)'; it is \(wanted)")
        }
        return value
    }
}

extension EntryKind {
    fileprivate static let names = "one of " + allCases.map(\.rawValue).joined(separator: ", ")
}

extension Outcome {
    fileprivate static let names = "one of " + allCases.map(\.rawValue).joined(separator: ", ")
}
