internal import Auditing
internal import Encoding
internal import HTTP
internal import JSON
internal import POSIX
internal import Time

/// Which sessions in CloudTrail no token of ours explains.
enum CloudTrailCheck {
    /// What is known of a session.
    private enum Finding: String {
        case exchanged = "exchanged here"
        case issued = "token issued, exchanged by the job"
        case unexplained = "NO ISSUED TOKEN"
    }

    static func run(_ invocation: Invocation) throws -> ExitCode {
        var sessions: [TrailSession] = []
        for path in invocation.operands {
            sessions += TraceClues.events(in: try LocalFile.read(path)).compactMap { TrailSession($0) }
        }
        let all = sessions
        let (checked, foreign) = try BrokerSession.run(invocation, as: .principal) { broker throws(CommandError) in
            try await check(all, by: broker)
        }
        let console = Console(invocation.environment)
        let bad = checked.filter { $0.1 == .unexplained }
        if invocation.has(.json) {
            try console.result(json(checked, foreign))
        } else {
            var table = Table("TIME", "EVENT", "ACCESS KEY", "SESSION", "SUBJECT", "FINDING")
            for (session, finding) in checked {
                table.add(
                    session.time.map(RFC3339.format) ?? "-",
                    session.event,
                    session.accessKey ?? "-",
                    session.session ?? "-",
                    session.subject ?? "-",
                    finding.rawValue
                )
            }
            if !checked.isEmpty { try console.result(table.text(console.resultStyle)) }
            console.note(
                "\(checked.count) sessions of our provider, \(bad.count) without an issued token; \(foreign) of other providers"
            )
        }
        return bad.isEmpty ? .success : .badData
    }

    private static func json(_ checked: [(TrailSession, Finding)], _ foreign: Int) -> JSON {
        let sessions = checked.map { session, finding -> JSON in
            [
                "event_id": .string(session.eventID), "event": .string(session.event),
                "time": session.time.map { .string(RFC3339.format($0)) } ?? .null,
                "access_key": session.accessKey.map { .string($0) } ?? .null,
                "session": session.session.map { .string($0) } ?? .null,
                "subject": session.subject.map { .string($0) } ?? .null, "finding": .string(finding.rawValue),
                "explained": .bool(finding != .unexplained),
            ]
        }
        return ["sessions": .array(sessions), "foreign": .integer(Int64(foreign))]
    }

    private static func check(
        _ sessions: [TrailSession],
        by broker: borrowing BrokerClient
    ) async throws(CommandError) -> ([(TrailSession, Finding)], Int) {
        let discovery = try await broker.call(.get, [".well-known", "openid-configuration"])
        let issuer = discovery["issuer"]?.asString ?? ""
        let host = issuer.firstRange(of: "://").map { String(issuer[$0.upperBound...]) } ?? issuer
        let ours = [host, "\(host)/untrusted"]
        var checked: [(TrailSession, Finding)] = []
        var known: [String: Finding] = [:]
        var foreign = 0
        for session in sessions {
            guard ours.contains(session.provider) else {
                foreign += 1
                continue
            }
            // All that one access key did is one session.
            let id = session.accessKey ?? session.eventID
            guard known[id] == nil else { continue }
            let finding = try await find(session, by: broker)
            known[id] = finding
            checked.append((session, finding))
        }
        return (checked, foreign)
    }

    private static func find(
        _ session: TrailSession,
        by broker: borrowing BrokerClient
    ) async throws(CommandError) -> Finding {
        if let key = session.accessKey, try await exists(["credential": key], by: broker) { return .exchanged }
        guard let subject = session.subject, let time = session.time else { return .unexplained }
        let window = [
            "since": RFC3339.format(time - .seconds(3_600)), "until": RFC3339.format(time + .seconds(60)),
            "subject": subject, "kind": "token.issued",
        ]
        return try await exists(window, by: broker) ? .issued : .unexplained
    }

    private static func exists(
        _ filters: [String: String],
        by broker: borrowing BrokerClient
    ) async throws(CommandError) -> Bool {
        var form = Form([.init("limit", "5")])
        for (name, value) in filters { form.append(name, value) }
        let answer = try await broker.call(.get, ["v1", "audit", "entries"], query: form)
        return (answer["entries"]?.asArray ?? []).contains { $0["error"] == nil && $0["pruned"] == nil }
    }
}
