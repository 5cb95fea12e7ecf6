internal import Crypto
internal import Exchange
internal import HTTP
internal import YAML

/// The top of a recipe.
extension Section {
    func recipe() -> Recipe? {
        let name = text(required: "recipe", example: "Example Cloud")
        let parameters = recipeParameters()
        let names = Set(parameters.map(\.name))
        for key in ["request", "credential"] { requireKey(key, example: "{…}") }
        let audience = text("audience").flatMap { text in
            reported { () throws(TargetError) in
                try RecipeTemplate(text.value, key: "audience", places: names)
            }
        }
        let algorithms = recipeAlgorithms()
        let subject = integer("subject_bytes", 32...1_024) ?? 255
        let request = recipeRequest(
            "request",
            names,
            places: Recipe.requestPlaces,
            method: .post,
            statuses: [200, 201]
        )
        let result = section("credential", Keys(Self.resultKeys))?.recipeResult(names)
        let refusals = section("error", Keys(["code", "message", "outage", "misconfigured"]))?.recipeRefusals()
        let revocation = recipeRequest(
            "revoke",
            names,
            places: Recipe.revocationPlaces,
            method: .delete,
            statuses: [200, 204]
        )
        guard let name, let algorithms, let request, let result else { return nil }
        return reported { () throws(TargetError) in
            try Recipe(
                name: name.value,
                parameters: parameters,
                request: request,
                result: result,
                refusals: refusals ?? Recipe.Refusals(),
                revocation: revocation,
                audience: audience,
                algorithms: algorithms,
                subjectBytes: subject
            )
        }
    }

    private static let resultKeys = ["environment", "variables", "expires_in", "expires_at", "lifetime", "name"]

    private func recipeParameters() -> [Recipe.Parameter] {
        named("parameters").compactMap { entry in
            let key = name("parameters.\(entry.key)")
            let isName =
                (1...64).contains(entry.key.utf8.count)
                && entry.key.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
            guard isName, !Recipe.requestPlaces.union(Recipe.revocationPlaces).contains(entry.key) else {
                problems.error(
                    at: entry.keyMark,
                    key,
                    "'\(entry.key)' is no name of a parameter",
                    fix: "write a-z, 0-9 and '_', and none of the places that are filled by themselves"
                )
                return nil
            }
            let keys = Keys(["about", "example", "default", "optional", "type"])
            guard let section = Section(entry.value, at: key, keys: keys, problems: problems) else { return nil }
            let about = section.text(required: "about", example: "what it is")
            return Recipe.Parameter(
                entry.key,
                about: about?.value ?? "",
                example: section.text("example")?.value,
                standard: section.text("default")?.value,
                isOptional: section.choice("optional", of: YesNo.self) == .yes,
                isNumber: section.choice("type", of: ParameterType.self) == .integer
            )
        }
    }

    private func recipeAlgorithms() -> [SignatureAlgorithm]? {
        guard has("algorithms") else { return SignatureAlgorithm.allCases }
        let texts = texts("algorithms", limit: 16) ?? []
        let algorithms = texts.compactMap { text -> SignatureAlgorithm? in
            choice(text, of: SignatureAlgorithm.self, noun: "signature algorithm")
        }
        return algorithms.isEmpty || algorithms.count != texts.count ? nil : algorithms
    }
}

/// A YAML boolean, as recipes write them.
private enum YesNo: String, CaseIterable {
    case yes = "true"
    case no = "false"
}

private enum ParameterType: String, CaseIterable {
    case text
    case integer
}
