internal import Configuration
internal import Crypto
internal import Encoding
internal import HTTP
internal import Locks
internal import Time

/// The sessions of auditors who look at the page: a cookie that their browser keeps from every script and every other site.
///
/// They live in this process alone, and are forgotten with it; only their hashes are kept.
final class AuditSessions: Sendable {
    static let cookie = "jobpass_audit"
    /// A working day.
    static let lifetime = Duration.seconds(8 * 3_600)
    private static let most = 1_000

    private struct Session {
        let principal: String
        /// What the principal showed then: where its token or certificate is another by now, the session is over.
        let proof: Principal.Proof
        let end: UnixTime
    }

    private let sessions = Lock<[SHA256Digest: Session]>([:])

    /// Begins a principal's session, and returns the text that its cookie holds; the oldest makes room where there are too many.
    func begin(_ principal: Principal, at now: UnixTime) -> String {
        let text = Base64URL.encode(Entropy.bytes(32))
        sessions.withLock { sessions in
            sessions = sessions.filter { $0.value.end > now }
            if sessions.count >= Self.most, let oldest = sessions.min(by: { $0.value.end < $1.value.end }) {
                sessions[oldest.key] = nil
            }
            sessions[SHA256.hash(text)] = Session(
                principal: principal.name,
                proof: principal.proof,
                end: now + Self.lifetime
            )
        }
        return text
    }

    /// Whose session a cookie is, as the principal is configured now; nil where it is none, or over.
    func principal(of text: String, among principals: Principals, at now: UnixTime) -> Principal? {
        let session = sessions.withLock { $0[SHA256.hash(text)] }
        guard let session, session.end > now, let principal = principals.named(session.principal) else { return nil }
        return principal.proof == session.proof ? principal : nil
    }

    /// Ends a session.
    func end(_ text: String) { sessions.withLock { $0[SHA256.hash(text)] = nil } }

    /// The text of a request's session cookie; nil where it has none.
    static func text(in request: HTTPRequest) -> String? {
        for field in request.fields.values("Cookie") {
            for pair in field.split(separator: ";") {
                let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0] == cookie { return String(parts[1]) }
            }
        }
        return nil
    }
}
