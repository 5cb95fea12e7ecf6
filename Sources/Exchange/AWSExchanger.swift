internal import Crypto
internal import Encoding
internal import HTTP
internal import JSON
internal import Time
internal import XML

/// AssumeRoleWithWebIdentity of AWS STS, version 2011-06-15: a form out, XML back, and no signature on either.
struct AWSExchanger: Exchanger, RefusalReader {
    let target: Target
    let aws: AWSTarget
    /// What CloudTrail and the assumed role's ARN show of the job.
    let sessionName: String

    func credential(for token: String, over line: CloudLine) async throws(ExchangeFailure) -> Credential {
        let answer = try await line.ask(request(token: token), refusals: self)
        return try credential(in: answer.response, now: answer.came)
    }

    private func request(token: String) -> OutgoingRequest {
        var form = Form([
            Form.Field("Action", "AssumeRoleWithWebIdentity"),
            Form.Field("Version", "2011-06-15"),
            Form.Field("RoleArn", aws.role),
            Form.Field("RoleSessionName", sessionName),
            Form.Field("WebIdentityToken", token),
            Form.Field("DurationSeconds", String(aws.session.wholeSeconds)),
        ])
        for (index, arn) in aws.policyARNs.enumerated() {
            form.append("PolicyArns.member.\(index + 1).arn", arn)
        }
        if let policy = aws.policy { form.append("Policy", policy) }
        return OutgoingRequest(
            .post,
            url: aws.endpoint.url + "/",
            fields: ["Content-Type": "application/x-www-form-urlencoded; charset=utf-8"],
            body: Array(form.encoded.utf8)
        )
    }

    private func credential(in response: HTTPResponse, now: UnixTime) throws(ExchangeFailure) -> Credential {
        let root: XMLElement
        do throws(XMLError) { root = try XMLElement.parse(response.body) } catch {
            throw Self.broken(error.description)
        }
        guard root.name == "AssumeRoleWithWebIdentityResponse",
            let result = root.child("AssumeRoleWithWebIdentityResult"), let keys = result.child("Credentials")
        else { throw Self.broken("no credentials of AssumeRoleWithWebIdentity in the answer") }
        let expiration = try Self.text(of: "Expiration", in: keys, limit: 64)
        guard let expires = try? RFC3339.parse(expiration) else { throw Self.broken("Expiration is no time") }
        guard expires > now else { throw Self.broken("the credential had expired when it came, at \(expiration)") }
        let accessKeyID = try Self.text(of: "AccessKeyId", in: keys, limit: 128)
        var environment = NamedSecrets()
        environment.append(Self.accessKey, text: accessKeyID)
        environment.append(Self.secretKey, text: try Self.text(of: "SecretAccessKey", in: keys, limit: 256))
        environment.append(
            Self.sessionToken,
            text: try Self.text(of: "SessionToken", in: keys, limit: 65_536)
        )
        for (name, value) in target.whereabouts { environment.append(name, text: value) }
        var details: JSONObject = ["region": .string(aws.region)]
        if let user = result.child("AssumedRoleUser") {
            details["assumed_role_arn"] = user.child("Arn").map { .string(CloudText.line($0.text)) }
            details["assumed_role_id"] = user.child("AssumedRoleId").map { .string(CloudText.line($0.text)) }
        }
        return Credential(
            target: target.name,
            type: .aws,
            name: accessKeyID,
            session: sessionName,
            expires: expires,
            details: details,
            environment: environment
        )
    }

    func refusal(in response: HTTPResponse) -> ExchangeFailure {
        guard let root = try? XMLElement.parse(response.body), root.name == "ErrorResponse",
            let error = root.child("Error"), let code = error.child("Code")?.text
        else {
            return ExchangeFailure(
                .refused,
                code: "http-\(response.status)",
                message: "the answer is no error of AWS STS; something before it may have refused"
            )
        }
        let request = root.child("RequestId").map { " (AWS request \($0.text))" } ?? ""
        return ExchangeFailure(
            Self.kind(ofCode: code),
            code: code,
            message: (error.child("Message")?.text ?? "no reason given") + request
        )
    }

    /// What an error code of STS means; whatever is not known to be otherwise is a refusal, which ends the matter.
    private static func kind(ofCode code: String) -> ExchangeFailure.Kind {
        switch code {
        case "IDPCommunicationError", "Throttling", "ThrottlingException": .outage
        case "MalformedPolicyDocument", "PackedPolicyTooLarge", "RegionDisabledException", "ValidationError":
            .misconfigured
        default: .refused
        }
    }

    /// A value that goes into the environment as it came: visible ASCII, as every AWS key and token is.
    private static func text(of name: String, in keys: XMLElement, limit: Int) throws(ExchangeFailure) -> String {
        guard let text = keys.child(name)?.text, SettingCheck.isVisible(text, limit: limit) else {
            throw broken("\(name) is missing, or not visible ASCII of at most \(limit) bytes")
        }
        return text
    }

    private static func broken(_ message: String) -> ExchangeFailure {
        ExchangeFailure(.brokenAnswer, code: "no-sts-answer", message: message)
    }

    private static let accessKey = EnvironmentName(constant: "AWS_ACCESS_KEY_ID")
    private static let secretKey = EnvironmentName(constant: "AWS_SECRET_ACCESS_KEY")
    private static let sessionToken = EnvironmentName(constant: "AWS_SESSION_TOKEN")
}
