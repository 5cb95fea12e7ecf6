internal import Crypto
internal import Encoding
internal import HTTP
internal import JSON
internal import Time

/// A recipe with its values, for jobs that trade by it themselves: the same in JSON, since a job has no file of it.
extension RecipeTarget {
    var settings: JSONObject {
        let pairs = values.sorted { $0.key < $1.key }.map { TokenExchangeTarget.Parameter($0.key, $0.value) }
        return [
            "recipe": .object(recipe.settings), "parameters": TokenExchangeTarget.json(pairs),
            "endpoint": .string(origin),
        ]
    }

    init(_ settings: SettingReader) throws(TargetError) {
        try self.init(
            try Recipe(try settings.object("recipe")),
            parameters: try settings.parameters("parameters"),
            endpoint: try settings.text("endpoint")
        )
    }
}

extension Recipe {
    fileprivate var settings: JSONObject {
        var settings: JSONObject = [
            "name": .string(name), "parameters": .array(parameters.map(\.settings)),
            "request": .object(request.settings), "credential": .object(result.settings),
            "error": .object(refusals.settings),
            "algorithms": .array(algorithms.map { .string($0.rawValue) }), "subject_bytes": .string("\(subjectBytes)"),
        ]
        settings["revoke"] = revocation.map { .object($0.settings) }
        settings["audience"] = audience.map { .string($0.source) }
        return settings
    }

    fileprivate init(_ settings: SettingReader) throws(TargetError) {
        let parameters = try settings.objects("parameters").map { one throws(TargetError) in try Parameter(one) }
        let names = Set(parameters.map(\.name))
        var revocation: RecipeRequest?
        if settings.has("revoke") {
            revocation = try RecipeRequest(try settings.object("revoke"), names, Self.revocationPlaces)
        }
        try self.init(
            name: try settings.text("name"),
            parameters: parameters,
            request: try RecipeRequest(try settings.object("request"), names, Self.requestPlaces),
            result: try Result(try settings.object("credential"), names),
            refusals: try Refusals(try settings.object("error")),
            revocation: revocation,
            audience: try settings.text(ifThere: "audience").map { text throws(TargetError) in
                try RecipeTemplate(text, key: "audience", places: names)
            },
            algorithms: try settings.texts("algorithms").compactMap { SignatureAlgorithm(rawValue: $0) },
            subjectBytes: Int(try settings.text("subject_bytes")) ?? 255
        )
    }
}

extension Recipe.Parameter {
    fileprivate var settings: JSON {
        var settings: JSONObject = [
            "name": .string(name), "about": .string(about), "optional": .bool(isOptional), "integer": .bool(isNumber),
        ]
        settings["example"] = example.map { .string($0) }
        settings["default"] = standard.map { .string($0) }
        return .object(settings)
    }

    fileprivate init(_ settings: SettingReader) throws(TargetError) {
        self.init(
            try settings.text("name"),
            about: try settings.text("about"),
            example: try settings.text(ifThere: "example"),
            standard: try settings.text(ifThere: "default"),
            isOptional: try settings.flag("optional"),
            isNumber: try settings.flag("integer")
        )
    }
}

extension Recipe.Result {
    fileprivate var settings: JSONObject {
        let variables = environment.map { TokenExchangeTarget.Parameter($0.name.text, $0.place.description) }
        var settings: JSONObject = [
            "environment": TokenExchangeTarget.json(variables), "variables": RecipeRequest.json(whereabouts),
        ]
        settings["expires_in"] = expiresIn.map { .string($0.description) }
        settings["expires_at"] = expiresAt.map { .string($0.description) }
        settings["lifetime"] = lifetime.map { .string($0.text) }
        settings["name"] = name.map { .string($0.description) }
        return settings
    }

    fileprivate init(_ settings: SettingReader, _ names: Set<String>) throws(TargetError) {
        let variables = try settings.parameters("environment").map { pair throws(TargetError) in
            guard let name = EnvironmentName(pair.name), let place = JSONPointer(pair.value) else {
                throw TargetError("environment", seen: pair.name, wanted: "variables with places")
            }
            return Recipe.Variable(name, place)
        }
        self.init(
            environment: variables,
            whereabouts: try settings.fields("variables", names),
            expiresIn: try settings.place("expires_in"),
            expiresAt: try settings.place("expires_at"),
            lifetime: try settings.duration("lifetime"),
            name: try settings.place("name")
        )
    }
}

extension Recipe.Refusals {
    fileprivate var settings: JSONObject {
        [
            "code": .array(codes.map { .string($0.description) }),
            "message": .array(messages.map { .string($0.description) }),
            "outage": .array(outages.sorted().map { .string($0) }),
            "misconfigured": .array(misconfigurations.sorted().map { .string($0) }),
        ]
    }

    fileprivate init(_ settings: SettingReader) throws(TargetError) {
        self.init(
            codes: try settings.texts("code").compactMap { JSONPointer($0) },
            messages: try settings.texts("message").compactMap { JSONPointer($0) },
            outages: Set(try settings.texts("outage")),
            misconfigurations: Set(try settings.texts("misconfigured"))
        )
    }
}

extension SettingReader {
    func object(_ key: String) throws(TargetError) -> SettingReader {
        guard let members = try value(key).asObject else {
            throw TargetError(key, seen: "no object", wanted: "an object")
        }
        return SettingReader(members)
    }

    fileprivate func place(_ key: String) throws(TargetError) -> JSONPointer? {
        try text(ifThere: key).flatMap { JSONPointer($0) }
    }

    func fields(_ key: String, _ places: Set<String>) throws(TargetError) -> [RecipeRequest.Field] {
        try parameters(key).map { pair throws(TargetError) in
            RecipeRequest.Field(pair.name, try RecipeTemplate(pair.value, key: key, places: places))
        }
    }
}
