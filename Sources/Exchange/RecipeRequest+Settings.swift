internal import HTTP
internal import JSON

/// A request of a recipe in JSON, for jobs that trade by it themselves.
extension RecipeRequest {
    static func json(_ fields: [Field]) -> JSON {
        TokenExchangeTarget.json(fields.map { TokenExchangeTarget.Parameter($0.name, $0.value.source) })
    }

    var settings: JSONObject {
        var settings: JSONObject = [
            "method": .string(method.rawValue), "url": .string(origin.source + path.source), "query": Self.json(query),
            "headers": Self.json(headers), "statuses": .array(statuses.sorted().map { .integer(Int64($0)) }),
        ]
        switch body {
        case .none: break
        case .form(let fields): settings["form"] = Self.json(fields)
        case .json(let value): settings["json"] = value.settings
        }
        return settings
    }

    init(_ settings: SettingReader, _ parameters: Set<String>, _ places: Set<String>) throws(TargetError) {
        let all = parameters.union(places)
        let name = try settings.text("method")
        guard let method = HTTPMethod(rawValue: name) else {
            throw TargetError("method", seen: name, wanted: "a method that this version knows")
        }
        var body = Body.none
        if settings.has("form") { body = .form(try settings.fields("form", all)) }
        if settings.has("json") { body = .json(try Value(try settings.value("json"), all)) }
        try self.init(
            method,
            url: try settings.text("url"),
            query: try settings.fields("query", all),
            headers: try settings.fields("headers", all),
            body: body,
            statuses: try settings.list("statuses").compactMap { $0.asInteger.map { Int($0) } },
            parameters: parameters
        )
    }
}

extension RecipeRequest.Value {
    /// The value under its kind, so that a text is never taken for something else.
    fileprivate var settings: JSON {
        switch self {
        case .text(let template): ["text": .string(template.source)]
        case .fixed(let value): ["fixed": value]
        case .array(let elements): ["array": .array(elements.map(\.settings))]
        case .object(let members): ["object": .array(members.map { [.string($0.name), $0.value.settings] })]
        }
    }

    fileprivate init(_ value: JSON, _ places: Set<String>) throws(TargetError) {
        guard let member = value.asObject?.members.first else { throw Self.wrong(value) }
        switch (member.name, member.value) {
        case ("text", .string(let text)): self = .text(try RecipeTemplate(text, key: "json", places: places))
        case ("fixed", let fixed): self = .fixed(fixed)
        case ("array", .array(let elements)):
            self = .array(try elements.map { element throws(TargetError) in try Self(element, places) })
        case ("object", .array(let members)):
            var object: [(name: String, value: Self)] = []
            for pair in members {
                guard let parts = pair.asArray, parts.count == 2, let name = parts[0].asString else {
                    throw Self.wrong(pair)
                }
                object.append((name, try Self(parts[1], places)))
            }
            self = .object(object)
        default: throw Self.wrong(value)
        }
    }

    private static func wrong(_ value: JSON) -> TargetError {
        TargetError("json", seen: value.text, wanted: "a body that this version knows; is the broker newer?")
    }
}
