/// A role's trust policy, as far as it concerns AssumeRoleWithWebIdentity.
package struct AWSTrustPolicy: TrustPolicy {
    package let kind = PolicyKind.aws
    let root: PolicyNode
    let statements: [AWSStatement]
    /// Whether `${…}` is replaced: only in policies of version 2012-10-17.
    let hasVariables: Bool

    /// Reads a policy, also inside the answer of `aws iam get-role`.
    ///
    /// - Throws: `TrustError`.
    init(_ root: PolicyNode) throws(TrustError) {
        let document = root["Role"]?["AssumeRolePolicyDocument"] ?? root["AssumeRolePolicyDocument"] ?? root
        guard let list = document["Statement"] else {
            throw TrustError(document.place, "the policy has no Statement", fix: "write a list of statements")
        }
        self.root = document
        hasVariables = document["Version"]?.text == "2012-10-17"
        var statements: [AWSStatement] = []
        for (index, node) in list.elements.enumerated() {
            statements.append(try AWSStatement(node, number: index + 1))
        }
        self.statements = statements
    }

    /// What the policy makes of a token.
    package func explain(_ presented: Presented) -> Explanation {
        let context = AWSContext(presented)
        var clauses: [Clause] = []
        var verdicts: [Verdict] = []
        var reason = ""
        for action in context.actions {
            let isMain = action == AWSContext.mainAction
            let answers = statements.map { statement in
                statement.clause(action, context, hasVariables: hasVariables, isMain: isMain)
            }
            let (verdict, words) = Explanation.combine(answers)
            verdicts.append(verdict)
            if isMain {
                (clauses, reason) = (answers, words)
            } else if verdict != .pass {
                if Verdict.all(verdicts.dropLast()) == .pass { reason = "the token needs \(action): \(words)" }
                clauses += answers.filter { $0.verdict != .pass }
            }
        }
        return Explanation(.aws, clauses, .all(verdicts), reason)
    }
}

/// Names of claims that AWS reads.
enum AWSClaims {
    static let tags = "https://aws.amazon.com/tags"
    static let sourceIdentity = "https://aws.amazon.com/source_identity"
    static let roles = "https://aws.amazon.com/roles"
    /// The issuers of whose further claims AWS makes condition keys.
    static let wellKnownIssuers = [
        "token.actions.githubusercontent.com", "gitlab.com", "agent.buildkite.com", "oidc.circleci.com/org/",
    ]
    /// The claims of which AWS makes condition keys for any issuer.
    static let keys: Set<String> = ["sub", "aud", "amr", "email", "oaud"]

    static func isWellKnown(_ host: String) -> Bool {
        wellKnownIssuers.contains { host == $0 || $0.hasSuffix("/") && host.hasPrefix($0) }
    }
}

/// One statement of a trust policy.
struct AWSStatement: Sendable {
    let number: Int
    let name: String
    let place: Place
    let effect: Clause.Effect
    let principal: PolicyNode?
    let isNotPrincipal: Bool
    let actions: PolicyNode
    let isNotAction: Bool
    let conditions: [AWSCondition]

    init(_ node: PolicyNode, number: Int) throws(TrustError) {
        guard node.isMapping else {
            throw TrustError(node.place, "a statement is an object", fix: "write it in braces")
        }
        self.number = number
        place = node.place
        name = "statement \(number)" + (node["Sid"]?.text.map { " (\($0))" } ?? "")
        let effect = try node.required("Effect", of: "statement \(number)")
        switch effect.text {
        case "Allow": self.effect = .allow
        case "Deny": self.effect = .deny
        default:
            throw TrustError(effect.place, "Effect is neither Allow nor Deny", fix: "write one of them, in this case")
        }
        isNotPrincipal = node["NotPrincipal"] != nil
        principal = node["Principal"] ?? node["NotPrincipal"]
        isNotAction = node["NotAction"] != nil
        guard let actions = node["Action"] ?? node["NotAction"] else {
            throw TrustError(place, "statement \(number) has no Action", fix: "write \"sts:AssumeRoleWithWebIdentity\"")
        }
        self.actions = actions
        var conditions: [AWSCondition] = []
        for block in node["Condition"]?.members ?? [] {
            for key in block.value.members {
                conditions.append(
                    AWSCondition(operatorName: block.name, key: key.name, place: key.place, values: key.value)
                )
            }
        }
        self.conditions = conditions
    }

    func clause(_ action: String, _ context: AWSContext, hasVariables: Bool, isMain: Bool) -> Clause {
        let checks =
            [principalCheck(context), actionCheck(action)]
            + conditions.map { $0.check(context, hasVariables: hasVariables) }
        return Clause(isMain ? name : "\(name) for \(action)", place, checks, effect: effect)
    }

    private func actionCheck(_ action: String) -> Check {
        let isListed = actions.texts.contains {
            Glob($0, hasOne: true).matches(action.lowercased(), ignoringCase: true)
                || Glob($0.lowercased(), hasOne: true).matches(action.lowercased())
        }
        return Check(
            actions.place,
            isNotAction ? "NotAction" : "Action",
            "the action",
            wanted: (isNotAction ? "none of " : "") + actions.texts.joined(separator: ", "),
            seen: action,
            Verdict(isListed != isNotAction),
            change: isNotAction ? "take \(action) out of NotAction" : "add \"\(action)\" to Action"
        )
    }

    /// Whether the statement is for tokens of the issuer.
    private func principalCheck(_ context: AWSContext) -> Check {
        guard let principal else {
            return Check(
                place,
                "Principal",
                "the issuer",
                wanted: "a Principal",
                seen: "none",
                .fail,
                change: "write one"
            )
        }
        let wantedSuffix = ":oidc-provider/\(context.host)"
        var verdicts: [Verdict] = []
        var shown: [String] = []
        if principal.text == "*" {
            verdicts.append(.pass)
            shown.append("*")
        }
        for member in principal.members {
            for text in member.value.texts {
                shown.append("\(member.name) \(text)")
                switch (member.name, text) {
                case ("AWS", "*"): verdicts.append(.pass)
                case ("Federated", "*"): verdicts.append(.cannotTell)
                case ("Federated", let text):
                    let isProvider = text.hasPrefix("arn:") && text.hasSuffix(wantedSuffix)
                    let account = context.account.map { text.contains("::\($0):oidc-provider/") } ?? true
                    verdicts.append(Verdict(isProvider && account || text == context.host && !context.host.isEmpty))
                default: verdicts.append(.fail)
                }
            }
        }
        let named = Verdict.any(verdicts)
        return Check(
            principal.place,
            isNotPrincipal ? "NotPrincipal" : "Principal",
            "the issuer",
            wanted: shown.joined(separator: ", "),
            seen: context.host.isEmpty ? "no https issuer" : "\(context.host)",
            isNotPrincipal ? named.negated : named,
            note: isNotPrincipal ? "NotPrincipal admits every principal that it does not name" : nil,
            change:
                "\"Principal\": {\"Federated\": \"arn:aws:iam::\(context.account ?? "ACCOUNT"):oidc-provider/\(context.host)\"}"
        )
    }
}
