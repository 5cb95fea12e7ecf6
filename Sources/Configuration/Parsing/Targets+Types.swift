internal import Exchange
internal import Time
internal import YAML

extension TargetType {
    /// The types of the contract that this version does not support.
    static let later = ["gcp", "azure", "token-exchange", "recipe"]

    /// The keys that a type adds to those of all.
    var ownKeys: [String] {
        switch self {
        case .aws: ["role", "region", "endpoint", "session", "policy", "policy_arns"]
        case .vault: ["address", "role", "mount", "namespace"]
        case .none: ["environment"]
        }
    }

    /// The keys of the contract that this version does not support.
    var laterKeys: [String] {
        switch self {
        case .aws: ["tags", "source_identity", "then", "ecr", "pin_role"]
        case .vault: ["reads"]
        case .none: []
        }
    }
}

/// `targets`: what each type adds.
extension Section {
    func service(_ type: TargetType) -> Target.Service? {
        switch type {
        case .aws: aws().map { .aws($0) }
        case .vault: vault().map { .vault($0) }
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

    private func vault() -> VaultTarget? {
        let address = text(required: "address", example: "https://vault.example.com:8200")
        let role = text(required: "role", example: "deploy")
        let mount = text("mount")?.value ?? "jwt"
        let namespace = text("namespace")?.value
        guard let address, let role else { return nil }
        return reported { () throws(TargetError) in
            try VaultTarget(address: address.value, role: role.value, mount: mount, namespace: namespace)
        }
    }

    private func noExchange() -> NoneTarget? {
        let environment = text("environment")?.value ?? NoneTarget.defaultEnvironment
        return reported { () throws(TargetError) in try NoneTarget(environment: environment) }
    }
}
