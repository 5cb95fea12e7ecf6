internal import Exchange
internal import HTTP
internal import Locks
internal import Time

/// The sessions that the stand-in for STS has given, and whose signatures it knows.
final class STSSessions: Sendable {
    /// A session's keys, and what goes on to the sessions that it begins.
    struct Session: Sendable {
        let accessKeyID: String
        let secretAccessKey: String
        let sessionToken: String
        let account: String
        let expires: UnixTime
        let sourceIdentity: String?
    }

    /// The most sessions that are remembered; past it the oldest is forgotten.
    private static let most = 10_000
    /// How far a request's time may be off.
    private static let skew = Duration.seconds(15 * 60)

    private struct Held {
        var sessions: [String: Session] = [:]
        var order: [String] = []
    }

    private let held = Lock(Held())
    private let clock: WallClock

    init(clock: @escaping WallClock) { self.clock = clock }

    /// Begins a session of new keys.
    func begin(account: String, seconds: Int64, sourceIdentity: String?) -> Session {
        let session = Session(
            accessKeyID: FakeSecret.accessKeyID(),
            secretAccessKey: FakeSecret.secretAccessKey(),
            sessionToken: FakeSecret.sessionToken(),
            account: account,
            expires: clock() + .seconds(seconds),
            sourceIdentity: sourceIdentity
        )
        held.withLock { held in
            held.sessions[session.accessKeyID] = session
            held.order.append(session.accessKeyID)
            if held.order.count > Self.most { held.sessions[held.order.removeFirst()] = nil }
        }
        return session
    }

    /// The session that signed a request for a service, and the region for which it did.
    ///
    /// - Throws: `STSError` in the words that AWS has for a signature which is not right.
    func signer(
        of request: HTTPRequest,
        for service: String
    ) throws(STSError) -> (session: Session, region: String) {
        guard let text = request.fields["Authorization"] else {
            throw STSError("MissingAuthenticationToken", "Request is missing Authentication Token", status: 403)
        }
        let claimed = try Self.credential(in: text)
        guard let session = held.withLock({ $0.sessions[claimed.accessKeyID] }),
            request.fields["X-Amz-Security-Token"] == session.sessionToken
        else {
            let words = "The security token included in the request is invalid."
            throw STSError("InvalidClientTokenId", words, status: 403)
        }
        let now = clock()
        guard now < session.expires else {
            throw STSError("ExpiredToken", "The security token included in the request is expired", status: 403)
        }
        guard let moment = Self.moment(request.fields["X-Amz-Date"] ?? ""), moment - now <= Self.skew,
            now - moment <= Self.skew
        else {
            throw STSError("SignatureDoesNotMatch", "Signature expired: the request's time is too far off", status: 403)
        }
        guard claimed.service == service else {
            let words = "Credential should be scoped to correct service: '\(service)'."
            throw STSError("SignatureDoesNotMatch", words, status: 403)
        }
        let signature = AWSSignature(
            accessKeyID: session.accessKeyID,
            secretAccessKey: session.secretAccessKey,
            sessionToken: session.sessionToken,
            region: claimed.region,
            service: service
        )
        let content = SignedContent(
            method: request.method,
            host: request.fields["Host"] ?? "",
            path: request.path,
            fields: request.fields,
            body: request.body
        )
        guard signature.authorization(of: content, at: moment) == text else {
            let words = "The request signature we calculated does not match the signature you provided."
            throw STSError("SignatureDoesNotMatch", words, status: 403)
        }
        return (session, claimed.region)
    }

    /// What an Authorization field says of itself: `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`.
    private static func credential(
        in text: String
    ) throws(STSError) -> (accessKeyID: String, region: String, service: String) {
        let beginning = "AWS4-HMAC-SHA256 Credential="
        let scope = text.hasPrefix(beginning) ? text.dropFirst(beginning.count).prefix { $0 != "," } : ""
        let parts = scope.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, parts[4] == "aws4_request" else {
            let words = "Authorization header requires 'Credential', 'SignedHeaders' and 'Signature' parameters."
            throw STSError("IncompleteSignature", words)
        }
        return (parts[0], parts[2], parts[3])
    }

    /// A moment as AWS writes it.
    private static func moment(_ stamp: String) -> UnixTime? {
        let digits = Array(stamp)
        guard digits.count == 16, digits.allSatisfy(\.isASCII) else { return nil }
        let date = "\(String(digits[0..<4]))-\(String(digits[4..<6]))-\(String(digits[6..<8]))"
        let time = "\(String(digits[9..<11])):\(String(digits[11..<13])):\(String(digits[13..<15]))"
        guard let moment = try? RFC3339.parse("\(date)T\(time)Z") else { return nil }
        return AWSSignature.stamp(moment) == stamp ? moment : nil
    }
}
