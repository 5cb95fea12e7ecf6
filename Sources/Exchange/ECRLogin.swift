internal import Encoding
internal import HTTP
internal import JSON
internal import Time

/// A login to the account's container registry, of ECR's GetAuthorizationToken.
struct ECRLogin: Sendable {
    /// The registry's host, such as `123456789012.dkr.ecr.eu-west-1.amazonaws.com`.
    let registry: String
    /// `AWS`, always.
    let username: String
    let password: String
    /// When ECR ends it, which may be after its session's end; nil where a service that is not AWS gave a time gone by.
    let expires: UnixTime?

    /// The request, which the session's keys have yet to sign.
    static func request(to endpoint: Endpoint) -> OutgoingRequest {
        OutgoingRequest(
            .post,
            url: endpoint.url + "/",
            fields: [
                "Content-Type": "application/x-amz-json-1.1",
                "X-Amz-Target": "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
            ],
            body: Array("{}".utf8)
        )
    }

    /// Reads the answer, of AWS itself or of a service that answers as it does (moto's logins ended in 2015).
    ///
    /// - Throws: `ExchangeFailure` of kind `brokenAnswer`.
    init(_ answer: CloudAnswer, isAWS: Bool) throws(ExchangeFailure) {
        guard let json = try? JSON.parse(answer.response.body),
            let data = json["authorizationData"]?.asArray?.first, let token = data["authorizationToken"]?.asString,
            let proxy = data["proxyEndpoint"]?.asString
        else { throw Self.broken("no authorizationData in the answer to GetAuthorizationToken") }
        guard let decoded = try? Base64.decode(token), let login = String(validating: decoded, as: UTF8.self),
            let colon = login.utf8.firstIndex(of: UInt8(ascii: ":"))
        else { throw Self.broken("authorizationToken is no base64 of a user and a password") }
        username = String(login[..<colon])
        password = String(login[login.utf8.index(after: colon)...])
        guard SettingCheck.isVisible(username, limit: 64), SettingCheck.isVisible(password, limit: 65_536) else {
            throw Self.broken("the user or the password is not visible ASCII")
        }
        // A client sends the password to whatever host stands here.
        guard let address = WebAddress(proxy), address.isSecure || address.isLoopback,
            address.path.isEmpty || address.path == "/", address.query == nil
        else { throw Self.broken("proxyEndpoint is no URL of a host") }
        registry = address.host + (address.port.map { ":\($0)" } ?? "")
        let end: UnixTime
        switch data["expiresAt"] {
        case .integer(let seconds) where (0..<Self.latest).contains(seconds): end = UnixTime(seconds: seconds)
        case .number(let seconds) where (0..<Double(Self.latest)).contains(seconds):
            end = UnixTime(seconds: Int64(seconds))
        default: throw Self.broken("expiresAt is no time")
        }
        guard end > answer.came || !isAWS else { throw Self.broken("the login had expired when it came") }
        expires = end > answer.came ? end : nil
    }

    /// The year 9999, past which nothing writes a time.
    private static let latest: Int64 = 253_402_300_800

    private static func broken(_ message: String) -> ExchangeFailure {
        ExchangeFailure(.brokenAnswer, code: "no-ecr-answer", message: message)
    }
}

/// The errors of ECR, in JSON 1.1.
struct ECRRefusals: RefusalReader {
    func refusal(in response: HTTPResponse) -> ExchangeFailure {
        guard let body = try? JSON.parse(response.body), let type = body["__type"]?.asString else {
            return ExchangeFailure(
                .refused,
                code: "http-\(response.status)",
                message: "the answer is no error of ECR; something before it may have refused"
            )
        }
        // A namespace may stand before the name: com.amazonaws.ecr#InvalidParameterException.
        let code = String(type.split(separator: "#").last ?? "")
        let isBusy = ["ThrottlingException", "ServerException", "RequestLimitExceeded"].contains(code)
        return ExchangeFailure(
            isBusy ? .outage : .refused,
            code: code,
            message: (body["message"] ?? body["Message"])?.asString ?? "no reason given",
            advice: isBusy ? nil : "let the role call ecr:GetAuthorizationToken, or remove 'ecr' from the target"
        )
    }
}
