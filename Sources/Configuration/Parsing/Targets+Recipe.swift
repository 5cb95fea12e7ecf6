internal import Exchange
internal import POSIX

/// `targets` that a recipe describes.
extension Section {
    func recipeTarget(files: inout FileSettings) -> RecipeTarget? {
        let file = text(required: "recipe", example: "recipes/pulumi.yaml")
        let parameters = parameters("parameters")
        let endpoint = text("endpoint")?.value
        guard let file else { return nil }
        let path = files.add(.readable, path(file.value), place: place(of: file))
        let its = Problems(file: path)
        guard let recipe = RecipeFile.load(path, problems: its) else {
            problems.adopt(its)
            refuse("recipe", "the recipe \(path) cannot be used", fix: "mend what is said of it")
            return nil
        }
        return reported { () throws(TargetError) in
            try RecipeTarget(recipe, parameters: parameters, endpoint: endpoint)
        }
    }
}
