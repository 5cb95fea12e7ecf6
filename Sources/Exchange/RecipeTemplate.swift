internal import Encoding

/// A text with places for values: `Bearer {token}`; `{{` and `}}` stand for braces.
package struct RecipeTemplate: Equatable, Sendable {
    private enum Piece: Equatable, Sendable {
        case text(String)
        case place(String)
    }

    /// What is done to each value before it is put in.
    enum Escape {
        case none
        /// Everything but letters, digits and `-._~`, so that a value stays within its part of a URL.
        case percent
    }

    private let pieces: [Piece]
    /// The text as it was written.
    let source: String

    /// Reads a text whose places are among some.
    ///
    /// - Throws: `TargetError` of the key that the text is written under.
    package init(_ text: String, key: String, places: Set<String>) throws(TargetError) {
        var pieces: [Piece] = []
        var literal = ""
        var rest = text.unicodeScalars[...]
        func refused(_ wanted: String) -> TargetError { TargetError(key, seen: text, wanted: wanted) }
        while let scalar = rest.popFirst() {
            guard scalar == "{" || scalar == "}" else {
                literal.unicodeScalars.append(scalar)
                continue
            }
            if rest.first == scalar {
                literal.unicodeScalars.append(scalar)
                rest.removeFirst()
                continue
            }
            guard scalar == "{", let end = rest.firstIndex(of: "}") else { throw refused("'{{' or '}}' for a brace") }
            let name = String(rest[..<end])
            rest = rest[rest.index(after: end)...]
            guard places.contains(name) else {
                throw refused(
                    "one of \(places.sorted().map { "{\($0)}" }.joined(separator: ", ")) instead of {\(name)}"
                )
            }
            if !literal.isEmpty { pieces.append(.text(literal)) }
            literal = ""
            pieces.append(.place(name))
        }
        if !literal.isEmpty { pieces.append(.text(literal)) }
        self.pieces = pieces
        source = text
    }

    /// The names of the places.
    var places: Set<String> {
        Set(pieces.compactMap { piece in if case .place(let name) = piece { name } else { nil } })
    }

    /// The one place that the whole text is; nil where there is more.
    var onlyPlace: String? {
        guard pieces.count == 1, case .place(let name) = pieces[0] else { return nil }
        return name
    }

    /// The text with values in its places; nil where one of them has none.
    func filled(_ values: [String: String], _ escape: Escape = .none) -> String? {
        var text = ""
        for piece in pieces {
            switch piece {
            case .text(let literal): text += literal
            case .place(let name):
                guard let value = values[name] else { return nil }
                switch escape {
                case .none: text += value
                case .percent: text += PercentEncoding.encode(value)
                }
            }
        }
        return text
    }
}
