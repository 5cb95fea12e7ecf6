/// Reads CEL; what it does not know is an error, so that nothing is taken for what it is not.
struct CELParser {
    enum Token: Equatable {
        case name(String)
        case string(String)
        case number(String)
        case symbol(String)
        case end
    }

    private var tokens: [(token: Token, start: Int, end: Int)] = []
    private var position = 0
    private var depth = 0
    private let scalars: [Unicode.Scalar]

    /// The longest expression that is read, and how deep it may nest.
    static let maximumLength = 8_192
    static let maximumDepth = 64

    /// Reads an expression.
    ///
    /// - Throws: `TrustError` without a place.
    static func parse(_ text: String) throws(TrustError) -> CELExpression {
        guard text.unicodeScalars.count <= maximumLength else {
            throw TrustError(nil, "the expression has over \(maximumLength) characters", fix: "write a shorter one")
        }
        var parser = try CELParser(text)
        let expression = try parser.conditional()
        guard parser.current == .end else { throw parser.surprise("the end") }
        return expression
    }

    private init(_ text: String) throws(TrustError) {
        scalars = Array(text.unicodeScalars)
        var lexer = CELLexer(scalars)
        tokens = try lexer.tokens()
    }

    private var current: Token { tokens[position].token }

    private func surprise(_ wanted: String) -> TrustError {
        let seen: String =
            switch current {
            case .name(let text), .number(let text), .symbol(let text): "'\(text)'"
            case .string: "a text"
            case .end: "the end"
            }
        return TrustError(nil, "the expression has \(seen) where \(wanted) is wanted", fix: "write it as CEL has it")
    }

    private mutating func take(_ symbol: String) -> Bool {
        guard current == .symbol(symbol) else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ symbol: String) throws(TrustError) {
        guard take(symbol) else { throw surprise("'\(symbol)'") }
    }

    private func made(_ form: CELExpression.Form, from start: Int) -> CELExpression {
        let (from, to) = (tokens[start].start, tokens[max(start, position - 1)].end)
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars[from..<to])
        return CELExpression(form, text: text)
    }

    private mutating func conditional() throws(TrustError) -> CELExpression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw TrustError(nil, "the expression nests deeper than \(Self.maximumDepth)", fix: "write a flatter one")
        }
        let start = position
        let condition = try binary(0)
        guard take("?") else { return condition }
        let left = try conditional()
        try expect(":")
        let right = try conditional()
        return made(.conditional(condition, left, right), from: start)
    }

    private static let levels: [[String]] = [
        ["||"], ["&&"], ["==", "!=", "<=", ">=", "<", ">", "in"], ["+", "-"], ["*", "/", "%"],
    ]

    private mutating func binary(_ level: Int) throws(TrustError) -> CELExpression {
        guard level < Self.levels.count else { return try unary() }
        let start = position
        var left = try binary(level + 1)
        while let symbol = Self.levels[level].first(where: {
            current == .symbol($0) || $0 == "in" && current == .name("in")
        }) {
            position += 1
            let right = try binary(level + 1)
            left = made(.binary(symbol, left, right), from: start)
        }
        return left
    }

    private mutating func unary() throws(TrustError) -> CELExpression {
        let start = position
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.maximumDepth else {
            throw TrustError(nil, "the expression nests deeper than \(Self.maximumDepth)", fix: "write a flatter one")
        }
        if take("!") { return made(.not(try unary()), from: start) }
        if take("-") { return made(.negative(try unary()), from: start) }
        return try postfix()
    }

    private mutating func postfix() throws(TrustError) -> CELExpression {
        let start = position
        var expression = try primary()
        while true {
            if take(".") {
                let isOptional = take("?")
                guard case .name(let name) = current else { throw surprise("a name") }
                position += 1
                if !isOptional, take("(") {
                    let arguments = try arguments(until: ")")
                    expression = made(.call(expression, name, arguments), from: start)
                } else {
                    expression = made(.member(expression, name, isOptional: isOptional), from: start)
                }
            } else if take("[") {
                let key = try conditional()
                try expect("]")
                expression = made(.index(expression, key), from: start)
            } else {
                return expression
            }
        }
    }

    private mutating func arguments(until end: String) throws(TrustError) -> [CELExpression] {
        var arguments: [CELExpression] = []
        while !take(end) {
            arguments.append(try conditional())
            if !take(",") {
                try expect(end)
                break
            }
        }
        return arguments
    }

    private mutating func primary() throws(TrustError) -> CELExpression {
        let start = position
        let token = current
        position += 1
        switch token {
        case .string(let text): return made(.literal(.string(text)), from: start)
        case .number(let text):
            if let number = Int64(text) { return made(.literal(.int(number)), from: start) }
            if let number = Double(text) { return made(.literal(.double(number)), from: start) }
        case .name("true"): return made(.literal(.bool(true)), from: start)
        case .name("false"): return made(.literal(.bool(false)), from: start)
        case .name("null"): return made(.literal(.null), from: start)
        case .name(let name) where name != "in":
            guard take("(") else { return made(.name(name), from: start) }
            return made(.call(nil, name, try arguments(until: ")")), from: start)
        case .symbol("("):
            let inner = try conditional()
            try expect(")")
            return inner
        case .symbol("["): return made(.list(try arguments(until: "]")), from: start)
        case .symbol("{"):
            var entries: [(CELExpression, CELExpression)] = []
            while !take("}") {
                let key = try conditional()
                try expect(":")
                entries.append((key, try conditional()))
                if !take(",") {
                    try expect("}")
                    break
                }
            }
            return made(.map(entries), from: start)
        default: break
        }
        position = start
        throw surprise("a value")
    }
}

