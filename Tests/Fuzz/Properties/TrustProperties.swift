internal import JSON
internal import Trust

extension Property {
    /// Policies of clouds, which people hand over to have them explained.
    static let policies: [Property] = [
        Property("json-node", jsonNode),
        Property("trust-policy", trustPolicy),
        Property("cel", cel),
    ]

    /// What finds places reads the same as what reads values; where names are equal only the former reads anything.
    private static func jsonNode(_ input: [UInt8]) -> String? {
        let node = try? JSONNode.parse(input)
        guard let value = try? JSON.parse(input) else { return nil }
        guard let node else { return "JSON in which no places were found" }
        return plain(node).serialized() == value.serialized() ? nil : "reads differently with places"
    }

    private static func plain(_ node: JSONNode) -> JSON {
        switch node.value {
        case .scalar(let value): return value
        case .array(let elements): return .array(elements.map(plain))
        case .object(let members):
            var object = JSONObject()
            for member in members { object[member.name] = plain(member.value) }
            return .object(object)
        }
    }

    /// Whatever can be read is explained, and a finding's witness passes the policy that it was found in.
    private static func trustPolicy(_ input: [UInt8]) -> String? {
        guard let policy = try? PolicyReader.read(input) else { return nil }
        return violation(in: policy)
    }

    /// A condition of Google's.
    private static func cel(_ input: [UInt8]) -> String? {
        guard let text = String(validating: input, as: UTF8.self) else { return nil }
        let provider: JSON = [
            "name": "projects/1/locations/global/workloadIdentityPools/ci/providers/p",
            "oidc": ["issuerUri": "https://ci.example.com"],
            "attributeMapping": ["google.subject": "assertion.sub"], "attributeCondition": .string(text),
        ]
        guard let policy = try? PolicyReader.read(provider.serialized()) else { return nil }
        return violation(in: policy)
    }

    private static func violation(in policy: any TrustPolicy) -> String? {
        let claims: JSONObject = [
            "iss": "https://ci.example.com", "aud": "sts.amazonaws.com", "sub": "project:acme/web:job:release",
            "project": "acme/web", "ref": "refs/heads/main",
        ]
        guard policy.explain(Presented(claims)) == policy.explain(Presented(claims)) else {
            return "the same token is explained in two ways"
        }
        for finding in Linter.findings(in: policy) {
            guard let witness = finding.witness else { continue }
            let verdict = policy.explain(Presented(witness)).verdict
            if verdict != .pass { return "the witness of \(finding.rule) does not pass: \(verdict)" }
        }
        return nil
    }
}
