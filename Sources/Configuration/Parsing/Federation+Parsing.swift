internal import Crypto
internal import Federation
internal import Runs
internal import Text
internal import Time
internal import Tokens
internal import YAML

/// `federation`: other issuers whose tokens become runs here.
extension Section {
    private static let federationKeys = Keys([
        "name", "preset", "issuer", "audience", "algorithms", "projects", "claims", "require", "trusted_when",
        "untrusted_when", "same", "trust", "lifetime", "leeway", "maximum_age", "once", "ca",
    ])

    func federation(issuer: IssuerSetting?, principals: PrincipalEntries, files: inout FileSettings) -> [UpstreamIssuer]
    {
        var entries: [UpstreamIssuer] = []
        var names = Set(principals.all.map(\.name))
        for (index, node) in nodes("federation").enumerated() {
            let keys = Self.federationKeys
            guard let section = Section(node, at: "federation[\(index)]", keys: keys, problems: problems),
                let entry = section.upstream(own: issuer, files: &files)
            else { continue }
            if !names.insert(entry.name).inserted {
                section.refuse(
                    "name",
                    "'\(entry.name)' is the name of a principal or of another entry of federation",
                    fix: "give it a name of its own with name:"
                )
            }
            entries.append(entry)
        }
        return entries
    }

    private func upstream(own: IssuerSetting?, files: inout FileSettings) -> UpstreamIssuer? {
        let preset = choice("preset", of: Preset.self)
        let issuer = upstreamIssuer(preset)
        let name = upstreamName(preset, issuer)
        let projects = has("projects") ? (texts("projects") ?? []).compactMap { pattern($0) } : Self.anyProject
        let mappings = mappings(preset)
        let rules = issuer.flatMap { upstreamRules(preset, $0, own: own, files: &files) }
        let lifetime = duration("lifetime", .seconds(60)...(.seconds(86_400))) ?? .seconds(3_600)
        let trust = foreignTrust(preset)
        guard let name, let rules, let mappings else { return nil }
        if let preset { warn(preset, rules, namesProjects: has("projects")) }
        let further = Set(mappings.map(\.claim).filter { StandardClaim(rawValue: $0) == nil })
        return UpstreamIssuer(
            name: name,
            rules: rules,
            mappings: mappings,
            trust: trust,
            attestor: Attestor(name: name, projects: projects, claims: further),
            lifetime: lifetime
        )
    }

    private static let anyProject = [try? Pattern("**")].compactMap { $0 }

    private func upstreamIssuer(_ preset: Preset?) -> Tokens.IssuerURL? {
        if !has("issuer"), let text = preset?.issuer { return try? Tokens.IssuerURL(text) }
        guard let text = text(required: "issuer", example: "https://oidc.circleci.com/org/6cb0c3f8-…") else {
            return nil
        }
        return foreignIssuer(text)
    }

    /// Another issuer's URL.
    func foreignIssuer(_ text: Located<String>) -> Tokens.IssuerURL? {
        do throws(TokenError) {
            return try Tokens.IssuerURL(text.value)
        } catch {
            problems.error(at: text.mark, text.key, "saw \(error.seen)", fix: "write \(error.wanted)")
            return nil
        }
    }

    private func upstreamName(_ preset: Preset?, _ issuer: Tokens.IssuerURL?) -> String? {
        guard has("name") else {
            if let preset { return preset.rawValue }
            // The host, as far as it can be a name.
            return issuer.map { String($0.text.split(separator: "/").dropFirst().first ?? "").prefix { $0 != ":" } }
                .map(String.init)
        }
        guard let text = text("name") else { return nil }
        guard text.value.isPlainName else {
            refuse("name", "'\(text.value)' is no name", fix: "write \(String.plainNameRule)")
            return nil
        }
        return text.value
    }

    private func mappings(_ preset: Preset?) -> [UpstreamIssuer.Mapping]? {
        var mappings = preset?.mappings ?? []
        if preset == nil { requireKey("claims", example: "{project: repository, workflow: workflow, job: job}") }
        for entry in has("claims") ? named("claims") : [] {
            let key = "\(name("claims")).\(entry.key)"
            guard isOurs(entry, key) else { continue }
            let places = places(entry.value, at: key)
            guard !places.isEmpty else { continue }
            mappings.removeAll { $0.claim == entry.key }
            mappings.append(UpstreamIssuer.Mapping(entry.key, places))
        }
        for claim in StandardClaim.required where !mappings.contains(where: { $0.claim == claim.rawValue }) {
            guard has("claims") else { return nil }
            refuse(
                "claims",
                "nothing says what '\(claim.rawValue)' is made of, and every run has it",
                fix: "add '\(claim.rawValue): THEIR-CLAIM'"
            )
            return nil
        }
        return mappings
    }

    private func isOurs(_ entry: YAMLEntry, _ key: String) -> Bool {
        if entry.key == StandardClaim.trust.rawValue {
            problems.error(
                at: entry.keyMark,
                key,
                "trust is no claim to be taken from a token",
                fix: "write trust: untrusted, trusted_when, untrusted_when or same beside claims"
            )
            return false
        }
        if StandardClaim(rawValue: entry.key) != nil { return true }
        let reason = ReservedClaims.reason(for: entry.key)
        guard reason == nil, Claim.canHaveName(entry.key) else {
            problems.error(
                at: entry.keyMark,
                key,
                "'\(entry.key)' cannot be a claim here: \(reason ?? "it is not visible ASCII without quotes and backslashes")",
                fix: "choose another name"
            )
            return false
        }
        return true
    }

    /// One place or a list of them.
    private func places(_ node: YAMLNode, at key: String) -> [ForeignClaim] {
        let elements: [YAMLNode]
        if case .sequence(let nodes) = node.value { elements = nodes } else { elements = [node] }
        return elements.compactMap { element in
            guard case .scalar(let scalar) = element.value, let place = ForeignClaim(scalar.text) else {
                problems.error(
                    at: element.mark,
                    key,
                    "saw \(element.kind) that is no place in a token",
                    fix: "write a claim's name, /a/pointer, '{one}/{other}' or '=text'"
                )
                return nil
            }
            return place
        }
    }
}
