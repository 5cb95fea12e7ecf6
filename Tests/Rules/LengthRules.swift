/// How long a file and a function may be: what a newcomer must hold in mind at once.
enum LengthRules {
    static let longestFile = 400
    static let longestFunction = 60

    /// Files above the limit.
    static func longFiles(_ sources: [SwiftSource]) -> [Violation] {
        sources.compactMap { source in
            let count = source.lines.last == "" ? source.lines.count - 1 : source.lines.count
            guard count > longestFile else { return nil }
            return Violation(
                source.path,
                line: longestFile + 1,
                "\(count) lines, at most \(longestFile): split the file"
            )
        }
    }

    /// Functions, initialisers and computed properties above the limit, from their first line to their last brace.
    static func longFunctions(_ sources: [SwiftSource]) -> [Violation] {
        sources.flatMap { source in
            bodies(of: source).compactMap { body in
                let count = body.last - body.first + 1
                guard count > longestFunction else { return nil }
                return Violation(
                    source.path,
                    line: body.first,
                    "'\(body.name)' has \(count) lines, at most \(longestFunction): divide it"
                )
            }
        }
    }

    private struct Body {
        let name: String
        let first: Int
        let last: Int
    }

    private static func bodies(of source: SwiftSource) -> [Body] {
        let tokens = source.tokens
        return tokens.indices.compactMap { index in
            guard declaresBody(tokens, at: index), let open = openingBrace(tokens, after: index) else { return nil }
            let name = index + 1 < tokens.count ? tokens[index + 1].text : ""
            return Body(
                name: tokens[index].text == "func" || tokens[index].text == "var" ? name : tokens[index].text,
                first: tokens[index].line,
                last: closingLine(tokens, from: open)
            )
        }
    }

    private static func declaresBody(_ tokens: [Token], at index: Int) -> Bool {
        let before = index > 0 ? tokens[index - 1].text : ""
        let after = index + 1 < tokens.count ? tokens[index + 1].text : ""
        switch tokens[index].text {
        case "func", "var": return true
        case "deinit": return after == "{"
        case "init", "subscript": return before != "." && before != "`" && ["(", "?", "<"].contains(after)
        default: return false
        }
    }

    /// Where a body begins; nil where there is none, as in a protocol, or for a stored property.
    private static func openingBrace(_ tokens: [Token], after start: Int) -> Int? {
        let next: Set<String> = [
            "func", "init", "deinit", "subscript", "var", "let", "case", "struct", "enum", "class", "actor",
            "extension",
            "protocol", "typealias", "associatedtype", "package", "private", "static", "mutating", "}",
        ]
        let isProperty = tokens[start].text == "var"
        var depth = 0
        for index in tokens.indices.dropFirst(start + 1) {
            switch tokens[index].text {
            case "(", "[": depth += 1
            case ")", "]": depth -= 1
            case "{" where depth == 0: return index
            case "=" where depth == 0 && isProperty: return nil
            case let word where depth == 0 && next.contains(word): return nil
            case _ where depth < 0: return nil
            default: break
            }
        }
        return nil
    }

    private static func closingLine(_ tokens: [Token], from open: Int) -> Int {
        var depth = 0
        for token in tokens[open...] {
            if token.text == "{" { depth += 1 }
            if token.text == "}" { depth -= 1 }
            if depth == 0 { return token.line }
        }
        return tokens.last?.line ?? 0
    }
}
