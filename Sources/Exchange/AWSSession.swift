internal import HTTP
internal import Time
internal import XML

/// The keys of a session, as STS gives them for a web identity or for an earlier session.
struct AWSSession: Sendable {
    let accessKeyID: String
    let secretAccessKey: String
    let sessionToken: String
    let expires: UnixTime
    /// The ARN of the assumed role, with the session's name in it.
    let userARN: String?
    /// The role's id and the session's name.
    let userID: String?
    let sourceIdentity: String?

    /// Reads the answer to an action: `AssumeRoleWithWebIdentity` or `AssumeRole`.
    ///
    /// - Throws: `ExchangeFailure` of kind `brokenAnswer`.
    init(_ answer: CloudAnswer, to action: String) throws(ExchangeFailure) {
        let root: XMLElement
        do throws(XMLError) { root = try XMLElement.parse(answer.response.body) } catch {
            throw Self.broken(error.description)
        }
        guard root.name == "\(action)Response", let result = root.child("\(action)Result"),
            let keys = result.child("Credentials")
        else { throw Self.broken("no credentials of \(action) in the answer") }
        let expiration = try Self.text(of: "Expiration", in: keys, limit: 64)
        guard let expires = try? RFC3339.parse(expiration) else { throw Self.broken("Expiration is no time") }
        guard expires > answer.came else {
            throw Self.broken("the credential had expired when it came, at \(expiration)")
        }
        self.expires = expires
        accessKeyID = try Self.text(of: "AccessKeyId", in: keys, limit: 128)
        secretAccessKey = try Self.text(of: "SecretAccessKey", in: keys, limit: 256)
        sessionToken = try Self.text(of: "SessionToken", in: keys, limit: 65_536)
        userARN = result.child("AssumedRoleUser")?.child("Arn")?.text
        userID = result.child("AssumedRoleUser")?.child("AssumedRoleId")?.text
        sourceIdentity = result.child("SourceIdentity")?.text
    }

    /// What signs requests for a service in the session's name.
    func signature(for service: String, in region: String) -> AWSSignature {
        AWSSignature(
            accessKeyID: accessKeyID,
            secretAccessKey: secretAccessKey,
            sessionToken: sessionToken,
            region: region,
            service: service
        )
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
}

/// The errors of STS, in XML.
struct STSRefusals: RefusalReader {
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
            message: (error.child("Message")?.text ?? "no reason given") + request,
            advice: Self.advice(onCode: code)
        )
    }

    /// What an error code means; whatever is not known to be otherwise is a refusal, which ends the matter.
    private static func kind(ofCode code: String) -> ExchangeFailure.Kind {
        switch code {
        case "IDPCommunicationError", "Throttling", "ThrottlingException": .outage
        case "MalformedPolicyDocument", "PackedPolicyTooLarge", "RegionDisabledException", "ValidationError":
            .misconfigured
        default: .refused
        }
    }

    private static func advice(onCode code: String) -> String? {
        switch code {
        case "AccessDenied":
            "compare the role's trust policy with the token's sub and aud; a target with tags also needs sts:TagSession "
                + "there, one with source_identity sts:SetSourceIdentity, and a chained role must trust the one before it"
        case "InvalidIdentityToken":
            "see that IAM has an identity provider for exactly this issuer with this audience, and that AWS can fetch its "
                + "discovery document and keys within 5 seconds"
        case "ExpiredTokenException": "compare the broker's clock with the time: AWS allows five minutes"
        case "IDPCommunicationError": "see that AWS can reach the issuer over https"
        case "IDPRejectedClaim": "see what the identity provider says of the token"
        case "MalformedPolicyDocument": "mend the target's policy"
        case "PackedPolicyTooLarge": "make the target's policy shorter, or give it fewer policy_arns and tags"
        case "RegionDisabledException": "activate STS in the target's region, or name another region"
        case "ValidationError": "see the value that it names; a session may be no longer than the role's own maximum"
        case "Throttling", "ThrottlingException": "try again later, or spread the jobs"
        default: nil
        }
    }
}
