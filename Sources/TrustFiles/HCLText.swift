internal import JSON

/// HCL as Terraform and OpenTofu read it, in the form that their `fmt` leaves alone.
struct HCLText {
    indirect enum Value {
        case text(String)
        case number(Int64)
        case flag(Bool)
        /// An expression as it stands, such as a reference.
        case raw(String)
        case list([Value])
        case map([(String, Value)])
    }

    enum Item {
        case comment(String)
        case value(String, Value)
        case block(String, [Item])
        case gap
    }

    private(set) var text: String

    init(_ head: [String]) { text = head.map { "# \($0)\n" }.joined() }

    /// A block at the top: `resource "TYPE" "NAME"`.
    mutating func block(_ kind: String, _ labels: String..., items: [Item]) {
        let head = ([kind] + labels.map(Self.quoted)).joined(separator: " ")
        text += "\n\(head) {\n" + Self.lines(items, indent: 2) + "}\n"
    }

    private static func lines(_ items: [Item], indent: Int) -> String {
        let space = String(repeating: " ", count: indent)
        var text = ""
        var index = items.startIndex
        while index < items.endIndex {
            switch items[index] {
            case .comment(let words): text += "\(space)# \(words)\n"
            case .gap: text += "\n"
            case .block(let name, let inner):
                text += "\(space)\(name) {\n" + lines(inner, indent: indent + 2) + "\(space)}\n"
            case .value:
                // Equals signs of neighbouring lines stand below each other.
                var group: [(name: String, value: String)] = []
                while index < items.endIndex, case .value(let name, let value) = items[index] {
                    group.append((name, render(value, indent: indent)))
                    index += 1
                    if group.last?.value.contains("\n") == true { break }
                }
                text += aligned(group, space)
                continue
            }
            index += 1
        }
        return text
    }

    private static func aligned(_ group: [(name: String, value: String)], _ space: String) -> String {
        let single = group.filter { !$0.value.contains("\n") }
        let width = single.map(\.name.count).max() ?? 0
        return group.map { line in
            let isSingle = !line.value.contains("\n")
            let gap = isSingle ? String(repeating: " ", count: width - line.name.count) : ""
            return "\(space)\(line.name)\(gap) = \(line.value)\n"
        }.joined()
    }

    private static func render(_ value: Value, indent: Int) -> String {
        let space = String(repeating: " ", count: indent)
        switch value {
        case .text(let text): return quoted(text)
        case .number(let number): return "\(number)"
        case .flag(let flag): return flag ? "true" : "false"
        case .raw(let expression): return expression
        case .list(let values):
            guard values.count > 1 else { return "[\(values.map { render($0, indent: indent) }.joined())]" }
            let lines = values.map { "\(space)  \(render($0, indent: indent + 2)),\n" }.joined()
            return "[\n\(lines)\(space)]"
        case .map(let entries):
            let group = entries.map { (name: quoted($0.0), value: render($0.1, indent: indent + 2)) }
            return "{\n\(aligned(group, space + "  "))\(space)}"
        }
    }

    /// A JSON value as an expression.
    static func expression(_ json: JSON) -> String {
        switch json {
        case .string(let text): quoted(text)
        case .array(let elements): "[\(elements.map(expression).joined(separator: ", "))]"
        case .object(let object):
            "{ \(object.members.map { "\(quoted($0.name)) = \(expression($0.value))" }.joined(separator: ", ")) }"
        case .null, .bool, .integer, .number: json.text
        }
    }

    /// A string in which `${` and `%{` begin no template.
    static func quoted(_ text: String) -> String {
        JSON.string(text).text.replacing("${", with: "$${").replacing("%{", with: "%%{")
    }
}
