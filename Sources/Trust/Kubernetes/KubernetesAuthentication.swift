internal import JSON
internal import Text

/// The JWT authenticators of a Kubernetes API server.
package struct KubernetesAuthentication: TrustPolicy {
    package let kind = PolicyKind.kubernetes
    let root: PolicyNode
    let authenticators: [KubernetesAuthenticator]

    /// Reads an AuthenticationConfiguration.
    ///
    /// - Throws: `TrustError`.
    init(_ root: PolicyNode) throws(TrustError) {
        self.root = root
        var authenticators: [KubernetesAuthenticator] = []
        for node in root["jwt"]?.elements ?? [] {
            authenticators.append(try KubernetesAuthenticator(node, number: authenticators.count + 1))
        }
        guard !authenticators.isEmpty else {
            throw TrustError(root.place, "the configuration has no jwt authenticator", fix: "write one under jwt")
        }
        self.authenticators = authenticators
    }

    /// What the policy makes of a token.
    package func explain(_ presented: Presented) -> Explanation {
        Explanation(.kubernetes, authenticators.map { $0.clause(presented) })
    }
}

/// One authenticator.
struct KubernetesAuthenticator: Sendable {
    let name: String
    let place: Place
    let url: PolicyNode
    let audiences: PolicyNode?
    let node: PolicyNode
    let rules: [PolicyNode]
    let userRules: [PolicyNode]

    init(_ node: PolicyNode, number: Int) throws(TrustError) {
        name = "authenticator \(number)"
        place = node.place
        self.node = node
        let issuer = try node.required("issuer", of: name)
        url = try issuer.required("url", of: "the issuer of \(name)")
        audiences = issuer["audiences"]
        rules = node["claimValidationRules"]?.elements ?? []
        userRules = node["userValidationRules"]?.elements ?? []
        guard node["claimMappings"]?["username"] != nil else {
            throw TrustError(place, "\(name) maps no username", fix: "write claimMappings.username")
        }
    }

    func clause(_ presented: Presented) -> Clause {
        var evaluator = CELEvaluator(variables: ["claims": CELEvaluator.value(of: .object(presented.claims))])
        var checks = [issuerCheck(presented), audienceCheck(presented)]
        let (username, usernameCheck) = username(presented, evaluator)
        checks.append(usernameCheck)
        checks += rules.flatMap { rule($0, presented, evaluator) }
        if !userRules.isEmpty {
            evaluator.variables["user"] = .map([
                ("username", username.map { .string($0) } ?? .unknown("the user's name")),
                ("groups", .unknown("the user's groups")),
                ("uid", .unknown("the user's uid")), ("extra", .unknown("the user's extra values")),
            ])
            checks += userRules.flatMap { rule($0, presented, evaluator) }
        }
        return Clause(name, place, checks)
    }

    private func issuerCheck(_ presented: Presented) -> Check {
        let (wanted, seen) = (url.text ?? "", presented.issuer)
        return Check(
            url.place,
            "issuer.url",
            "iss",
            wanted: "'\(wanted)'",
            seen: "'\(seen)'",
            Verdict(wanted.isSameBytes(as: seen)),
            note: wanted == seen + "/" || wanted + "/" == seen ? "they differ by a slash at the end" : nil,
            change: "write \(seen) as url, and discoveryURL where the server reaches it elsewhere"
        )
    }

    private func audienceCheck(_ presented: Presented) -> Check {
        let (wanted, seen) = (audiences?.texts ?? [], presented.audiences)
        return Check(
            audiences?.place,
            "issuer.audiences",
            "aud",
            wanted: wanted.map { "'\($0)'" }.joined(separator: " or "),
            seen: seen.isEmpty ? "nothing" : seen.map { "'\($0)'" }.joined(separator: ", "),
            Verdict(!Set(seen).isDisjoint(with: wanted)),
            change: wanted.first.map { "ask for a token with the audience \"\($0)\"" } ?? "list an audience"
        )
    }

    /// The user's name, and whether there is one.
    private func username(_ presented: Presented, _ evaluator: CELEvaluator) -> (String?, Check) {
        let mapping = node["claimMappings"]?["username"]
        if let claim = mapping?["claim"] {
            let value = presented.claims[claim.text ?? ""]
            var verdict = Verdict(!(value?.asString ?? "").isEmpty)
            if claim.text == "email", let verified = presented.claims["email_verified"], verified != true {
                verdict = .fail
            }
            let check = Check(
                claim.place,
                "claimMappings.username",
                claim.text ?? "",
                wanted: "a text",
                seen: value.map(\.text) ?? "nothing",
                verdict,
                change: "map a claim that every token has, such as sub"
            )
            return (value?.asString.map { (mapping?["prefix"]?.text ?? "") + $0 }, check)
        }
        let condition = CELCondition(mapping?["expression"] ?? url)
        let value = condition.expression.map { evaluator.value($0) } ?? .unknown(condition.fault ?? "")
        var (name, verdict): (String?, Verdict) = (nil, .fail)
        switch value {
        case .string(let text): (name, verdict) = (text, Verdict(!text.isEmpty))
        case .unknown: verdict = .cannotTell
        default: break
        }
        let check = Check(
            condition.place,
            "claimMappings.username",
            condition.text,
            wanted: "a text",
            seen: value.shown,
            verdict,
            change: "map a claim that every token has, such as claims.sub"
        )
        return (name, check)
    }

    private func rule(_ rule: PolicyNode, _ presented: Presented, _ evaluator: CELEvaluator) -> [Check] {
        if let expression = rule["expression"] {
            let condition = CELCondition(expression)
            let alternatives = condition.alternatives(evaluator)
            guard alternatives.count > 1 else { return alternatives[0] }
            let verdict = Verdict.any(alternatives.map { Verdict.all($0.map(\.verdict)) })
            let all = alternatives.flatMap(\.self)
            return [
                Check(
                    condition.place,
                    "expression",
                    all.map(\.claim).joined(separator: ", "),
                    wanted: condition.text,
                    seen: all.map { "\($0.claim) = \($0.seen)" }.joined(separator: ", "),
                    verdict,
                    note: all.compactMap(\.note).first,
                    change: all.compactMap(\.change).first
                )
            ]
        }
        let name = rule["claim"]?.text ?? ""
        let wanted = rule["requiredValue"]?.text ?? ""
        let value = presented.claims[name]
        return [
            Check(
                rule.place,
                "requiredValue",
                name,
                wanted: "'\(wanted)'",
                seen: value.map(\.text) ?? "nothing",
                Verdict(value?.asString.map { $0.isSameBytes(as: wanted) } ?? false),
                change: value.map { "write requiredValue: \($0.text)" } ?? "have the token carry \(name)"
            )
        ]
    }
}
