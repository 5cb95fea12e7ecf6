/// What must be told: what each module owns, and what each `package` declaration means to the other modules.
enum DocumentationRules {
    /// Requirements of the standard library's protocols, whose meaning is written there.
    private static let knownRequirements: Set<String> = [
        "description", "debugDescription", "hash", "next", "makeIterator",
        // Clock and Executor
        "Instant", "now", "minimumResolution", "enqueue",
    ]

    /// The same for initialisers, by their first label.
    private static let knownInitialisers: Set<String> = [
        "rawValue", "nilLiteral", "booleanLiteral", "integerLiteral", "floatLiteral", "stringLiteral", "arrayLiteral",
        "dictionaryLiteral",
    ]

    private static let declarations: Set<String> = [
        "actor", "class", "enum", "func", "init", "let", "protocol", "struct", "subscript", "typealias", "var",
    ]

    /// `package` declarations without a doc comment.
    ///
    /// A stored property may go without: its type's comment introduces it, and a comment that repeats its name is noise.
    /// What computes, what acts and what makes must be told.
    static func undocumented(_ sources: [SwiftSource]) -> [Violation] {
        sources.flatMap { source in
            source.tokens.indices.compactMap { index in
                guard let declaration = declaration(in: source.tokens, at: index) else { return nil }
                guard !declaration.isOperator, !declaration.isStored, !isKnown(declaration) else { return nil }
                guard !isDocumented(source, line: declaration.line) else { return nil }
                let message = "'\(declaration.name)' is seen by other modules: say what it means in a /// comment"
                return Violation(source.path, line: declaration.line, message)
            }
        }
    }

    /// Modules whose first file, `<Module>/<Module>.swift`, does not begin with what the module owns.
    static func unopenedModules(_ modules: [String], _ sources: [SwiftSource]) -> [Violation] {
        modules.compactMap { module in
            let opening = sources.first { $0.module == module && $0.path.hasSuffix("/\(module)/\(module).swift") }
            guard let opening else {
                return Violation("Sources/\(module)", "no \(module).swift: open the module with what it owns")
            }
            let comment = opening.lines.drop { !$0.hasPrefix("///") }.prefix { $0.hasPrefix("///") }
            let before = opening.lines.prefix { !$0.hasPrefix("///") }
            guard !comment.isEmpty, before.allSatisfy({ $0.isEmpty || $0.contains("import ") }) else {
                return Violation(
                    opening.path,
                    "begin with a /// comment: what \(module) owns, what it never does, which RFC"
                )
            }
            return nil
        }
    }

    private struct Declaration {
        let name: String
        let line: Int
        let firstLabel: String
        let isStored: Bool

        var isOperator: Bool { name.allSatisfy { !$0.isLetter && $0 != "_" } }
    }

    private static func isKnown(_ declaration: Declaration) -> Bool {
        declaration.name == "init"
            ? knownInitialisers.contains(declaration.firstLabel) : knownRequirements.contains(declaration.name)
    }

    private static func declaration(in tokens: [Token], at index: Int) -> Declaration? {
        guard tokens[index].text == "package", let keyword = keyword(tokens, after: index) else { return nil }
        guard keyword + 1 < tokens.count else { return nil }
        let kind = tokens[keyword].text
        let isProperty = kind == "let" || kind == "var"
        return Declaration(
            name: kind != "init" && kind != "subscript" ? tokens[keyword + 1].text : kind,
            line: tokens[index].line,
            firstLabel: keyword + 2 < tokens.count ? tokens[keyword + 2].text : "",
            isStored: isProperty && (kind == "let" || !computes(tokens, from: keyword))
        )
    }

    /// The declaration's keyword, past the modifiers; nil for an import or where `package` is an ordinary name.
    private static func keyword(_ tokens: [Token], after index: Int) -> Int? {
        let modifiers: Set<String> = [
            "static", "final", "mutating", "nonmutating", "consuming", "borrowing", "nonisolated", "private",
            "fileprivate",
            "set", "(", ")", "convenience", "override", "indirect", "required", "isolated", "async", "lazy", "weak",
        ]
        var place = index + 1
        while place < tokens.count, modifiers.contains(tokens[place].text) { place += 1 }
        guard place < tokens.count, declarations.contains(tokens[place].text) else { return nil }
        return place
    }

    private static func computes(_ tokens: [Token], from keyword: Int) -> Bool {
        let line = tokens[keyword].line
        for token in tokens[keyword...].dropFirst() {
            if token.text == "=" { return false }
            if token.text == "{" { return true }
            if token.line > line + 1 { return false }
        }
        return false
    }

    private static func isDocumented(_ source: SwiftSource, line: Int) -> Bool {
        let above = source.lines.prefix(line - 1).reversed().map { $0.drop { $0 == " " } }
        return above.first { !$0.hasPrefix("@") }?.hasPrefix("///") ?? false
    }
}
