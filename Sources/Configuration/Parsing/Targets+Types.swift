internal import Exchange
internal import Time
internal import YAML

extension TargetType {
    /// The keys that a type adds to those of all.
    var ownKeys: [String] {
        switch self {
        case .aws:
            [
                "role", "region", "endpoint", "session", "policy", "policy_arns", "tags", "source_identity", "then",
                "ecr", "pin_role",
            ]
        case .gcp:
            ["provider", "service_account", "scopes", "credential", "id_token_audience", "session", "endpoint"]
        case .azure: ["tenant", "client_id", "scope", "authority"]
        case .vault: ["address", "role", "mount", "namespace", "reads", "wrap"]
        case .tokenExchange:
            [
                "token_endpoint", "parameters", "subject_token_type", "requested_token_type", "actor_token_file",
                "actor_token_type", "body",
                "revocation_endpoint", "environment",
            ]
        case .recipe: ["recipe", "parameters", "endpoint"]
        case .none: ["environment"]
        }
    }

    /// The keys of the contract that this version does not support.
    var laterKeys: [String] {
        switch self {
        case .aws, .gcp, .azure, .vault, .tokenExchange, .recipe, .none: []
        }
    }
}

/// `targets`: what each type adds.
extension Section {
    func service(_ type: TargetType, _ reader: RuleReader, files: inout FileSettings) -> Target.Service? {
        switch type {
        case .aws: aws(reader).map { .aws($0) }
        case .gcp: gcp().map { .gcp($0) }
        case .azure: azure().map { .azure($0) }
        case .vault: vault().map { .vault($0) }
        case .tokenExchange: tokenExchange(files: &files).map { .tokenExchange($0) }
        case .recipe: recipeTarget(files: &files).map { .recipe($0) }
        case .none: noExchange().map { .none($0) }
        }
    }

    private func noExchange() -> NoneTarget? {
        let environment = text("environment")?.value ?? NoneTarget.defaultEnvironment
        return reported { () throws(TargetError) in try NoneTarget(environment: environment) }
    }
}
