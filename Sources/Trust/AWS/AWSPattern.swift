internal import Text
internal import Time

/// A value of a condition, its variables replaced by the request's values.
struct AWSPattern {
    let glob: Glob
    /// The value with its variables replaced.
    let text: String
    /// The variable that the request has no value for, so that the value matches nothing.
    let missing: String?
    /// Whether something in it is not known here.
    let isUnknown: Bool

    /// A variable of a policy: `${key}` or `${key, 'default'}`.
    struct Variable {
        let key: String
        let fallback: String?
    }

    init(_ text: String, _ context: AWSContext, hasVariables: Bool, hasWildcards: Bool) {
        var tokens: [Glob.Token] = []
        var plain = ""
        var missing: String?
        var isUnknown = false
        var rest = text[...]
        while !rest.isEmpty {
            guard hasVariables, rest.hasPrefix("${"), let end = rest.firstIndex(of: "}") else {
                let piece = String(rest.removeFirst())
                plain += piece
                tokens += hasWildcards ? Glob(piece, hasOne: true).tokens : Glob(literal: piece).tokens
                continue
            }
            let inner = rest[rest.index(rest.startIndex, offsetBy: 2)..<end]
            rest = rest[rest.index(after: end)...]
            // What stands for itself.
            if ["*", "?", "$"].contains(inner) {
                plain += inner
                tokens += Glob(literal: String(inner)).tokens
                continue
            }
            let variable = Self.variable(inner)
            let value: String
            switch context.value(of: variable.key) {
            case .values(let values) where values.count == 1: value = values[0]
            case .values, .unknown:
                isUnknown = true
                value = ""
            case .absent:
                if variable.fallback == nil {
                    missing = "the request has no \(variable.key) for the variable ${\(inner)}"
                }
                value = variable.fallback ?? ""
            }
            // Whether AWS takes a wildcard that a token brings for one is not documented.
            if hasWildcards, Glob(value, hasOne: true).hasWildcard { isUnknown = true }
            plain += value
            tokens += Glob(literal: value).tokens
        }
        glob = Glob(tokens)
        self.text = plain
        self.missing = missing
        self.isUnknown = isUnknown
    }

    /// The variables of a value, where the policy's version has them.
    static func variables(of text: String) -> [Variable] {
        var found: [Variable] = []
        var rest = text[...]
        while let start = rest.firstRange(ofTwo: "${"), let end = rest[start...].firstIndex(of: "}") {
            let inner = rest[rest.index(start, offsetBy: 2)..<end]
            if !["*", "?", "$"].contains(inner) { found.append(variable(inner)) }
            rest = rest[rest.index(after: end)...]
        }
        return found
    }

    private static func variable(_ inner: Substring) -> Variable {
        let parts = inner.split(separator: ",", maxSplits: 1)
        let fallback = parts.count == 2 ? parts[1].filter { $0 != "'" && $0 != " " } : nil
        return Variable(key: parts.first.map { $0.filter { $0 != " " } } ?? "", fallback: fallback)
    }
}

extension AWSOperator {
    /// Whether a value of the request matches a value of the condition, before any negation.
    func matches(_ value: String, _ pattern: AWSPattern) -> Verdict {
        if pattern.isUnknown { return .cannotTell }
        // AWS does not say what a negated condition makes of a variable without a value.
        if pattern.missing != nil { return isNegated ? .cannotTell : .fail }
        switch test {
        case .equals where ignoresCase: return Verdict(value.lowercased().isSameBytes(as: pattern.text.lowercased()))
        case .equals: return Verdict(value.isSameBytes(as: pattern.text))
        case .like: return Verdict(pattern.glob.matches(value))
        case .bool:
            let (left, right) = (value.lowercased(), pattern.text.lowercased())
            guard ["true", "false"].contains(right) else { return .cannotTell }
            return Verdict(left == right)
        case .number(let comparison):
            guard let left = Double(value), let right = Double(pattern.text) else { return .cannotTell }
            return Verdict(comparison.holds(left, right))
        case .date(let comparison):
            guard let left = Self.moment(value), let right = Self.moment(pattern.text) else { return .cannotTell }
            return Verdict(comparison.holds(left, right))
        case .null, .unsupported: return .cannotTell
        }
    }

    private static func moment(_ text: String) -> Double? {
        if let number = Int64(text) { return Double(number) }
        let time = (try? RFC3339.parse(text)) ?? (try? RFC3339.parseDate(text))
        return time.map { Double($0.seconds) }
    }
}

extension AWSOperator.Comparison {
    fileprivate func holds(_ left: Double, _ right: Double) -> Bool {
        switch self {
        case .equals, .notEquals: left == right
        case .lessThan: left < right
        case .lessThanEquals: left <= right
        case .greaterThan: left > right
        case .greaterThanEquals: left >= right
        }
    }
}

extension Substring {
    /// Where two characters first stand side by side.
    func firstRange(ofTwo pair: String) -> Index? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(pair) { return index }
            index = self.index(after: index)
        }
        return nil
    }
}