/// Divides CEL into tokens.
struct CELLexer {
    private let scalars: [Unicode.Scalar]
    private var offset = 0

    init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

    private func scalar(_ ahead: Int = 0) -> Unicode.Scalar? {
        offset + ahead < scalars.count ? scalars[offset + ahead] : nil
    }

    mutating func tokens() throws(TrustError) -> [(token: CELParser.Token, start: Int, end: Int)] {
        var found: [(token: CELParser.Token, start: Int, end: Int)] = []
        while true {
            while let scalar = scalar(), scalar.properties.isWhitespace { offset += 1 }
            if scalar() == "/", scalar(1) == "/" {
                while let scalar = scalar(), scalar != "\n" { offset += 1 }
                continue
            }
            let start = offset
            let token = try next()
            found.append((token, start, offset))
            if token == .end { return found }
        }
    }

    private mutating func next() throws(TrustError) -> CELParser.Token {
        guard let first = scalar() else { return .end }
        if first == "'" || first == "\"" { return .string(try string(isRaw: false)) }
        if first == "r" || first == "R", scalar(1) == "'" || scalar(1) == "\"" {
            offset += 1
            return .string(try string(isRaw: true))
        }
        if first == "b" || first == "B", scalar(1) == "'" || scalar(1) == "\"" {
            throw TrustError(nil, "bytes are not read here", fix: "compare text")
        }
        if ("0"..."9").contains(first) { return .number(word { ("0"..."9").contains($0) || $0 == "." }) }
        if Self.isLetter(first) { return .name(word { Self.isLetter($0) || ("0"..."9").contains($0) }) }
        for symbol in ["||", "&&", "==", "!=", "<=", ">="]
        where first == symbol.unicodeScalars.first && scalar(1) == symbol.unicodeScalars.last {
            offset += 2
            return .symbol(symbol)
        }
        guard "()[]{}.,:?!<>+-*/%".unicodeScalars.contains(first) else {
            throw TrustError(nil, "'\(first)' has no place in an expression", fix: "write it as CEL has it")
        }
        offset += 1
        return .symbol(String(Character(first)))
    }

    private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
    }

    private mutating func word(_ belongs: (Unicode.Scalar) -> Bool) -> String {
        var text = ""
        while let scalar = scalar(), belongs(scalar) {
            text.unicodeScalars.append(scalar)
            offset += 1
        }
        return text
    }

    private mutating func string(isRaw: Bool) throws(TrustError) -> String {
        let quote = scalar()
        let open = TrustError(nil, "a text in the expression does not end", fix: "close its quote")
        offset += 1
        if scalar() == quote, scalar(1) == quote {
            throw TrustError(nil, "a text in three quotes is not read here", fix: "write it in one pair")
        }
        var text = ""
        while let scalar = scalar(), scalar != quote {
            offset += 1
            guard scalar == "\\", !isRaw else {
                text.unicodeScalars.append(scalar)
                continue
            }
            guard let escaped = self.scalar() else { throw open }
            offset += 1
            switch escaped {
            case "n": text += "\n"
            case "t": text += "\t"
            case "r": text += "\r"
            case "\\", "'", "\"", "`", "?": text.unicodeScalars.append(escaped)
            default: throw TrustError(nil, "the escape \\\(escaped) is not read here", fix: "write a raw text, r'…'")
            }
        }
        guard scalar() == quote else { throw open }
        offset += 1
        return text
    }
}
