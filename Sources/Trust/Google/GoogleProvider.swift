package import JSON
internal import Text

/// A provider of a workload identity pool.
package struct GoogleProvider: TrustPolicy {
    package let kind = PolicyKind.google
    let root: PolicyNode
    let oidc: PolicyNode
    let issuer: PolicyNode
    let mapping: [Mapping]
    let condition: CELCondition?

    /// One attribute and the expression that makes it.
    struct Mapping: Sendable {
        let name: String
        let condition: CELCondition
    }

    /// The most bytes of `google.subject`.
    static let subjectLimit = 127

    /// Reads a provider as `gcloud iam workload-identity-pools providers describe` shows it, as JSON or YAML.
    ///
    /// - Throws: `TrustError`.
    init(_ root: PolicyNode) throws(TrustError) {
        self.root = root
        oidc = try root.required("oidc", of: "the provider")
        issuer = try oidc.required("issuerUri", of: "oidc")
        mapping = try root.required("attributeMapping", of: "the provider").members.map {
            Mapping(name: $0.name, condition: CELCondition(PolicyNode($0.place, $0.value.value)))
        }
        condition = root["attributeCondition"].flatMap { $0.text?.isEmpty ?? true ? nil : CELCondition($0) }
    }

    /// What the policy makes of a token.
    package func explain(_ presented: Presented) -> Explanation {
        let evaluator = evaluator(presented)
        var common = [stateCheck, issuerCheck(presented), audienceCheck(presented)].compactMap(\.self)
        common += subjectChecks(evaluator)
        common += mapping.filter { $0.name != "google.subject" }.compactMap { mapping in
            guard let expression = mapping.condition.expression else {
                return Check(
                    mapping.condition.place,
                    "mapping",
                    mapping.name,
                    wanted: mapping.condition.text,
                    seen: "",
                    .cannotTell,
                    note: mapping.condition.fault
                )
            }
            let value = evaluator.value(expression)
            guard value.isFailure else { return nil }
            var verdict = Verdict.fail
            if case .unknown = value { verdict = .cannotTell }
            return Check(
                mapping.condition.place,
                "mapping",
                mapping.name,
                wanted: mapping.condition.text,
                seen: value.shown,
                verdict,
                change: "map it only where it is there: has(…) ? … : ''"
            )
        }
        guard let condition else { return Explanation(.google, [Clause("the provider", root.place, common)]) }
        let alternatives = condition.alternatives(evaluator)
        return Explanation(
            .google,
            alternatives.enumerated().map { index, checks in
                let name = alternatives.count == 1 ? "the provider" : "alternative \(index + 1) of attributeCondition"
                return Clause(name, condition.place, common + checks)
            }
        )
    }

    /// What a token's `google.subject` is; nil where it has none.
    package func subject(of claims: JSONObject) -> String? {
        guard let expression = mapping.first(where: { $0.name == "google.subject" })?.condition.expression,
            case .string(let text) = evaluator(Presented(claims)).value(expression)
        else { return nil }
        return text
    }

    /// The variables of conditions: the token as `assertion`, and what the mapping makes of it.
    func evaluator(_ presented: Presented) -> CELEvaluator {
        var evaluator = CELEvaluator(variables: ["assertion": CELEvaluator.value(of: .object(presented.claims))])
        var google: [(String, CELValue)] = []
        var attribute: [(String, CELValue)] = []
        for mapping in mapping {
            guard let expression = mapping.condition.expression else { continue }
            let value = evaluator.value(expression)
            if mapping.name.hasPrefix("google.") { google.append((String(mapping.name.dropFirst(7)), value)) }
            if mapping.name.hasPrefix("attribute.") { attribute.append((String(mapping.name.dropFirst(10)), value)) }
        }
        evaluator.variables["google"] = .map(google)
        evaluator.variables["attribute"] = .map(attribute)
        return evaluator
    }

    private var stateCheck: Check? {
        guard root["disabled"]?.written == "true" || (root["state"]?.text ?? "ACTIVE") != "ACTIVE" else { return nil }
        return Check(
            (root["disabled"] ?? root["state"])?.place,
            "state",
            "the provider",
            wanted: "enabled",
            seen: "disabled",
            .fail,
            change: "enable the provider"
        )
    }

    private func issuerCheck(_ presented: Presented) -> Check {
        let (wanted, seen) = (issuer.text ?? "", presented.issuer)
        return Check(
            issuer.place,
            "issuerUri",
            "iss",
            wanted: "'\(wanted)'",
            seen: "'\(seen)'",
            Verdict(wanted.isSameBytes(as: seen)),
            note: wanted == seen + "/" || wanted + "/" == seen ? "they differ by a slash at the end" : nil,
            change: "write \(seen) as issuerUri"
        )
    }

    /// The audiences that the provider takes; nil where they are its own name, which the text does not say.
    var audiences: [String]? {
        if let allowed = oidc["allowedAudiences"]?.texts, !allowed.isEmpty { return allowed }
        guard let name = root["name"]?.text else { return nil }
        return ["//iam.googleapis.com/\(name)", "https://iam.googleapis.com/\(name)"]
    }

    private func audienceCheck(_ presented: Presented) -> Check {
        let seen = presented.audiences
        let shown = seen.isEmpty ? "nothing" : seen.map { "'\($0)'" }.joined(separator: ", ")
        let place = (oidc["allowedAudiences"] ?? root["name"])?.place
        guard let audiences = audiences ?? presented.provider.map({ [$0, "https:\($0)"] }) else {
            let suffix = seen.contains { $0.contains("/workloadIdentityPools/") }
            return Check(
                place,
                "allowedAudiences",
                "aud",
                wanted: "the provider's own name",
                seen: shown,
                suffix ? .cannotTell : .fail,
                note: "neither allowedAudiences nor name is in the text",
                change: "ask for a token whose audience is the provider's resource name"
            )
        }
        return Check(
            place,
            "allowedAudiences",
            "aud",
            wanted: audiences.map { "'\($0)'" }.joined(separator: " or "),
            seen: shown,
            Verdict(!Set(seen).isDisjoint(with: audiences)),
            change: "ask for a token with the audience \"\(audiences[0])\""
        )
    }

    private func subjectChecks(_ evaluator: CELEvaluator) -> [Check] {
        guard let subject = mapping.first(where: { $0.name == "google.subject" }) else {
            return [
                Check(
                    root.place,
                    "mapping",
                    "google.subject",
                    wanted: "an expression",
                    seen: "nothing",
                    .fail,
                    change: "map google.subject, as to assertion.sub"
                )
            ]
        }
        let wanted = "a text of 1 to \(Self.subjectLimit) bytes"
        let value = subject.condition.expression.map { evaluator.value($0) } ?? .unknown(subject.condition.fault ?? "")
        var verdict = Verdict.fail
        switch value {
        case .string(let text): verdict = Verdict((1...Self.subjectLimit).contains(text.utf8.count))
        case .unknown: verdict = .cannotTell
        default: break
        }
        var note: String?
        if case .string(let text) = value, text.utf8.count > Self.subjectLimit {
            note = "it has \(text.utf8.count) bytes"
        }
        return [
            Check(
                subject.condition.place,
                "mapping",
                "google.subject",
                wanted: wanted,
                seen: value.shown,
                verdict,
                note: note,
                change: "map a shorter claim, or have the target's subject name fewer claims"
            )
        ]
    }
}
