/// A place in a JSON value (RFC 6901), such as `/Response/Credentials/Token` or `/errors/0/message`.
package struct JSONPointer: Hashable, Sendable, CustomStringConvertible {
    /// The pointer as it was written.
    package let description: String
    private let tokens: [String]

    /// Takes a pointer of at most 256 bytes; nil where the text is none.
    package init?(_ text: String) {
        guard text.isEmpty || text.hasPrefix("/"), text.utf8.count <= 256 else { return nil }
        var tokens: [String] = []
        for part in text.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let token = Self.unescaped(part) else { return nil }
            tokens.append(token)
        }
        self.tokens = tokens
        description = text
    }

    /// The value at the place; nil where there is none.
    package func value(in root: JSON) -> JSON? {
        var value = root
        for token in tokens {
            switch value {
            case .object(let members):
                guard let member = members[token] else { return nil }
                value = member
            case .array(let elements):
                guard let index = Self.index(token), index < elements.count else { return nil }
                value = elements[index]
            default: return nil
            }
        }
        return value
    }

    /// `~1` stands for `/` and `~0` for `~`; any other escape is none.
    private static func unescaped(_ part: Substring) -> String? {
        var text = ""
        var isEscaped = false
        for scalar in part.unicodeScalars {
            switch (isEscaped, scalar) {
            case (false, "~"): isEscaped = true
            case (false, _): text.unicodeScalars.append(scalar)
            case (true, "0"), (true, "1"):
                text += scalar == "0" ? "~" : "/"
                isEscaped = false
            default: return nil
            }
        }
        return isEscaped ? nil : text
    }

    /// An index without leading zeros (RFC 6901, section 4).
    private static func index(_ token: String) -> Int? {
        guard (1...9).contains(token.utf8.count), token == "0" || !token.hasPrefix("0"),
            token.utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        return Int(token)
    }
}
