internal import JSON

/// A document of mappings, lists and values with comments, written as YAML: the forms of CloudFormation, Pulumi and Kubernetes.
indirect enum Tree {
    case text(String)
    case number(Int64)
    case flag(Bool)
    case list([Tree])
    case map([Entry])

    /// One key of a mapping, with what a person should know of it.
    struct Entry {
        let key: String
        let value: Tree
        let comments: [String]

        init(_ key: String, _ value: Tree, _ comments: String...) {
            self.key = key
            self.value = value
            self.comments = comments
        }

        private init(key: String, value: Tree, comments: [String]) {
            self.key = key
            self.value = value
            self.comments = comments
        }

        /// The same key and comments with another value.
        func with(_ value: Tree) -> Entry { Entry(key: key, value: value, comments: comments) }
    }

    /// The YAML of a document, below comments.
    static func document(_ head: [String], _ entries: [Entry]) -> String {
        head.map { "# \($0)\n" }.joined() + Tree.map(entries).lines(indent: 0).map { $0 + "\n" }.joined()
    }

    private func lines(indent: Int) -> [String] {
        let space = String(repeating: " ", count: indent)
        switch self {
        case .text, .number, .flag: return [space + scalar]
        case .list(let elements):
            return elements.flatMap { element in
                var lines = element.lines(indent: indent + 2)
                // The first line of an element stands behind its dash, unless a comment is there.
                if let first = lines.first, !first.drop(while: { $0 == " " }).hasPrefix("#") {
                    lines[0] = space + "- " + first.dropFirst(indent + 2)
                } else {
                    lines.insert(space + "-", at: 0)
                }
                return lines
            }
        case .map(let entries):
            return entries.flatMap { entry in
                let comments = entry.comments.map { "\(space)# \($0)" }
                switch entry.value {
                case .text, .number, .flag: return comments + ["\(space)\(entry.key): \(entry.value.scalar)"]
                case .list(let elements) where elements.isEmpty: return comments + ["\(space)\(entry.key): []"]
                case .map(let entries) where entries.isEmpty: return comments + ["\(space)\(entry.key): {}"]
                case .list, .map: return comments + ["\(space)\(entry.key):"] + entry.value.lines(indent: indent + 2)
                }
            }
        }
    }

    /// A JSON string is a YAML string in double quotes, whatever stands in it.
    private var scalar: String {
        switch self {
        case .text(let text): JSON.string(text).text
        case .number(let number): "\(number)"
        case .flag(let flag): flag ? "true" : "false"
        case .list, .map: ""
        }
    }

    static func texts(_ texts: [String]) -> Tree { .list(texts.map { .text($0) }) }

    /// A JSON value as a tree without comments.
    init(_ json: JSON) {
        switch json {
        case .string(let text): self = .text(text)
        case .integer(let number): self = .number(number)
        case .bool(let flag): self = .flag(flag)
        case .array(let elements): self = .list(elements.map { Tree($0) })
        case .object(let object): self = .map(object.members.map { Entry($0.name, Tree($0.value)) })
        case .null, .number: self = .text(json.text)
        }
    }
}
