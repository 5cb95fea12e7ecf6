internal import Exchange

/// Pulumi's YAML: a project with resources.
enum PulumiText {
    static func project(_ side: CloudSide, head: [String], _ resources: [Tree.Entry]) -> String {
        Tree.document(
            head + ["To run it: pulumi up"],
            [
                Tree.Entry("name", .text("jobpass-\(side.slug)")), Tree.Entry("runtime", .text("yaml")),
                Tree.Entry("description", .text("Jobpass's target \(side.target.name)")),
                Tree.Entry("resources", .map(resources)),
            ]
        )
    }

    static func resource(_ name: String, _ type: String, _ properties: [Tree.Entry]) -> Tree.Entry {
        Tree.Entry(
            name,
            .map([Tree.Entry("type", .text(type)), Tree.Entry("properties", escaped(.map(properties)))])
        )
    }

    /// A tree in whose texts Pulumi sees no reference: `$${` is `${`.
    static func escaped(_ tree: Tree) -> Tree {
        switch tree {
        case .text(let text): .text(text.replacing("${", with: "$${"))
        case .number, .flag: tree
        case .list(let elements): .list(elements.map(escaped))
        case .map(let entries): .map(entries.map { $0.with(escaped($0.value)) })
        }
    }
}
