internal import Crypto
internal import Encoding
internal import HTTP
internal import JSON
internal import Time

/// AssumeRoleWithWebIdentity of AWS STS, version 2011-06-15, then what the target asks besides: AssumeRole for each role of
/// the chain, and a login to ECR, both signed with the session before them.
struct AWSExchanger: Exchanger {
    let target: Target
    let aws: AWSTarget
    /// What CloudTrail and the assumed role's ARN show of the job.
    let sessionName: String

    func credential(for token: String, over line: CloudLine) async throws(ExchangeFailure) -> Credential {
        let first = try await line.ask(webIdentity(token), refusals: STSRefusals())
        var session = try AWSSession(first, to: "AssumeRoleWithWebIdentity")
        for role in aws.chain {
            let signature = session.signature(for: "sts", in: aws.signingRegion)
            let answer = try await line.ask(
                signature.signed(chained(role), at: line.now),
                refusals: STSRefusals()
            )
            session = try AWSSession(answer, to: "AssumeRole")
        }
        guard aws.logsInToECR else { return credential(of: session, nil) }
        let signature = session.signature(for: "ecr", in: aws.region)
        let request = signature.signed(ECRLogin.request(to: aws.registryEndpoint), at: line.now)
        let answer = try await line.ask(request, refusals: ECRRefusals())
        return credential(of: session, try ECRLogin(answer, isAWS: aws.asksAWS))
    }

    /// Unsigned: the token itself is the proof.
    private func webIdentity(_ token: String) -> OutgoingRequest {
        var form = Form([
            Form.Field("Action", "AssumeRoleWithWebIdentity"),
            Form.Field("Version", "2011-06-15"),
            Form.Field("RoleArn", aws.role),
            Form.Field("RoleSessionName", sessionName),
            Form.Field("WebIdentityToken", token),
            Form.Field("DurationSeconds", String(aws.session.wholeSeconds)),
        ])
        if aws.chain.isEmpty { narrow(&form) }
        return request(form)
    }

    private func chained(_ role: AWSChainedRole) -> OutgoingRequest {
        var form = Form([
            Form.Field("Action", "AssumeRole"),
            Form.Field("Version", "2011-06-15"),
            Form.Field("RoleArn", role.role),
            Form.Field("RoleSessionName", sessionName),
            Form.Field("DurationSeconds", String(aws.session.wholeSeconds)),
        ])
        if let externalID = role.externalID { form.append("ExternalId", externalID) }
        if role == aws.chain.last { narrow(&form) }
        return request(form)
    }

    /// The target's own limits hold for the session that the job gets: an earlier one may need the right to go on.
    private func narrow(_ form: inout Form) {
        for (index, arn) in aws.policyARNs.enumerated() {
            form.append("PolicyArns.member.\(index + 1).arn", arn)
        }
        if let policy = aws.policy { form.append("Policy", policy) }
    }

    private func request(_ form: Form) -> OutgoingRequest {
        OutgoingRequest(
            .post,
            url: aws.endpoint.url + "/",
            fields: ["Content-Type": "application/x-www-form-urlencoded; charset=utf-8"],
            body: Array(form.encoded.utf8)
        )
    }

    private func credential(of session: AWSSession, _ login: ECRLogin?) -> Credential {
        var environment = NamedSecrets()
        environment.append(EnvironmentName(constant: "AWS_ACCESS_KEY_ID"), text: session.accessKeyID)
        environment.append(EnvironmentName(constant: "AWS_SECRET_ACCESS_KEY"), text: session.secretAccessKey)
        environment.append(EnvironmentName(constant: "AWS_SESSION_TOKEN"), text: session.sessionToken)
        for (name, value) in target.whereabouts { environment.append(name, text: value) }
        var details: JSONObject = ["region": .string(aws.region)]
        details["assumed_role_arn"] = session.userARN.map { .string(CloudText.line($0)) }
        details["assumed_role_id"] = session.userID.map { .string(CloudText.line($0)) }
        details["source_identity"] = session.sourceIdentity.map { .string(CloudText.line($0)) }
        if let login {
            environment.append(EnvironmentName(constant: "ECR_REGISTRY"), text: login.registry)
            environment.append(EnvironmentName(constant: "ECR_USERNAME"), text: login.username)
            environment.append(Self.registryPassword, text: login.password)
            details["docker"] = [
                "registry": .string(login.registry), "username": .string(login.username),
                "password_variable": .string(Self.registryPassword.text),
                "expires_at": .string(RFC3339.format(login.expires ?? session.expires)),
            ]
        }
        return Credential(
            target: target.name,
            type: .aws,
            name: session.accessKeyID,
            session: sessionName,
            expires: min(session.expires, login?.expires ?? session.expires),
            details: details,
            environment: environment
        )
    }

    private static let registryPassword = EnvironmentName(constant: "ECR_PASSWORD")
}
