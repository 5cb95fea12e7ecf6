extension CELEvaluator {
    func call(_ target: CELExpression?, _ name: String, _ arguments: [CELExpression]) -> CELValue {
        switch (target, name, arguments.count) {
        case (nil, "has", 1): return presence(arguments[0])
        case (let target?, "exists", 2), (let target?, "all", 2): return macro(target, name, arguments)
        case (nil, _, _): return function(name, arguments.map(value))
        case (let target?, _, _): return method(value(target), name, arguments.map(value))
        }
    }

    private func presence(_ expression: CELExpression) -> CELValue {
        guard case .member(let base, let name, false) = expression.form else {
            return .unknown("has() of what is no field")
        }
        switch value(base) {
        case .map(let entries): return .bool(entries.contains { $0.0 == name })
        case let other: return other.isFailure ? other : .error("has() of what has no fields")
        }
    }

    private func macro(_ target: CELExpression, _ name: String, _ arguments: [CELExpression]) -> CELValue {
        guard case .name(let variable) = arguments[0].form else { return .unknown("\(name) without a variable") }
        let elements: [CELValue]
        switch value(target) {
        case .list(let list): elements = list
        case .map(let entries): elements = entries.map { .string($0.0) }
        case let other: return other.isFailure ? other : .error("\(name) of what is no list")
        }
        let absorbing = name == "exists"
        var failure: CELValue?
        for element in elements {
            var inner = self
            inner.variables[variable] = element
            switch inner.value(arguments[1]) {
            case .bool(absorbing): return .bool(absorbing)
            case .bool: continue
            case let other:
                if case .unknown = failure {
                    continue
                } else {
                    failure = other.isFailure ? other : .error("\(name) of no boolean")
                }
            }
        }
        return failure ?? .bool(!absorbing)
    }

    private func function(_ name: String, _ arguments: [CELValue]) -> CELValue {
        if let failure = arguments.first(where: \.isFailure) { return failure }
        switch (name, arguments.first) {
        case ("size", let value?) where arguments.count == 1: return size(value)
        case ("string", .string(let text)?): return .string(text)
        case ("string", .int(let number)?): return .string("\(number)")
        case ("string", .bool(let value)?): return .string("\(value)")
        case ("int", .int(let number)?): return .int(number)
        case ("int", .string(let text)?): return Int64(text).map { .int($0) } ?? .error("no number")
        case ("bool", .bool(let value)?): return .bool(value)
        default: return .unknown("\(name)() is not understood here")
        }
    }

    private func size(_ value: CELValue) -> CELValue {
        switch value {
        case .string(let text): .int(Int64(text.unicodeScalars.count))
        case .list(let elements): .int(Int64(elements.count))
        case .map(let entries): .int(Int64(entries.count))
        default: .error("size of what has none")
        }
    }

    private func method(_ target: CELValue, _ name: String, _ arguments: [CELValue]) -> CELValue {
        if let failure = ([target] + arguments).first(where: \.isFailure) { return failure }
        if name == "size", arguments.isEmpty { return size(target) }
        guard case .string(let text) = target else {
            if name == "join", case .list(let elements) = target { return join(elements, arguments) }
            let isOfText = [
                "startsWith", "endsWith", "contains", "matches", "extract", "split", "lowerAscii", "upperAscii",
            ].contains(name)
            return isOfText ? .error("\(name) of what is no text") : .unknown("\(name)() is not understood here")
        }
        if arguments.isEmpty {
            switch name {
            case "lowerAscii": return .string(text.mappedASCII { (65...90).contains($0) ? $0 + 32 : $0 })
            case "upperAscii": return .string(text.mappedASCII { (97...122).contains($0) ? $0 - 32 : $0 })
            default: return .unknown("\(name)() is not understood here")
            }
        }
        guard arguments.count == 1, case .string(let other) = arguments[0] else {
            return .unknown("\(name)() with these arguments is not understood here")
        }
        switch name {
        case "startsWith": return .bool(text.utf8.starts(with: other.utf8))
        case "endsWith": return .bool(text.utf8.reversed().starts(with: other.utf8.reversed()))
        case "contains": return .bool(text.utf8.firstIndex(of: other) != nil)
        case "matches":
            guard let regex = LinearRegex(other) else {
                return .unknown("the regular expression '\(other)' is not understood here")
            }
            return regex.isFound(in: text).map { .bool($0) } ?? .unknown("the text is too long to match")
        case "extract":
            return CELExtraction(other).map { .string($0.value(in: text)) }
                ?? .unknown("extract('\(other)') is not understood here")
        case "split":
            guard !other.isEmpty else { return .unknown("split('') is not understood here") }
            return .list(text.pieces(partedBy: other).map { .string($0) })
        default: return .unknown("\(name)() is not understood here")
        }
    }

    private func join(_ elements: [CELValue], _ arguments: [CELValue]) -> CELValue {
        var texts: [String] = []
        for element in elements {
            guard case .string(let text) = element else { return .error("join of what are no texts") }
            texts.append(text)
        }
        guard case .string(let separator)? = arguments.first else {
            return arguments.isEmpty ? .string(texts.joined()) : .error("join with what is no text")
        }
        return .string(texts.joined(separator: separator))
    }
}

/// The template of Google's `extract`: `repo:{name}:` gives what stands between, and up to the end where nothing follows.
struct CELExtraction {
    let before: String
    let after: String

    init?(_ template: String) {
        guard let open = template.firstIndex(of: "{"), let close = template.firstIndex(of: "}"), open < close,
            template.count(where: { $0 == "{" }) == 1, template.count(where: { $0 == "}" }) == 1
        else { return nil }
        before = String(template[..<open])
        after = String(template[template.index(after: close)...])
    }

    /// What the template finds; empty where it does not match.
    func value(in text: String) -> String {
        let bytes = text.utf8
        guard
            let start = before.isEmpty
                ? bytes.startIndex : bytes.firstIndex(of: before).map({ bytes.index($0, offsetBy: before.utf8.count) })
        else { return "" }
        if after.isEmpty { return String(text[start...]) }
        guard let end = text[start...].utf8.firstIndex(of: after) else { return "" }
        return String(text[start..<end])
    }

    /// A text in which the template finds a value.
    func filled(_ value: String) -> String { before + value + after }
}

extension Collection where Element == UInt8 {
    /// Where a text first stands, byte for byte.
    func firstIndex(of wanted: String) -> Index? {
        var index = startIndex
        while true {
            if self[index...].starts(with: wanted.utf8) { return index }
            guard index < endIndex else { return nil }
            index = self.index(after: index)
        }
    }
}

extension String {
    fileprivate func mappedASCII(_ change: (UInt8) -> UInt8) -> String {
        String(decoding: utf8.map(change), as: UTF8.self)
    }

    fileprivate func pieces(partedBy separator: String) -> [String] {
        var pieces: [String] = []
        var rest = self[...]
        while let index = rest.utf8.firstIndex(of: separator) {
            pieces.append(String(rest[..<index]))
            rest = rest[rest.utf8.index(index, offsetBy: separator.utf8.count)...]
        }
        return pieces + [String(rest)]
    }
}
