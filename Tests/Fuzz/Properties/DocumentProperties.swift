internal import JSON
internal import XML
internal import YAML

extension Property {
    /// Whole documents of strangers: requests, answers of clouds, configurations.
    static let documents: [Property] = [
        Property("json", json),
        Property("xml", xml),
        Property("yaml", yaml),
    ]

    private static func json(_ input: [UInt8]) -> String? {
        guard let value = try? JSON.parse(input) else { return nil }
        for pretty in [false, true] {
            let written = value.serialized(pretty: pretty)
            let roomy = JSONLimits(bytes: written.count, depth: JSONLimits.standard.depth)
            guard let again = try? JSON.parse(written, limits: roomy) else { return "written so that it is refused" }
            guard again == value, again.serialized(pretty: pretty) == written else {
                return "reads differently once written"
            }
        }
        return nil
    }

    private static func xml(_ input: [UInt8]) -> String? {
        guard let element = try? XMLElement.parse(input) else { return nil }
        let written = written(element)
        let limits = XMLElement.Limits(bytes: written.utf8.count)
        guard let again = try? XMLElement.parse(Array(written.utf8), limits: limits) else {
            return "written as \(written), which is refused"
        }
        return again == element ? nil : "written as \(written), which reads differently"
    }

    private static func written(_ element: XMLElement) -> String {
        let children = element.children.map { written($0) }.joined()
        let content = "\(escaped(element.text, quoted: false))\(children)"
        // This one is bound to its prefix and to no other (Namespaces in XML 1.0, section 3).
        if element.namespace == "http://www.w3.org/XML/1998/namespace" {
            return "<xml:\(element.name)>\(content)</xml:\(element.name)>"
        }
        let namespace = escaped(element.namespace ?? "", quoted: true)
        return "<\(element.name) xmlns=\"\(namespace)\">\(content)</\(element.name)>"
    }

    private static func escaped(_ text: String, quoted: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "<", ">", "&", "\"", "\r": escaped += "&#\(scalar.value);"
            case "\t", "\n": escaped += quoted ? "&#\(scalar.value);" : String(scalar)
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// YAML is written as its quoted part, which is JSON but for the escapes; places and plainness are not compared.
    private static func yaml(_ input: [UInt8]) -> String? {
        guard let node = try? YAMLNode.parse(input) else { return nil }
        let written = shape(node)
        let limits = YAMLLimits(bytes: written.utf8.count + 1, depth: YAMLLimits.standard.depth, nodes: 100_000)
        guard let again = try? YAMLNode.parse(Array(written.utf8), limits: limits) else {
            return "written as \(written), which is refused"
        }
        return shape(again) == written ? nil : "written as \(written), which reads as \(shape(again))"
    }

    private static func shape(_ node: YAMLNode) -> String {
        switch node.value {
        case .scalar(let scalar): quoted(scalar.text)
        case .sequence(let nodes): "[\(nodes.map { shape($0) }.joined(separator: ", "))]"
        case .mapping(let entries):
            "{\(entries.map { "? \(quoted($0.key)) : \(shape($0.value))" }.joined(separator: ", "))}"
        }
    }

    private static func quoted(_ text: String) -> String {
        let escapes = text.unicodeScalars.map { scalar in
            let digits = String(scalar.value, radix: 16)
            return "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
        }
        return "\"\(escapes.joined())\""
    }
}
