internal import Claims
internal import Policy
internal import Text

/// One form of the `sub`s that a rule allows: text with stars between.
struct SubjectShape: Equatable, Sendable {
    enum Piece: Equatable, Sendable {
        case text(String)
        /// Any run of characters but `/`.
        case star
        /// Any run of characters.
        case doubleStar
    }

    private(set) var pieces: [Piece] = []

    /// The pieces of a pattern of our rules, its text encoded as values of a `sub` are.
    init(of pattern: Pattern) {
        for piece in Self.pieces(of: pattern.description) {
            if case .text(let text) = piece { append(SubjectFormat.encoded(text)) } else { pieces.append(piece) }
        }
    }

    init(_ pieces: [Piece] = []) { self.pieces = pieces }

    /// The pieces of a pattern as it is written.
    static func pieces(of pattern: String) -> [Piece] {
        var pieces: [Piece] = []
        var text = ""
        var stars = 0
        func flush() {
            if !text.isEmpty { pieces.append(.text(text)) }
            if stars > 0 { pieces.append(stars == 1 ? .star : .doubleStar) }
            (text, stars) = ("", 0)
        }
        for character in pattern {
            if character == "*" {
                stars += 1
            } else {
                if stars > 0 { flush() }
                text.append(character)
            }
        }
        flush()
        return pieces
    }

    /// The forms that a rule's subjects can have; nil where they are more than `most`.
    static func shapes(of rule: Rule, _ format: SubjectFormat, most: Int) -> [SubjectShape]? {
        var shapes = [SubjectShape()]
        for name in format.names {
            var next: [SubjectShape] = []
            let condition = rule.conditions.first { $0.name == name }
            for shape in shapes {
                if let condition {
                    next += condition.patterns.map { shape.adding(name, SubjectShape(of: $0)) }
                    continue
                }
                next.append(shape.adding(name, SubjectShape([.doubleStar])))
                // A run may lack the claim, and its sub has then neither name nor value.
                if !ClaimName.ofEveryRun.contains(name), name != .trust { next.append(shape) }
            }
            guard next.count <= most else { return nil }
            shapes = next
        }
        return shapes.filter { !$0.pieces.isEmpty }
    }

    private func adding(_ name: ClaimName, _ value: SubjectShape) -> SubjectShape {
        var shape = self
        shape.append((shape.pieces.isEmpty ? "" : ":") + "\(name):")
        for piece in value.pieces {
            if case .text(let text) = piece { shape.append(text) } else { shape.pieces.append(piece) }
        }
        return shape
    }

    private mutating func append(_ text: String) {
        if case .text(let last)? = pieces.last {
            pieces[pieces.count - 1] = .text(last + text)
        } else {
            pieces.append(.text(text))
        }
    }

    /// The one subject that it is; nil where it has a star.
    var exact: String? {
        switch pieces.count {
        case 0: ""
        case 1: if case .text(let text) = pieces[0] { text } else { nil }
        default: nil
        }
    }

    /// Whether it is the digest of a longer one.
    var isDigest: Bool { exact?.hasPrefix(SubjectFormat.digestPrefix) ?? false }

    var hasSingleStar: Bool { pieces.contains(.star) }

    /// As AWS and OpenBao write patterns: `*` for any run of characters, `/` among them.
    func glob(_ escape: (String) -> String = { $0 }) -> String {
        pieces.map { piece in if case .text(let text) = piece { escape(text) } else { "*" } }.joined()
    }

    /// What a glob lets in beyond the shape: a `/` where a single star stands, once for each of them.
    ///
    /// Empty also where a double star is near, which makes the two impossible to tell apart by globs.
    func excesses(_ escape: (String) -> String = { $0 }) -> [String] {
        pieces.indices.filter { pieces[$0] == .star }.map { star in
            pieces.enumerated().map { index, piece in
                if case .text(let text) = piece { return escape(text) }
                return index == star ? "*/*" : "*"
            }.joined()
        }
    }

    /// Whether what a glob lets in beyond the shape can be told by globs: the value with the single star has no double one.
    var hasTellableExcess: Bool {
        // A text between two stars that holds a `:` ends a value, so the stars are of different claims.
        var last: Piece?
        var isSeparated = true
        for piece in pieces {
            switch piece {
            case .text(let text): if text.contains(":") { isSeparated = true }
            case .star, .doubleStar:
                if !isSeparated, let last, last != piece { return false }
                last = piece
                isSeparated = false
            }
        }
        return true
    }
}
