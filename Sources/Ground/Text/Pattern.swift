/// A compiled pattern of the contract's rules: exact text, `*` for any run of characters but `/`, `**` for any run at all.
///
/// It is anchored at both ends, and there are no other special characters and no escapes. Matching takes time linear in
/// the value, whatever the pattern: one star is decided by its prefix and suffix, several by an automaton whose states
/// are bits, so no pattern backtracks.
package struct Pattern: Hashable, Sendable, CustomStringConvertible {
    /// The longest pattern, in bytes; also the longest value of a claim.
    package static let maximumLength = 1024

    private let source: String
    private let form: Form

    /// How a pattern is decided.
    private enum Form: Hashable, Sendable {
        case exact([UInt8])
        /// Text, one star, text.
        case oneStar(prefix: [UInt8], crossesSlash: Bool, suffix: [UInt8])
        case automaton(StarAutomaton)
    }

    /// Compiles a pattern; a run of three or more `*` means the same as two.
    ///
    /// - Throws: `TextError` where it is empty, too long, or could match no claim at all.
    package init(_ text: String) throws(TextError) {
        guard !text.isEmpty else {
            throw TextError(
                code: .emptyPattern,
                reason: "an empty value matches no claim",
                fix: "write the value, or * for any"
            )
        }
        let length = text.utf8.count
        guard length <= Self.maximumLength else {
            throw TextError(
                code: .longPattern,
                reason: "the value has \(length) bytes, which no claim has",
                fix: "write at most \(Self.maximumLength)"
            )
        }
        if let scalar = text.firstInvisibleScalar {
            throw TextError(
                code: .invisibleCharacter,
                reason: "the value holds the invisible character \(scalar.codePoint), which no claim can have",
                fix: "remove it"
            )
        }
        source = text
        form = Self.form(of: Self.tokens(of: text))
    }

    /// The pattern that one text of the program's own matches, and nothing else.
    package init(exactly text: StaticString) {
        source = text.description
        form = .exact(Array(source.utf8))
    }

    /// The pattern that every value matches.
    package static let anything = Pattern(anything: ())

    private init(anything: Void) {
        source = "**"
        form = .oneStar(prefix: [], crossesSlash: true, suffix: [])
    }

    /// The pattern as it was written.
    package var description: String { source }

    /// Whether the pattern holds a star.
    package var hasStar: Bool {
        if case .exact = form { false } else { true }
    }

    /// The shortest value that matches: a star may stand for nothing.
    package var shortestMatch: String {
        var text = ""
        text.unicodeScalars.append(contentsOf: source.unicodeScalars.filter { $0 != "*" || !hasStar })
        return text
    }

    /// Whether a value matches as a whole, byte for byte.
    package func matches(_ value: String) -> Bool {
        let value = value.utf8.span
        switch form {
        case .exact(let bytes):
            return value.count == bytes.count && value.isEqual(to: bytes, at: 0)
        case .oneStar(let prefix, let crossesSlash, let suffix):
            let end = value.count - suffix.count
            guard prefix.count <= end, value.isEqual(to: prefix, at: 0), value.isEqual(to: suffix, at: end) else {
                return false
            }
            return crossesSlash || !value.contains(UInt8(ascii: "/"), from: prefix.count, to: end)
        case .automaton(let automaton):
            return automaton.accepts(value)
        }
    }

    /// Whether some value matches this pattern and another.
    package func meets(_ other: Pattern) -> Bool {
        let (mine, theirs) = (Self.tokens(of: source), Self.tokens(of: other.source))
        // Which tokens of the other may be what the rest begins with, for each of mine; a star may stand for nothing.
        var seen: Set<[Int]> = []
        var waiting = [[0, 0]]
        while let place = waiting.popLast() {
            guard seen.insert(place).inserted else { continue }
            let (left, right) = (place[0], place[1])
            if left == mine.count, right == theirs.count { return true }
            let (first, second) = (left < mine.count ? mine[left] : nil, right < theirs.count ? theirs[right] : nil)
            if let first, first.literal == nil { waiting.append([left + 1, right]) }
            if let second, second.literal == nil { waiting.append([left, right + 1]) }
            guard let first, let second else { continue }
            switch (first.literal, second.literal) {
            case (let byte?, let other?): if byte == other { waiting.append([left + 1, right + 1]) }
            case (let byte?, nil): if second.takes(byte) { waiting.append([left + 1, right]) }
            case (nil, let byte?): if first.takes(byte) { waiting.append([left, right + 1]) }
            case (nil, nil): break
            }
        }
        return false
    }

    /// Whether every value that matches another pattern surely matches this one; false also where that is hard to tell.
    package func covers(_ other: Pattern) -> Bool {
        guard other.hasStar else { return matches(other.source) }
        guard source != other.source, !Self.tokens(of: source).elementsEqual(Self.tokens(of: other.source)) else {
            return true
        }
        guard case .oneStar(let prefix, let crossesSlash, let suffix) = form, suffix.isEmpty else { return false }
        let theirs = Self.tokens(of: other.source)
        guard theirs.count >= prefix.count, zip(prefix, theirs).allSatisfy({ $1.literal == $0 }) else { return false }
        return crossesSlash
            || theirs[prefix.count...].allSatisfy { $0 != .doubleStar && $0.literal != UInt8(ascii: "/") }
    }

    private static func tokens(of text: String) -> [StarAutomaton.Token] {
        var tokens: [StarAutomaton.Token] = []
        for byte in text.utf8 {
            guard byte == UInt8(ascii: "*") else {
                tokens.append(.byte(byte))
                continue
            }
            switch tokens.last {
            case .star, .doubleStar: tokens[tokens.count - 1] = .doubleStar
            default: tokens.append(.star)
            }
        }
        return tokens
    }

    private static func form(of tokens: [StarAutomaton.Token]) -> Form {
        let stars = tokens.indices.filter { tokens[$0].literal == nil }
        guard let first = stars.first else { return .exact(tokens.compactMap(\.literal)) }
        guard stars.count == 1 else { return .automaton(StarAutomaton(tokens)) }
        return .oneStar(
            prefix: tokens[..<first].compactMap(\.literal),
            crossesSlash: tokens[first] == .doubleStar,
            suffix: tokens[(first + 1)...].compactMap(\.literal)
        )
    }
}

extension Span<UInt8> {
    fileprivate func isEqual(to bytes: [UInt8], at offset: Int) -> Bool {
        for index in bytes.indices where self[offset + index] != bytes[index] { return false }
        return true
    }

    fileprivate func contains(_ byte: UInt8, from start: Int, to end: Int) -> Bool {
        for index in start..<end where self[index] == byte { return true }
        return false
    }
}
