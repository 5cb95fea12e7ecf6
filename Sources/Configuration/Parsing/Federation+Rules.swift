internal import Crypto
internal import Federation
internal import Text
internal import Time
internal import Tokens
internal import YAML

/// What a token of another issuer must say.
extension Section {
    func upstreamRules(
        _ preset: Preset?,
        _ issuer: Tokens.IssuerURL,
        own: IssuerSetting?,
        files: inout FileSettings
    ) -> UpstreamRules? {
        let audiences = has("audience") ? foreignAudiences() : own.map { [$0.url] }
        let algorithms = foreignAlgorithms()
        var require = has("require") ? conditions("require") : []
        // What a preset requires holds unless the entry says otherwise of the same place.
        require += (preset?.require ?? []).filter { known in !require.contains { $0.place == known.place } }
        guard let audiences, let algorithms else { return nil }
        if let preset, preset.speaksForEverybody(issuer.text), !namesOwner(require, preset), !hasNarrowProjects {
            refuse(
                "require",
                "\(issuer) signs tokens for everybody, and nothing says whose are meant",
                fix:
                    "add require: {\(preset.owners.first ?? "owner"): …}, which outlives a rename, or projects: [\"acme/*\"]"
            )
        }
        return UpstreamRules(
            issuer: issuer,
            audiences: audiences,
            algorithms: algorithms,
            require: require,
            leeway: duration("leeway", .zero...(.seconds(300))) ?? .seconds(30),
            maximumAge: duration("maximum_age", .seconds(30)...(.seconds(86_400))),
            authorities: text("ca").map { files.add(.readable, path($0.value), place: place(of: $0)) },
            isOnce: flag("once") ?? false
        )
    }

    private func namesOwner(_ require: [ForeignCondition], _ preset: Preset) -> Bool {
        require.contains { condition in
            preset.owners.contains(condition.place.description)
                && condition.patterns.allSatisfy { !$0.shortestMatch.isEmpty }
        }
    }

    /// Whether every project pattern names an owner before its first star.
    private var hasNarrowProjects: Bool {
        guard has("projects"), let texts = texts("projects") else { return false }
        return texts.allSatisfy { $0.value.prefix { $0 != "*" }.contains("/") }
    }

    private func foreignAudiences() -> [String]? {
        guard let node = node("audience") else { return nil }
        if case .sequence = node.value { return texts("audience")?.map(\.value) }
        return text("audience").map { [$0.value] }
    }

    private func foreignAlgorithms() -> Set<SignatureAlgorithm>? {
        guard has("algorithms") else { return [.rs256, .es256] }
        guard let texts = texts("algorithms") else { return nil }
        let algorithms = texts.compactMap { choice($0, of: SignatureAlgorithm.self, noun: "signature algorithm") }
        return algorithms.count == texts.count ? Set(algorithms) : nil
    }

    /// What some places must hold: `{PLACE: PATTERN}` or `{PLACE: [PATTERN, …]}`.
    func conditions(_ key: String) -> [ForeignCondition] {
        named(key).compactMap { entry in
            let full = "\(name(key)).\(entry.key)"
            guard let place = ForeignClaim(entry.key) else {
                problems.error(
                    at: entry.keyMark,
                    full,
                    "'\(entry.key)' is no place in a token",
                    fix: "write a claim's name, or /a/pointer"
                )
                return nil
            }
            let elements: [YAMLNode]
            if case .sequence(let nodes) = entry.value.value { elements = nodes } else { elements = [entry.value] }
            let patterns = elements.compactMap { foreignPattern($0, full) }
            return patterns.isEmpty ? nil : ForeignCondition(place, patterns)
        }
    }

    private func foreignPattern(_ node: YAMLNode, _ key: String) -> Pattern? {
        guard case .scalar(let scalar) = node.value, !scalar.isNull else {
            problems.error(at: node.mark, key, "saw \(node.kind), wanted a value", fix: "write exact text, * or **")
            return nil
        }
        do throws(TextError) {
            return try Pattern(scalar.text)
        } catch {
            problems.error(at: node.mark, key, error.reason, fix: error.fix)
            return nil
        }
    }

    /// What of a token makes its run untrusted; each key takes the place of the preset's.
    func foreignTrust(_ preset: Preset?) -> ForeignTrust {
        var trust = preset?.trust ?? ForeignTrust()
        if has("trusted_when") { trust.trustedWhen = conditions("trusted_when") }
        if has("untrusted_when") {
            trust.untrustedWhen = isEmptyMapping("untrusted_when") ? [] : conditions("untrusted_when")
        }
        if has("same") { trust.same = pairs() }
        if has("trust") {
            guard text("trust")?.value == "untrusted" else {
                refuse(
                    "trust",
                    "only untrusted can be said of every token of an issuer",
                    fix: "write untrusted, or remove it"
                )
                return trust
            }
            trust.isAlwaysUntrusted = true
        }
        return trust
    }

    /// `untrusted_when: {}` says that nothing does.
    private func isEmptyMapping(_ key: String) -> Bool {
        if case .mapping(let entries)? = node(key)?.value { entries.isEmpty } else { false }
    }

    private func pairs() -> [ForeignPair] {
        named("same").compactMap { entry in
            guard let first = ForeignClaim(entry.key), case .scalar(let scalar) = entry.value.value,
                let second = ForeignClaim(scalar.text)
            else {
                problems.error(
                    at: entry.keyMark,
                    "\(name("same")).\(entry.key)",
                    "it is no pair of places in a token",
                    fix: "write {ONE-CLAIM: OTHER-CLAIM}"
                )
                return nil
            }
            return ForeignPair(first, second)
        }
    }

    /// Says what a preset leaves to its operator.
    func warn(_ preset: Preset, _ rules: UpstreamRules, namesProjects: Bool) {
        if let advice = preset.advisable, !has("trusted_when"),
            !rules.require.contains(where: { $0.place.description == advice.claim })
        {
            problems.warning(
                at: mark,
                name("trusted_when"),
                "a fork's builds are told by their branch alone, since nothing says which repositories are your own",
                fix: "add \(advice.example)"
            )
        }
        let names = [
            "repository_owner", "repository", "namespace_path", "project_path", "organization_slug", "enterprise",
        ]
        if preset.speaksForEverybody(rules.issuer.text),
            !rules.require.contains(where: {
                preset.owners.contains($0.place.description) && !names.contains($0.place.description)
            })
        {
            problems.warning(
                at: mark,
                name("require"),
                "its organisation is known by its name alone, which somebody else can have after a rename",
                fix: "add require: {\(preset.owners.first ?? ""): …}"
            )
        }
    }
}
