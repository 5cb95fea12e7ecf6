internal import Exchange
internal import Policy
internal import YAML

/// `audiences`.
extension Section {
    func audiences(_ shapes: TokenShapes) -> [TokenRule] {
        let keys = Keys(["audience", "allow", "algorithm", "lifetime", "subject"])
        var places: [String: YAMLMark] = [:]
        return nodes("audiences").enumerated().compactMap { index, node in
            guard let section = Section(node, at: "audiences[\(index)]", keys: keys, problems: problems) else {
                return nil
            }
            section.requireKey("audience", example: "https://service.example.com")
            let audience = shapes.audience(section)
            let party = TokenShapes.RelyingParty(audience: audience ?? "")
            let rule = shapes.rule(section, audience: audience, party: party)
            if let audience, let first = places.updateValue(section.mark, forKey: audience) {
                section.refuse(
                    "audience",
                    "'\(audience)' has an entry in line \(first.line) already",
                    fix: "put the rules of both into one"
                )
                return nil
            }
            return rule
        }
    }

    /// Says where a cloud would not take tokens of this issuer.
    func warnOfIssuer(_ issuer: IssuerSetting?, audiences: [TokenRule], targets: [TargetEntry]) {
        guard let issuer else { return }
        let types = TargetType.allCases.filter { type in
            targets.contains { $0.target.type == type && $0.asksCloudItself }
                || type.defaultAudience.map { standard in audiences.contains { $0.audience == standard } } ?? false
        }
        for type in types {
            guard let cloud = type.cloud else { continue }
            if issuer.isLoopback {
                warn(
                    "\(cloud) cannot reach an issuer on loopback",
                    "use an https URL on port 443 before \(cloud) is to trust it"
                )
            } else if type == .aws, issuer.hasPort {
                warn("AWS takes no issuer with a port", "use an https URL on port 443 before AWS is to trust it")
            } else if let limit = type.issuerLimit, issuer.url.utf8.count > limit {
                warn(
                    "\(cloud) takes an issuer of \(limit) characters, and this has \(issuer.url.utf8.count)",
                    "use a shorter URL"
                )
            }
        }
    }

    private func warn(_ reason: String, _ fix: String) {
        problems.warning(at: mark(of: "issuer"), "issuer", reason, fix: fix)
    }
}

extension TargetType {
    /// The cloud that fetches an issuer's keys by itself; nil where that depends on somebody's own server.
    fileprivate var cloud: String? {
        switch self {
        case .aws: "AWS"
        case .gcp: "Google Cloud"
        case .azure: "Microsoft Entra ID"
        case .vault, .tokenExchange, .recipe, .none: nil
        }
    }

    /// The longest issuer that the cloud can be told of.
    fileprivate var issuerLimit: Int? {
        switch self {
        case .aws: 255
        case .azure: 600
        case .gcp, .vault, .tokenExchange, .recipe, .none: nil
        }
    }
}
