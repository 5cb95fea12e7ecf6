/// Text with wildcards, as clouds match it: `*` for any run of characters at all, and where the cloud has it `?` for one.
///
/// Matching takes time linear in the value for each star, so no pattern backtracks without bound.
struct Glob: Sendable {
    enum Token: Equatable, Sendable {
        case literal(Unicode.Scalar)
        case any
        case one
    }

    var tokens: [Token]

    init(_ tokens: [Token]) { self.tokens = tokens }

    init(_ text: String, hasOne: Bool) {
        tokens = text.unicodeScalars.map { $0 == "*" ? .any : hasOne && $0 == "?" ? .one : .literal($0) }
    }

    init(literal text: String) { tokens = text.unicodeScalars.map { .literal($0) } }

    var hasWildcard: Bool { tokens.contains { if case .literal = $0 { false } else { true } } }

    /// Whether a value matches as a whole.
    func matches(_ value: String, ignoringCase: Bool = false) -> Bool {
        let value = Array((ignoringCase ? value.lowercased() : value).unicodeScalars)
        var (at, token) = (0, 0)
        var retry: (at: Int, token: Int)?
        while at < value.count {
            if token < tokens.count, tokens[token] == .any {
                retry = (at, token + 1)
                token += 1
            } else if token < tokens.count, Self.matches(tokens[token], value[at], ignoringCase) {
                at += 1
                token += 1
            } else if let last = retry {
                retry = (last.at + 1, last.token)
                (at, token) = (last.at + 1, last.token)
            } else {
                return false
            }
        }
        return tokens[token...].allSatisfy { $0 == .any }
    }

    private static func matches(_ token: Token, _ scalar: Unicode.Scalar, _ ignoringCase: Bool) -> Bool {
        switch token {
        case .any: false
        case .one: true
        case .literal(let own):
            own == scalar || ignoringCase && own.properties.lowercaseMapping.unicodeScalars.elementsEqual([scalar])
        }
    }

    /// A text that matches, with something in place of each wildcard.
    func sample(_ filling: String) -> String {
        var text = ""
        for token in tokens {
            switch token {
            case .literal(let scalar): text.unicodeScalars.append(scalar)
            case .any: text += filling
            case .one: text += "x"
            }
        }
        return text
    }
}
