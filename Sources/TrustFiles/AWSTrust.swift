internal import Claims
internal import Exchange
internal import JSON
internal import Policy
internal import Text
internal import Time

/// AWS: an OpenID Connect provider, and a role whose trust policy names the subjects.
struct AWSTrust {
    /// One statement of a trust policy, in the parts that every format writes in its own way.
    struct Statement {
        let sid: String
        /// Which rule it comes from, for a comment.
        let reason: String
        /// The issuer whose tokens it takes.
        let issuer: String
        let actions: [String]
        /// Operator, key, values; keys of the provider have no prefix yet.
        let conditions: [(test: String, key: String, values: [String])]
    }

    /// IAM's default quota of a trust policy, white space not counted.
    private static let policyLimit = 2_048

    let side: CloudSide
    let aws: AWSTarget
    let statements: [Statement]

    init(_ side: CloudSide, _ aws: AWSTarget) throws(TrustFiles.Refusal) {
        self.side = side
        self.aws = aws
        try side.requirePublicIssuer("AWS", port: false)
        guard Self.account(of: aws.role) != nil else {
            throw TrustFiles.Refusal(
                "\(aws.role) is in no account of AWS",
                fix: "the service in AWS's place is set up by its own means"
            )
        }
        statements = side.rules.enumerated().flatMap { index, rule in
            Self.statements(of: rule, number: index + 1, side, aws)
        }
    }

    private static func statements(
        of rule: CloudSide.Allowed,
        number: Int,
        _ side: CloudSide,
        _ aws: AWSTarget
    ) -> [Statement] {
        let split = rule.subjects.filter { $0.hasSingleStar && $0.hasTellableExcess }
        let joint = rule.subjects.filter { !$0.hasSingleStar || !$0.hasTellableExcess }
        var groups: [(subjects: [SubjectShape], excesses: [String])] = []
        if !joint.isEmpty { groups.append((joint, [])) }
        // What is left out must not leave out what another subject lets in, so each has a statement of its own.
        for shape in split { groups.append(([shape], shape.excesses(escape))) }
        var statements: [Statement] = []
        for issuer in rule.issuers {
            for (part, group) in groups.enumerated() {
                let suffix = (groups.count > 1 ? "Part\(part + 1)" : "") + (issuer.isUntrusted ? "Untrusted" : "")
                statements.append(
                    Statement(
                        sid: "Rule\(number)\(suffix)",
                        reason: "\(rule.place): {\(rule.text)}",
                        issuer: issuer.url,
                        actions: actions(aws),
                        conditions: conditions(rule, group.subjects, group.excesses, side, aws)
                    )
                )
            }
        }
        return statements
    }

    private static func actions(_ aws: AWSTarget) -> [String] {
        ["sts:AssumeRoleWithWebIdentity"] + (aws.tags.isEmpty ? [] : ["sts:TagSession"])
            + (aws.sourceIdentity == nil ? [] : ["sts:SetSourceIdentity"])
    }

    private static func conditions(
        _ rule: CloudSide.Allowed,
        _ subjects: [SubjectShape],
        _ excesses: [String],
        _ side: CloudSide,
        _ aws: AWSTarget
    ) -> [(test: String, key: String, values: [String])] {
        var conditions = [(test: "StringEquals", key: ":aud", values: [side.audience])]
        let exact = subjects.compactMap(\.exact)
        if exact.count == subjects.count {
            conditions.append(("StringEquals", ":sub", exact.map(variableFree)))
        } else {
            conditions.append(("StringLike", ":sub", subjects.map { $0.glob(escape) }))
        }
        if !excesses.isEmpty { conditions.append(("StringNotLike", ":sub", excesses)) }
        for condition in rule.conditions where !side.subjectNames.contains(condition.name) {
            guard let tag = aws.tags.first(where: { $0.claim == condition.name.description }) else { continue }
            let isExact = condition.patterns.allSatisfy { !$0.hasStar }
            let values = condition.patterns.map { pattern in
                isExact
                    ? variableFree(pattern.description)
                    : SubjectShape(SubjectShape.pieces(of: pattern.description)).glob(escape)
            }
            conditions.append((isExact ? "StringEquals" : "StringLike", "aws:RequestTag/\(tag.key)", values))
        }
        if aws.pinsRole { conditions.append(("Bool", "sts:RoleAuthorizedByIdp", ["true"])) }
        return conditions
    }

