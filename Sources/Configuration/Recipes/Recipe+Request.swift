internal import Exchange
internal import HTTP
internal import JSON
internal import YAML

/// `request` and `revoke` of a recipe.
extension Section {
    func recipeRequest(
        _ key: String,
        _ parameters: Set<String>,
        places: Set<String>,
        method: HTTPMethod,
        statuses: [Int]
    ) -> RecipeRequest? {
        let keys = Keys(["method", "url", "query", "headers", "form", "json", "statuses"])
        guard let section = section(key, keys) else { return nil }
        let all = parameters.union(places)
        let method = section.choice("method", of: HTTPMethod.self) ?? method
        let url = section.text(required: "url", example: "https://api.example.com/token")
        let query = section.fields("query", all)
        let headers = section.fields("headers", all)
        let body = section.body(all)
        let statuses = section.statuses() ?? statuses
        guard let url else { return nil }
        return section.reported { () throws(TargetError) in
            try RecipeRequest(
                method,
                url: url.value,
                query: query,
                headers: headers,
                body: body,
                statuses: statuses,
                parameters: parameters
            )
        }
    }

    private func body(_ places: Set<String>) -> RecipeRequest.Body {
        if has("form"), has("json") {
            refuse("json", "a request has one body", fix: "write either form or json")
        }
        if has("form") { return .form(fields("form", places)) }
        guard let node = node("json") else { return .none }
        guard case .mapping = node.value else {
            refuse("json", "saw \(node.kind), wanted a mapping", fix: "write the members of the JSON object")
            return .none
        }
        return value(node, "json", places).map { .json($0) } ?? .none
    }

    /// Names with their texts, in the order in which they are written.
    func fields(_ key: String, _ places: Set<String>) -> [RecipeRequest.Field] {
        named(key).compactMap { entry in
            let text = text(of: entry.value, under: "\(key).\(entry.key)")
            return text.flatMap { template($0, places) }.map { RecipeRequest.Field(entry.key, $0) }
        }
    }

    private func value(_ node: YAMLNode, _ key: String, _ places: Set<String>) -> RecipeRequest.Value? {
        switch node.value {
        case .scalar(let scalar):
            // Without quotes JSON's own words and numbers stay what they are; whatever else it is, is text.
            if scalar.isPlain, let fixed = Self.literal(scalar) { return .fixed(fixed) }
            let located = Located(value: scalar.text, mark: node.mark, key: name(key))
            return template(located, places).map { .text($0) }
        case .sequence(let elements):
            let values = elements.enumerated().compactMap { value($1, "\(key)[\($0)]", places) }
            return values.count == elements.count ? .array(values) : nil
        case .mapping(let entries):
            let members = entries.compactMap { entry in
                value(entry.value, "\(key).\(entry.key)", places).map { (name: entry.key, value: $0) }
            }
            return members.count == entries.count ? .object(members) : nil
        }
    }

    private static func literal(_ scalar: YAMLScalar) -> JSON? {
        switch scalar.text {
        case "true": return true
        case "false": return false
        case _ where scalar.isNull: return .null
        case let text:
            let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
            let isNumber = digits.utf8.allSatisfy { (48...57).contains($0) } && (1...18).contains(digits.utf8.count)
            return isNumber ? Int64(text).map { .integer($0) } : nil
        }
    }

    /// A text with places, or a report where it is written.
    private func template(_ text: Located<String>, _ places: Set<String>) -> RecipeTemplate? {
        do throws(TargetError) {
            return try RecipeTemplate(text.value, key: text.key, places: places)
        } catch {
            problems.error(at: text.mark, text.key, "'\(error.seen)' cannot work", fix: "write \(error.wanted)")
            return nil
        }
    }

    private func statuses() -> [Int]? {
        texts("statuses", limit: 16)?.compactMap { text in
            if let status = Int(text.value), (200..<300).contains(status) { return status }
            problems.error(at: text.mark, text.key, "'\(text.value)' is no status of success", fix: "write 200 to 299")
            return nil
        }
    }
}
