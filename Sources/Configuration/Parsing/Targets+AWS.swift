internal import Exchange
internal import Time
internal import YAML

/// `targets`: what type `aws` adds.
extension Section {
    func aws(_ reader: RuleReader) -> AWSTarget? {
        let role = text(required: "role", example: "arn:aws:iam::123456789012:role/deploy")
        let region = text(required: "region", example: "eu-west-1")
        let endpoint = text("endpoint")
        let session = duration("session", .seconds(900)...(.seconds(43_200))) ?? AWSTarget.defaultSession
        let policy = policyText()
        let arns = texts("policy_arns", limit: 10) ?? []
        let tags = sessionTags(reader)
        let identity = text("source_identity").flatMap { reader.claim($0) }
        let pinsRole = flag("pin_role") ?? true
        let chain = chainedRoles()
        let ecr = flag("ecr") ?? false
        if session < AWSTarget.shortSession {
            problems.warning(
                at: mark(of: "session"),
                name("session"),
                "SDKs renew a session from 15 minutes before its end, so with \(session.text) they ask on every use",
                fix: "write \(AWSTarget.shortSession.text) or more"
            )
        }
        guard let role, let region else { return nil }
        return reported { () throws(TargetError) in
            try AWSTarget(
                role: role.value,
                region: region.value,
                endpoint: endpoint?.value,
                session: session,
                policy: policy,
                policyARNs: arns.map(\.value),
                tags: tags,
                sourceIdentity: identity,
                pinsRole: pinsRole,
                chain: chain,
                logsInToECR: ecr
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

    /// `tags: {KEY: CLAIM}`, or `{KEY: {claim: CLAIM, transitive: true}}`.
    private func sessionTags(_ reader: RuleReader) -> [AWSSessionTag] {
        named("tags").compactMap { entry in
            let key = name("tags.\(entry.key)")
            guard case .mapping = entry.value.value else {
                guard let claim = text(of: entry.value, under: "tags.\(entry.key)").flatMap({ reader.claim($0) })
                else { return nil }
                return AWSSessionTag(key: entry.key, claim: claim)
            }
            let keys = Keys(["claim", "transitive"])
            guard let section = Section(entry.value, at: key, keys: keys, problems: problems),
                let claim = section.text(required: "claim", example: "project").flatMap({ reader.claim($0) })
            else { return nil }
            return AWSSessionTag(key: entry.key, claim: claim, isTransitive: section.flag("transitive") ?? false)
        }
    }

    /// `then: [ROLE]`, or `[{role: ROLE, external_id: ID}]`.
    private func chainedRoles() -> [AWSChainedRole] {
        nodes("then").enumerated().compactMap { index, node in
            guard case .mapping = node.value else {
                return text(of: node, under: "then").map { AWSChainedRole(role: $0.value) }
            }
            let keys = Keys(["role", "external_id"])
            let key = "\(name("then"))[\(index)]"
            guard let section = Section(node, at: key, keys: keys, problems: problems),
                let role = section.text(required: "role", example: "arn:aws:iam::123456789012:role/next")
            else { return nil }
            return AWSChainedRole(role: role.value, externalID: section.text("external_id")?.value)
        }
    }
}