    /// Text in which IAM sees no variable: `${$}` is a dollar sign.
    private static func variableFree(_ text: String) -> String { text.replacing("${", with: "${$}{") }

    /// Text in which IAM sees neither a variable nor a wildcard: our rules have no other than stars.
    private static func escape(_ text: String) -> String { variableFree(text).replacing("?", with: "${?}") }

    /// An issuer as IAM writes it: without the scheme.
    static func provider(_ issuer: String) -> String { String(issuer.dropFirst("https://".count)) }

    /// The issuers that need a provider.
    var providers: [String] { side.issuers.map(\.url) }

    var partition: String { String(aws.role.split(separator: ":")[1]) }

    static func account(of arn: String) -> String? {
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 6 && parts[4].utf8.count == 12 ? String(parts[4]) : nil
    }

    /// The path and the name of a role's ARN.
    static func parts(ofRole arn: String) -> (path: String, name: String) {
        let role = arn.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false).last ?? ""
        let segments = role.split(separator: "/").dropFirst()
        let path = segments.dropLast().map { "\($0)/" }.joined()
        return ("/" + path, String(segments.last ?? ""))
    }

    /// The longest session in seconds: a role's own maximum is an hour at least.
    var longestSession: Int64 { max(3_600, aws.session.wholeSeconds) }

    func providerARN(_ issuer: String) -> String {
        "arn:\(partition):iam::\(Self.account(of: aws.role) ?? ""):oidc-provider/\(Self.provider(issuer))"
    }

    /// A condition's key as it stands in the policy.
    func key(_ condition: String, _ statement: Statement) -> String {
        condition.hasPrefix(":") ? Self.provider(statement.issuer) + condition : condition
    }

    /// The trust policy; `principal` says who the provider of an issuer is.
    func policy(_ principal: (_ issuer: String) -> JSON) -> JSON {
        [
            "Version": "2012-10-17",
            "Statement": .array(
                statements.map { statement in
                    [
                        "Sid": .string(statement.sid), "Effect": "Allow",
                        "Principal": ["Federated": principal(statement.issuer)],
                        "Action": .array(statement.actions.map { .string($0) }),
                        "Condition": .object(conditions(of: statement)),
                    ]
                }
            ),
        ]
    }

    /// The conditions by their operators, as the grammar groups them.
    private func conditions(of statement: Statement) -> JSONObject {
        var operators = JSONObject()
        for condition in statement.conditions {
            var keys = operators[condition.test]?.asObject ?? JSONObject()
            let values = condition.values
            keys[key(condition.key, statement)] =
                values.count == 1 ? .string(values[0]) : .array(values.map { .string($0) })
            operators[condition.test] = .object(keys)
        }
        return operators
    }

    /// The trust policy of a role that the one before it assumes.
    static func chained(_ role: AWSChainedRole, after earlier: String, _ aws: AWSTarget) -> JSON {
        var actions: [JSON] = ["sts:AssumeRole"]
        if aws.tags.contains(where: \.isTransitive) { actions.append("sts:TagSession") }
        if aws.sourceIdentity != nil { actions.append("sts:SetSourceIdentity") }
        var statement: JSONObject = [
            "Sid": "EarlierRole", "Effect": "Allow", "Principal": ["AWS": .string(earlier)], "Action": .array(actions),
        ]
        if let identifier = role.externalID {
            statement["Condition"] = ["StringEquals": ["sts:ExternalId": .string(identifier)]]
        }
        return ["Version": "2012-10-17", "Statement": [.object(statement)]]
    }

    /// The chain's roles, each with the ARN of the one before it.
    var chain: [(role: AWSChainedRole, earlier: String)] {
        aws.chain.enumerated().map { index, role in (role, index == 0 ? aws.role : aws.chain[index - 1].role) }
    }

    /// The head of every file, with what IAM would say of the policy's size.
    func head(_ format: TrustFiles.Format) -> [String] {
        var lines = side.head(format)
        let bytes = policy { .string(providerARN($0)) }.text.utf8.count
        if bytes > Self.policyLimit {
            lines.append(
                "Note: the trust policy has \(bytes) characters, and IAM takes \(Self.policyLimit) unless the quota is raised: "
                    + "write fewer rules, or a * in place of lists."
            )
        }
        return lines
    }
}
