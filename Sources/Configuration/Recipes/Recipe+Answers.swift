internal import Encoding
internal import Exchange
internal import JSON
internal import Time
internal import YAML

/// `credential` and `error` of a recipe: where things stand in answers.
extension Section {
    func recipeResult(_ parameters: Set<String>) -> Recipe.Result? {
        requireKey("environment", example: "{ACCESS_TOKEN: /access_token}")
        var names: Set<String> = []
        let variables = named("environment").compactMap { entry -> Recipe.Variable? in
            guard let name = variable(entry, "environment", &names) else { return nil }
            let text = text(of: entry.value, under: "environment.\(entry.key)")
            return text.flatMap { place($0) }.map { Recipe.Variable(name, $0) }
        }
        for entry in named("variables") { _ = variable(entry, "variables", &names) }
        let whereabouts = fields("variables", parameters)
        if has("expires_in"), has("expires_at") {
            refuse("expires_at", "the end stands in one place", fix: "write either expires_in or expires_at")
        }
        return Recipe.Result(
            environment: variables,
            whereabouts: whereabouts,
            expiresIn: text("expires_in").flatMap { place($0) },
            expiresAt: text("expires_at").flatMap { place($0) },
            lifetime: duration("lifetime", .seconds(1)...(.seconds(365 * 86_400))),
            name: text("name").flatMap { place($0) }
        )
    }

    func recipeRefusals() -> Recipe.Refusals {
        Recipe.Refusals(
            codes: places("code"),
            messages: places("message"),
            outages: Set((texts("outage") ?? []).map(\.value)),
            misconfigurations: Set((texts("misconfigured") ?? []).map(\.value))
        )
    }

    /// One place or a list of them.
    private func places(_ key: String) -> [JSONPointer] {
        guard let node = node(key) else { return [] }
        guard case .sequence = node.value else { return text(key).flatMap { place($0) }.map { [$0] } ?? [] }
        return (texts(key, limit: 8) ?? []).compactMap { place($0) }
    }

    private func place(_ text: Located<String>) -> JSONPointer? {
        if let pointer = JSONPointer(text.value), !text.value.isEmpty { return pointer }
        problems.error(
            at: text.mark,
            text.key,
            "'\(text.value)' is no place in an answer",
            fix: "write a JSON pointer (RFC 6901) such as /access_token or /errors/0/message"
        )
        return nil
    }

    private func variable(_ entry: YAMLEntry, _ key: String, _ seen: inout Set<String>) -> EnvironmentName? {
        guard let name = EnvironmentName(entry.key), seen.insert(entry.key).inserted else {
            problems.error(
                at: entry.keyMark,
                self.name("\(key).\(entry.key)"),
                EnvironmentName(entry.key) == nil
                    ? "'\(entry.key)' is no name of a variable" : "the variable stands twice",
                fix: "write letters, digits and '_', each name once"
            )
            return nil
        }
        return name
    }
}
