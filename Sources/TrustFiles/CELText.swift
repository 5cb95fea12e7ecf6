internal import Claims
internal import JSON
internal import Policy
internal import Text

/// Rules as expressions of CEL, in which Google Cloud and Kubernetes compare claims.
struct CELText {
    /// What holds the claims: `assertion` at Google, `claims` at Kubernetes.
    let root: String

    /// Whether any rule holds; each in a line of its own.
    ///
    /// A claim that a token lacks makes its comparison an error, and an error is no yes in either place, unless another rule
    /// holds: `||` takes a true side for the answer (CEL specification, logical operators).
    func expression(of rules: [CloudSide.Allowed], joint: String = " || ") -> String {
        rules.map { rules.count == 1 ? expression(of: $0) : "(\(expression(of: $0)))" }.joined(separator: joint)
    }

    func expression(of rule: CloudSide.Allowed) -> String {
        rule.conditions.map(expression).joined(separator: " && ")
    }

    private func expression(of condition: Condition) -> String {
        let claim = field(condition.name.description)
        let exact = condition.patterns.filter { !$0.hasStar }.map { Self.quoted($0.description) }
        var parts: [String] = []
        if exact.count == 1 { parts.append("\(claim) == \(exact[0])") }
        if exact.count > 1 { parts.append("\(claim) in [\(exact.joined(separator: ", "))]") }
        for pattern in condition.patterns where pattern.hasStar {
            parts.append("\(claim).matches(\(Self.quoted(Self.regex(pattern.description))))")
        }
        return parts.count == 1 ? parts[0] : "(\(parts.joined(separator: " || ")))"
    }

    /// A claim's place; one whose name is no identifier stands in brackets.
    func field(_ name: String) -> String {
        let isIdentifier =
            name.utf8.first.map { !(48...57).contains($0) } == true
            && name.utf8.allSatisfy { byte in
                (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 95
            }
        return isIdentifier ? "\(root).\(name)" : "\(root)[\(Self.quoted(name))]"
    }

    /// A pattern of our rules as RE2 has it, anchored at both ends; a `.` of RE2's does not match a line's end.
    static func regex(_ pattern: String) -> String {
        let body = SubjectShape.pieces(of: pattern).map { piece in
            switch piece {
            case .star: "[^/]*"
            case .doubleStar: ".*"
            case .text(let text):
                text.unicodeScalars.map { "\\.+*?()|[]{}^$".unicodeScalars.contains($0) ? "\\\($0)" : "\($0)" }.joined()
            }
        }
        return "^\(body.joined())$"
    }

    /// JSON's escapes are CEL's as well.
    static func quoted(_ text: String) -> String { JSON.string(text).text }
}
