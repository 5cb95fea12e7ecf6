internal import Encoding
internal import HTTP
internal import JSON
internal import Time

/// ECR as far as GetAuthorizationToken goes: for whoever signs with the keys of a session that the stand-in for STS gave.
struct ECRStandIn: Sendable {
    private static let action = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
    /// What a login lasts there.
    private static let life = Duration.seconds(12 * 3_600)

    private let sessions: STSSessions
    private let clock: WallClock
    private let report: @Sendable (SandboxEvent) -> Void

    init(
        _ sessions: STSSessions,
        _ clock: @escaping WallClock,
        _ report: @escaping @Sendable (SandboxEvent) -> Void
    ) {
        self.sessions = sessions
        self.clock = clock
        self.report = report
    }

    /// Whether a request is one for this service.
    static func isMeant(by request: HTTPRequest) -> Bool { request.fields["X-Amz-Target"] == action }

    /// Answers a request to `/`.
    func answer(_ request: HTTPRequest) -> HTTPResponse {
        do throws(STSError) {
            let (session, region) = try sessions.signer(of: request, for: "ecr")
            let registry = "https://\(session.account).dkr.ecr.\(region).amazonaws.com"
            report(SandboxEvent(.aws, registry, .taken(subject: session.accessKeyID)))
            let data: JSON = [
                "authorizationToken": .string(Base64.encode(Array("AWS:\(FakeSecret.sessionToken())".utf8))),
                "expiresAt": .number(Double((clock() + Self.life).milliseconds) / 1_000),
                "proxyEndpoint": .string(registry),
            ]
            return Self.response(200, ["authorizationData": [data]])
        } catch {
            report(SandboxEvent(.aws, "ECR", .refused(reason: "\(error.code): \(error.message)")))
            return Self.response(error.status, ["__type": .string(error.code), "message": .string(error.message)])
        }
    }

    private static func response(_ status: Int, _ body: JSON) -> HTTPResponse {
        HTTPResponse(
            status: status,
            fields: [
                "Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": FakeSecret.requestID(),
                "Cache-Control": "no-store",
            ],
            body: body.serialized()
        )
    }
}
