internal import Exchange
internal import Time
internal import YAML

extension TargetType {
    /// The keys that a type adds to those of all.
    var ownKeys: [String] {
        switch self {
        case .aws: ["role", "region", "endpoint", "session", "policy", "policy_arns"]
        case .gcp:
            ["provider", "service_account", "scopes", "credential", "id_token_audience", "session", "endpoint"]
        case .azure: ["tenant", "client_id", "scope", "authority"]
        case .vault: ["address", "role", "mount", "namespace", "reads", "wrap"]
        case .tokenExchange:
            [
                "token_endpoint", "parameters", "subject_token_type", "requested_token_type", "body",
                "revocation_endpoint", "environment",
            ]
        case .recipe: ["recipe", "parameters", "endpoint"]
        case .none: ["environment"]
        }
    }

    /// The keys of the contract that this version does not support.
    var laterKeys: [String] {
        switch self {
        case .aws: ["tags", "source_identity", "then", "ecr", "pin_role"]
        case .gcp, .azure, .vault, .tokenExchange, .recipe, .none: []
        }
    }
}

/// `targets`: what each type adds.
extension Section {
    func service(_ type: TargetType, files: inout FileSettings) -> Target.Service? {
        switch type {
        case .aws: aws().map { .aws($0) }
        case .gcp: gcp().map { .gcp($0) }
        case .azure: azure().map { .azure($0) }
        case .vault: vault().map { .vault($0) }
        case .tokenExchange: tokenExchange().map { .tokenExchange($0) }
        case .recipe: recipeTarget(files: &files).map { .recipe($0) }
        case .none: noExchange().map { .none($0) }
        }
    }

    private func aws() -> AWSTarget? {
        let role = text(required: "role", example: "arn:aws:iam::123456789012:role/deploy")
        let region = text(required: "region", example: "eu-west-1")
        let endpoint = text("endpoint")
        let session = duration("session", .seconds(900)...(.seconds(43_200))) ?? AWSTarget.defaultSession
        let policy = policyText()
        let arns = texts("policy_arns", limit: 10) ?? []
        guard let role, let region else { return nil }
        return reported { () throws(TargetError) in
            try AWSTarget(
                role: role.value,
                region: region.value,
                endpoint: endpoint?.value,
                session: session,
                policy: policy,
                policyARNs: arns.map(\.value)
            )
        }
    }

    /// A session policy may have several lines, which no other value has.
    private func policyText() -> String? {
        guard let node = node("policy") else { return nil }
        guard case .scalar(let scalar) = node.value else {
            refuse(
                "policy",
                "saw \(node.kind), wanted JSON as one text",
                fix: "write 'policy: |' and the JSON below it"
            )
            return nil
        }
        return scalar.text
    }

    private func noExchange() -> NoneTarget? {
        let environment = text("environment")?.value ?? NoneTarget.defaultEnvironment
        return reported { () throws(TargetError) in try NoneTarget(environment: environment) }
    }
}
