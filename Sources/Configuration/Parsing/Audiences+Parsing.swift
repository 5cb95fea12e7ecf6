internal import Exchange
internal import Policy
internal import Secrets
internal import YAML

/// `audiences` and `contexts`.
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

    func contexts(_ reader: RuleReader) -> [ContextEntry] {
        named("contexts").compactMap { entry in
            let key = name("contexts.\(entry.key)")
            let name = ContextName(entry.key)
            if name == nil {
                problems.error(
                    at: entry.keyMark,
                    key,
                    "'\(entry.key)' is no name of a context",
                    fix: "write \(ContextName.wanted)"
                )
            }
            let section = Section(entry.value, at: key, keys: Keys(["allow"]), problems: problems)
            let allow = section.flatMap { reader.rules($0) }
            return name.map { ContextEntry(name: $0, allow: allow) }
        }
    }

    /// Says where AWS would not take tokens of this issuer.
    func warnOfAWS(issuer: IssuerSetting?, audiences: [TokenRule], targets: [TargetEntry]) {
        guard let issuer, issuer.hasPort || issuer.isLoopback else { return }
        let isForAWS =
            audiences.contains { $0.audience == TargetType.aws.defaultAudience }
            || targets.contains { $0.asksAWSItself }
        guard isForAWS else { return }
        problems.warning(
            at: mark(of: "issuer"),
            "issuer",
            issuer.isLoopback ? "AWS cannot reach an issuer on loopback" : "AWS takes no issuer with a port",
            fix: "use an https URL on port 443 before AWS is to trust it"
        )
    }
}

/// A context as it is written.
struct ContextEntry {
    let name: ContextName
    /// Nil where what is written there is wrong.
    let allow: RuleList?
}
