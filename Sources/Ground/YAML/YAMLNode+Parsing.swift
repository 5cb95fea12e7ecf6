extension YAMLNode {
    /// Reads the one document of a text in UTF-8; a text without any is an empty mapping.
    ///
    /// - Throws: `YAMLError` for the first thing that is wrong.
    package static func parse(_ bytes: [UInt8], limits: YAMLLimits = .standard) throws(YAMLError) -> YAMLNode {
        guard bytes.count <= limits.bytes else {
            throw YAMLError(
                .tooLarge,
                at: YAMLMark(line: 1, column: 1),
                "\(bytes.count) bytes of YAML",
                fix: "write at most \(limits.bytes)"
            )
        }
        var composer = Composer(events: try YAMLEventReader(bytes), limits: limits)
        return try composer.document()
    }
}

/// Builds nodes of a parser's events.
private struct Composer: ~Copyable {
    private let events: YAMLEventReader
    private let limits: YAMLLimits
    private var nodes = 0

    init(events: consuming YAMLEventReader, limits: YAMLLimits) {
        self.events = events
        self.limits = limits
    }

    mutating func document() throws(YAMLError) -> YAMLNode {
        var next = try events.next()
        while next.content == .streamStart { next = try events.next() }
        guard next.content == .documentStart else { return YAMLNode(mark: next.mark, value: .mapping([])) }
        let root = try node(try events.next(), depth: 1)
        next = try events.next()
        while next.content == .documentEnd { next = try events.next() }
        guard next.content == .streamEnd else {
            throw YAMLError(.unsupported, at: next.mark, "a second document", fix: "write one in a file")
        }
        return root
    }

    private mutating func node(_ event: YAMLEvent, depth: Int) throws(YAMLError) -> YAMLNode {
        nodes += 1
        guard nodes <= limits.nodes else {
            throw YAMLError(.tooLarge, at: event.mark, "more than \(limits.nodes) values", fix: "write fewer")
        }
        guard depth <= limits.depth else {
            throw YAMLError(.tooLarge, at: event.mark, "nested deeper than \(limits.depth)", fix: "write it flatter")
        }
        switch event.content {
        case .scalar(let scalar): return YAMLNode(mark: event.mark, value: .scalar(scalar))
        case .sequenceStart: return YAMLNode(mark: event.mark, value: .sequence(try elements(depth: depth + 1)))
        case .mappingStart: return YAMLNode(mark: event.mark, value: .mapping(try entries(depth: depth + 1)))
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            throw YAMLError(.malformed, at: event.mark, "a value is missing", fix: "write one")
        }
    }

    private mutating func elements(depth: Int) throws(YAMLError) -> [YAMLNode] {
        var elements: [YAMLNode] = []
        while true {
            let event = try events.next()
            guard event.content != .sequenceEnd else { return elements }
            elements.append(try node(event, depth: depth))
        }
    }

    private mutating func entries(depth: Int) throws(YAMLError) -> [YAMLEntry] {
        var entries: [YAMLEntry] = []
        var places: [String: YAMLMark] = [:]
        while true {
            let event = try events.next()
            guard event.content != .mappingEnd else { return entries }
            guard case .scalar(let key) = event.content else {
                throw YAMLError(
                    .unsupported,
                    at: event.mark,
                    "a key that is a list or a mapping",
                    fix: "write a word before the colon"
                )
            }
            if let first = places.updateValue(event.mark, forKey: key.text) {
                throw YAMLError(
                    .duplicateKey,
                    at: event.mark,
                    "the key '\(key.text)' is there twice, first in line \(first.line)",
                    fix: "remove one"
                )
            }
            let value = try node(try events.next(), depth: depth)
            entries.append(YAMLEntry(key: key.text, keyMark: event.mark, value: value))
        }
    }
}
