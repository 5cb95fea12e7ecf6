/// Where memory may be touched, and what may not be said at all.
enum SafetyRules {
    /// Code that touches memory outside the modules that wrap a C library.
    static func unsafeCode(_ sources: [SwiftSource]) -> [Violation] {
        sources.filter { !$0.isGround }.flatMap { source in
            source.tokens.filter { $0.text == "unsafe" || $0.text.contains("Unsafe") || $0.text == "safe" }
                .filter { $0.text != "safe" || isAttribute($0, in: source) }
                .map {
                    Violation(source.path, line: $0.line, "'\($0.text)': memory is touched in Sources/Ground alone")
                }
        }
    }

    /// `@unchecked Sendable` without the argument for it on the line above or beside it.
    static func unarguedSendable(_ sources: [SwiftSource]) -> [Violation] {
        sources.flatMap { source in
            source.tokens.filter { $0.text == "unchecked" && isAttribute($0, in: source) }
                .filter { token in
                    let above = token.line > 1 ? source.lines[token.line - 2] : ""
                    return !above.contains("//") && !source.lines[token.line - 1].contains("//")
                }
                .map {
                    Violation(source.path, line: $0.line, "@unchecked Sendable: say why it holds, on the line above")
                }
        }
    }

    /// Values without a type, and types that are named for what they are not.
    static func vagueTypes(_ sources: [SwiftSource]) -> [Violation] {
        let kinds: Set<String> = ["actor", "class", "enum", "protocol", "struct", "typealias"]
        return sources.flatMap { source -> [Violation] in
            let untyped = source.tokens.filter { $0.text == "Any" }
                .map { Violation(source.path, line: $0.line, "'\($0.text)': give it a type") }
            let vague = zip(source.tokens, source.tokens.dropFirst())
                .filter { kinds.contains($0.text) && isVague($1.text) }
                .map { Violation(source.path, line: $1.line, "'\($1.text)' says nothing: name what it is") }
            return untyped + vague
        }
    }

    /// Work that was put off and left in the text.
    static func unfinished(path: String, text: String) -> [Violation] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .filter { _, line in marks.contains { line.contains($0) } }
            .map { Violation(path, line: $0.offset + 1, "unfinished work: do it, or file it") }
    }

    // In two halves, so that this file does not accuse itself.
    private static let marks = ["TO" + "DO", "FIX" + "ME", "not yet " + "written"]

    private static func isVague(_ name: String) -> Bool {
        ["Manager", "Helper", "Helpers", "Util", "Utils", "Utilities"].contains { name.hasSuffix($0) }
    }

    private static func isAttribute(_ token: Token, in source: SwiftSource) -> Bool {
        source.lines[token.line - 1].contains("@\(token.text)")
    }
}
