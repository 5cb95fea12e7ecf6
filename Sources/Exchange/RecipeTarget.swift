internal import Encoding
internal import HTTP

/// A recipe with the values that one target gives to its parameters.
package struct RecipeTarget: Equatable, Sendable {
    package let recipe: Recipe
    /// The values by their parameters' names, defaults among them.
    let values: [String: String]
    /// Scheme, host and port of every request: the recipe's own, or `endpoint` (a sandbox, a proxy).
    let origin: String
    /// The variables that tell a tool where to use the credential; none is secret.
    let whereabouts: [(name: EnvironmentName, value: String)]

    package static func == (left: RecipeTarget, right: RecipeTarget) -> Bool {
        left.recipe == right.recipe && left.values == right.values && left.origin == right.origin
    }

    /// Makes the settings of one use of a recipe.
    ///
    /// - Throws: `TargetError` naming `parameters` or `endpoint`.
    package init(
        _ recipe: Recipe,
        parameters: [TokenExchangeTarget.Parameter],
        endpoint: String? = nil
    ) throws(TargetError) {
        var values: [String: String] = [:]
        for parameter in recipe.parameters { values[parameter.name] = parameter.standard }
        var given: Set<String> = []
        for parameter in parameters {
            guard let known = recipe.parameters.first(where: { $0.name == parameter.name }) else {
                let names = recipe.parameters.map(\.name).joined(separator: ", ")
                throw TargetError(
                    "parameters",
                    seen: parameter.name,
                    wanted: names.isEmpty ? "none: the recipe has no parameters" : "those of the recipe: \(names)"
                )
            }
            guard given.insert(parameter.name).inserted else {
                throw TargetError("parameters", seen: parameter.name, wanted: "one value for it")
            }
            values[parameter.name] = try Self.checked(parameter.value, as: known)
        }
        for parameter in recipe.parameters where values[parameter.name] == nil && !parameter.isOptional {
            throw TargetError(
                "parameters",
                seen: "no \(parameter.name)",
                wanted: "'\(parameter.name): \(parameter.example ?? "…")' (\(parameter.about))"
            )
        }
        self.recipe = recipe
        self.values = values
        if let endpoint {
            origin = try Endpoint(endpoint, key: "endpoint").url
        } else {
            origin = try Self.origin(of: recipe, values)
        }
        try Self.checkPaths(of: recipe, at: origin, values)
        var whereabouts: [(name: EnvironmentName, value: String)] = []
        for field in recipe.result.whereabouts {
            guard let name = EnvironmentName(field.name), let value = field.value.filled(values) else { continue }
            whereabouts.append((name, value))
        }
        self.whereabouts = whereabouts
    }

    /// The audience of the ID token where the target gives none; nil where it must.
    package var defaultAudience: String? { recipe.audience?.filled(values) }

    private static func checked(_ value: String, as parameter: Recipe.Parameter) throws(TargetError) -> String {
        guard FieldText.isValue(value), (1...2_048).contains(value.utf8.count) else {
            throw TargetError("parameters", seen: parameter.name, wanted: "1 to 2048 bytes of visible text")
        }
        if parameter.isNumber, Int64(value) == nil || value.hasPrefix("+") {
            throw TargetError("parameters", seen: "\(parameter.name): \(value)", wanted: "a whole number for it")
        }
        return value
    }

    /// A value such as `..` is no segment of its own: clients and servers take it for a way up.
    private static func checkPaths(
        of recipe: Recipe,
        at origin: String,
        _ values: [String: String]
    ) throws(TargetError) {
        for request in [recipe.request, recipe.revocation].compactMap(\.self) {
            let path = request.path.filled(values, .percent) ?? ""
            guard WebAddress(origin + path) != nil else {
                throw TargetError("parameters", seen: path, wanted: "values that stay in their segment of the path")
            }
        }
    }

    /// The recipe's host with its parameters filled in: one name or address, and perhaps a port, and nothing else.
    private static func origin(of recipe: Recipe, _ values: [String: String]) throws(TargetError) -> String {
        let origin = recipe.request.origin.filled(values) ?? ""
        guard let address = WebAddress(origin), address.isSecure, address.path.isEmpty, address.query == nil,
            !origin.contains("@")
        else {
            let names = recipe.request.origin.places.sorted().joined(separator: ", ")
            throw TargetError(
                "parameters",
                seen: origin,
                wanted: "a host's name alone for \(names), such as acme.example.com"
            )
        }
        return origin
    }
}
