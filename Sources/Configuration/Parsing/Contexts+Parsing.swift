internal import Encoding
internal import Exchange
internal import Policy
internal import Secrets
internal import Text
internal import Time
internal import YAML

/// A context as it is written.
struct ContextEntry {
    let settings: ContextSettings
    /// Nil where what is written there is wrong.
    let allow: RuleList?
    /// The targets that it names, each with what is to be drawn from it.
    let targets: [(text: Located<String>, source: ContextSource?)]
}

/// `contexts`.
extension Section {
    private static let contextKeys = Keys(["allow", "owner", "max_age", "replaced_by", "secrets", "from"])
    private static let ages = Duration.seconds(3_600)...(.seconds(3_650 * 86_400))

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
            guard let section = Section(entry.value, at: key, keys: Self.contextKeys, problems: problems) else {
                return nil
            }
            let allow = reader.rules(section)
            guard let name else { return nil }
            return section.context(name, allow: allow)
        }
    }

    private func context(_ name: ContextName, allow: RuleList?) -> ContextEntry {
        let replacedBy = text("replaced_by")
        let sources = sources()
        var secrets: [EnvironmentName: SecretRules] = [:]
        var named = sources.map { (text: $0.target, source: ContextSource?.some($0.source)) }
        if let replacedBy { named.append((replacedBy, nil)) }
        for (secret, section) in secretSections() {
            let replacement = section.text("replaced_by")
            if let replacement { named.append((replacement, nil)) }
            secrets[secret] = SecretRules(
                owner: section.text("owner")?.value,
                maxAge: section.duration("max_age", Self.ages),
                replacedBy: replacement?.value
            )
        }
        let settings = ContextSettings(
            name: name,
            owner: text("owner")?.value,
            maxAge: duration("max_age", Self.ages),
            replacedBy: replacedBy?.value,
            secrets: secrets,
            sources: sources.map(\.source)
        )
        return ContextEntry(settings: settings, allow: allow, targets: named)
    }

    private func secretSections() -> [(EnvironmentName, Section)] {
        named("secrets").compactMap { entry in
            let key = name("secrets.\(entry.key)")
            guard let secret = secretName(entry, key: key) else { return nil }
            let keys = Keys(["owner", "max_age", "replaced_by"])
            return Section(entry.value, at: key, keys: keys, problems: problems).map { (secret, $0) }
        }
    }

    private func secretName(_ entry: YAMLEntry, key: String) -> EnvironmentName? {
        guard let name = EnvironmentName(entry.key) else {
            problems.error(
                at: entry.keyMark,
                key,
                "'\(entry.key)' is no name of a secret",
                fix: "write letters, digits and '_', no digit first"
            )
            return nil
        }
        return name
    }

    /// `from`: one mapping, or a list of them.
    private func sources() -> [(target: Located<String>, source: ContextSource)] {
        guard let node = node("from") else { return [] }
        let nodes: [YAMLNode]
        if case .sequence(let elements) = node.value { nodes = elements } else { nodes = [node] }
        if nodes.count > 16 { refuse("from", "\(nodes.count) sources", fix: "list at most 16") }
        return nodes.compactMap { node in
            Section(node, at: name("from"), keys: Keys(["target", "path", "fields"]), problems: problems)?.source()
        }
    }

    private func source() -> (target: Located<String>, source: ContextSource)? {
        let target = text(required: "target", example: "vault")
        let path = text(required: "path", example: "secret/data/web")
        requireKey("fields", example: "{DB_PASSWORD: password}")
        let fields = named("fields").compactMap { entry -> ContextSource.Field? in
            guard let name = secretName(entry, key: name("fields.\(entry.key)")),
                let field = text(of: entry.value, under: "fields.\(entry.key)")
            else { return nil }
            return ContextSource.Field(name: name, field: field.value)
        }
        guard let target, let path else { return nil }
        return (target, ContextSource(target: target.value, path: path.value, fields: fields))
    }

    /// Looks up the targets that contexts name.
    func check(_ contexts: [ContextEntry], against targets: [TargetEntry]) {
        // A target that could not be read is not missing.
        guard !problems.hasErrors else { return }
        let names = targets.map(\.target.name)
        for reference in contexts.flatMap(\.targets) {
            guard let target = targets.first(where: { $0.target.name == reference.text.value })?.target else {
                let meant = NearMiss.name(nearestTo: reference.text.value, among: names)
                problems.error(
                    at: reference.text.mark,
                    reference.text.key,
                    "there is no target '\(reference.text.value)'",
                    fix: meant.map { "did you mean '\($0)'?" } ?? "add it under targets"
                )
                continue
            }
            guard let source = reference.source else { continue }
            do throws(TargetError) {
                _ = try target.reading(source.path, source.fields.map { ($0.name.text, $0.field) })
            } catch {
                problems.error(
                    at: reference.text.mark,
                    reference.text.key,
                    "no values can be drawn from target '\(target.name)': '\(error.seen)' cannot work",
                    fix: "write \(error.wanted)"
                )
            }
        }
    }
}
