internal import Crypto
package import JSON
package import Time

/// What a thing that an auditor holds may be in the ledger: filters to try, the most exact first.
package struct TraceClues: Equatable, Sendable {
    /// One filter with its value.
    package struct Clue: Hashable, Sendable {
        package let filter: String
        package let value: String
        /// Around which time it was, where many entries may have it.
        package let around: UnixTimeRange?

        init(_ filter: String, _ value: String, around: UnixTimeRange? = nil) {
            self.filter = filter
            self.value = value
            self.around = around
        }
    }

    package private(set) var clues: [Clue] = []

    /// The clues of a word: a run's id, a jti, a trace, a kid, a hash, an access key's id, a session's name, or a subject.
    package init(word: String) {
        let isHash = word.utf8.count == 64 && word.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
        if isHash { clues.append(Clue("token_sha256", word)) }
        for filter in ["run", "jti", "trace", "credential", "session", "kid"] { clues.append(Clue(filter, word)) }
        if word.contains(":") { clues.append(Clue("subject", word)) }
    }

    /// Also what a subject is in tokens where it is too long for its relying party.
    package mutating func add(subject digest: String) { clues.append(Clue("subject", digest)) }

    /// The clues of a token's text.
    package init(token: String) { clues = [Clue("token_sha256", SHA256.hash(token).hex)] }

    /// The clues of a cloud's log event: AWS CloudTrail, Google Cloud Audit Logs, or an Azure sign-in.
    package init(event: JSON) {
        let moment = Self.time(of: event)
        let around = moment.map { UnixTimeRange(since: $0 - .seconds(3_600), until: $0 + .seconds(300)) }
        var exact: [Clue] = []
        var subjects: [Clue] = []
        var accounts: [Clue] = []
        Self.visit(event) { name, text in
            switch name {
            // AWS: the access key and the session's name, wherever CloudTrail has them.
            case "accessKeyId": exact.append(Clue("credential", text))
            case "roleSessionName": exact.append(Clue("session", text))
            case "assumedRoleId":
                if let session = text.split(separator: ":").last { exact.append(Clue("session", String(session))) }
            case "arn" where text.contains(":assumed-role/"):
                if let session = text.split(separator: "/").last { exact.append(Clue("session", String(session))) }
            case "userName", "subjectFromWebIdentityToken": subjects.append(Clue("subject", text, around: around))
            // Google: the subject, bare or as principal://iam.googleapis.com/…/subject/SUBJECT, and the account that it became.
            case "principalSubject", "mapped_principal":
                let subject = text.firstRange(of: "/subject/").map { text[$0.upperBound...] } ?? text[...]
                subjects.append(Clue("subject", String(subject), around: around))
            case "principalEmail": accounts.append(Clue("credential", text, around: around))
            // Azure: the token's uti, which the sign-in log, the activity log and Graph's log name each in its own way.
            case "uniqueTokenIdentifier", "uti", "signInActivityId", "SignInActivityId", "UniqueTokenIdentifier":
                exact.append(Clue("credential", text))
            // Whoever verifies tokens themselves, as OpenBao's audit device and our own sandbox do.
            case "jti": exact.append(Clue("jti", text))
            case "sub", "subject": subjects.append(Clue("subject", text, around: around))
            default: break
            }
        }
        for clue in exact + subjects + accounts where !clue.value.isEmpty && !clues.contains(clue) {
            clues.append(clue)
        }
    }

    /// The events in a file: one, an array, CloudTrail's `Records`, Azure's `value`, or one a line.
    package static func events(in bytes: [UInt8]) -> [JSON] {
        let limits = JSONLimits(bytes: 1 << 28, depth: 64)
        if let json = try? JSON.parse(bytes, limits: limits) {
            return json.asArray ?? json["Records"]?.asArray ?? json["value"]?.asArray ?? json["entries"]?.asArray ?? [
                json
            ]
        }
        return bytes.split(separator: 0x0A).compactMap { try? JSON.parse(Array($0), limits: limits) }
    }

    /// When an event happened, by the field in which its cloud says so.
    package static func time(of event: JSON) -> UnixTime? {
        for name in ["eventTime", "timestamp", "createdDateTime", "time"] {
            if let text = event[name]?.asString, let time = try? RFC3339.parse(text) { return time }
        }
        return nil
    }

    private static func visit(_ json: JSON, _ text: (_ name: String, _ value: String) -> Void) {
        switch json {
        case .object(let object):
            for member in object.members {
                if let value = member.value.asString { text(member.name, value) } else { visit(member.value, text) }
            }
        case .array(let elements): for element in elements { visit(element, text) }
        default: break
        }
    }
}

/// A stretch of time.
package struct UnixTimeRange: Hashable, Sendable {
    package let since: UnixTime
    package let until: UnixTime

    /// Makes a stretch.
    package init(since: UnixTime, until: UnixTime) {
        self.since = since
        self.until = until
    }
}
