/// A regular expression, read.
indirect enum RegexTree: Sendable {
    case scalar(RegexClass)
    case start
    case end
    case sequence([RegexTree])
    case either(RegexTree, RegexTree)
    case repeated(RegexTree, Int, Int?)

    /// Reads an expression; nil where it has something that is not read here.
    static func parse(_ pattern: String) -> RegexTree? {
        var parser = Parser(Array(pattern.unicodeScalars))
        guard let tree = parser.alternatives(), parser.isAtEnd else { return nil }
        return tree
    }

    /// A text that matches.
    var sample: String {
        switch self {
        case .scalar(let set): String(Character(set.sample))
        case .start, .end: ""
        case .sequence(let parts): parts.map(\.sample).joined()
        case .either(let left, _): left.sample
        case .repeated(let part, let least, _): String(repeating: part.sample, count: max(least, 1))
        }
    }

    /// Whether it can begin nowhere but at the start.
    var begins: Bool {
        switch self {
        case .start: true
        case .sequence(let parts): parts.first?.begins ?? false
        case .either(let left, let right): left.begins && right.begins
        case .repeated(let part, let least, _): least > 0 && part.begins
        case .scalar, .end: false
        }
    }

    /// Whether it can end nowhere but at the end.
    var ends: Bool {
        switch self {
        case .end: true
        case .sequence(let parts): parts.last?.ends ?? false
        case .either(let left, let right): left.ends && right.ends
        case .repeated(let part, let least, _): least > 0 && part.ends
        case .scalar, .start: false
        }
    }

    private struct Parser {
        let scalars: [Unicode.Scalar]
        var offset = 0
        var depth = 0

        init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

        var isAtEnd: Bool { offset == scalars.count }
        var current: Unicode.Scalar? { isAtEnd ? nil : scalars[offset] }

        mutating func take(_ scalar: Unicode.Scalar) -> Bool {
            guard current == scalar else { return false }
            offset += 1
            return true
        }

        mutating func alternatives() -> RegexTree? {
            depth += 1
            defer { depth -= 1 }
            guard depth < 32, var tree = sequence() else { return nil }
            while take("|") {
                guard let other = sequence() else { return nil }
                tree = .either(tree, other)
            }
            return tree
        }

        private mutating func sequence() -> RegexTree? {
            var parts: [RegexTree] = []
            while let scalar = current, scalar != "|", scalar != ")" {
                guard let atom = atom(), let part = repetition(of: atom) else { return nil }
                parts.append(part)
            }
            return .sequence(parts)
        }

        private mutating func repetition(of atom: RegexTree) -> RegexTree? {
            var tree = atom
            if take("*") {
                tree = .repeated(atom, 0, nil)
            } else if take("+") {
                tree = .repeated(atom, 1, nil)
            } else if take("?") {
                tree = .repeated(atom, 0, 1)
            } else if take("{") {
                guard let least = number() else { return nil }
                var most: Int? = least
                if take(",") { most = current == "}" ? nil : number() }
                guard take("}"), least <= 64, (most ?? least) <= 64, (most ?? least) >= least else { return nil }
                tree = .repeated(atom, least, most)
            } else {
                return tree
            }
            // Lazy or not is all one to whether it matches.
            _ = take("?")
            if let next = current, "*+?{".unicodeScalars.contains(next) { return nil }
            return tree
        }

        private mutating func number() -> Int? {
            var digits = ""
            while let scalar = current, ("0"..."9").contains(scalar) {
                digits.unicodeScalars.append(scalar)
                offset += 1
            }
            return Int(digits)
        }

        private mutating func atom() -> RegexTree? {
            guard let scalar = current else { return nil }
            offset += 1
            switch scalar {
            case "^": return .start
            case "$": return .end
            case ".": return .scalar(RegexClass(ranges: ["\n"..."\n"], isNegated: true))
            case "(":
                if take("?") { guard take(":") else { return nil } }
                guard let inner = alternatives(), take(")") else { return nil }
                return inner
            case "[": return characterClass().map { .scalar($0) }
            case "\\": return escape().map { .scalar($0) }
            case "*", "+", "?", "{", "]", "}": return nil
            default: return .scalar(RegexClass(ranges: [scalar...scalar]))
            }
        }

        private mutating func escape() -> RegexClass? {
            guard let scalar = current else { return nil }
            offset += 1
            if let set = RegexClass.of(scalar) { return set }
            let isPlain = scalar.isASCII && !scalar.properties.isAlphabetic && scalar.properties.numericType == nil
            return isPlain ? RegexClass(ranges: [scalar...scalar]) : nil
        }

        private mutating func characterClass() -> RegexClass? {
            var set = RegexClass(isNegated: take("^"))
            while let scalar = current, scalar != "]" || set.ranges.isEmpty {
                offset += 1
                if scalar == "[" { return nil }
                if scalar == "\\" {
                    guard let escaped = escape(), !escaped.isNegated else { return nil }
                    set.ranges += escaped.ranges
                    continue
                }
                if current == "-", offset + 1 < scalars.count, scalars[offset + 1] != "]" {
                    let last = scalars[offset + 1]
                    guard last != "\\", last >= scalar else { return nil }
                    offset += 2
                    set.ranges.append(scalar...last)
                } else {
                    set.ranges.append(scalar...scalar)
                }
            }
            return take("]") ? set : nil
        }
    }
}
