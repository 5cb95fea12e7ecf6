internal import Text
internal import Time
internal import YAML

/// The types that values have.
extension Section {
    /// A single value as text.
    func text(_ key: String) -> Located<String>? {
        guard let node = node(key) else { return nil }
        guard case .scalar(let scalar) = node.value else {
            refuse(key, "saw \(node.kind), wanted a single value", fix: "write one value behind '\(key):'")
            return nil
        }
        guard !scalar.text.isEmpty, scalar.text.firstInvisibleScalar == nil else {
            refuse(
                key,
                scalar.text.isEmpty ? "the value is empty" : "the value holds an invisible character",
                fix: "write visible text"
            )
            return nil
        }
        return Located(value: scalar.text, mark: node.mark, key: name(key))
    }

    /// A single value that must be there.
    func text(required key: String, example: String) -> Located<String>? {
        requireKey(key, example: example)
        return text(key)
    }

    /// A duration within bounds.
    func duration(_ key: String, _ bounds: ClosedRange<Duration>) -> Duration? {
        guard let text = text(key) else { return nil }
        let wanted = "\(bounds.lowerBound.text) to \(bounds.upperBound.text)"
        guard let duration = try? Duration(parsing: text.value) else {
            refuse(key, "'\(text.value)' is no duration", fix: "write a whole number and s, m, h or d: \(wanted)")
            return nil
        }
        guard bounds.contains(duration) else {
            refuse(key, "\(text.value) is out of bounds", fix: "write \(wanted)")
            return nil
        }
        return duration
    }

    /// A whole number within bounds, written without quotes.
    func integer(_ key: String, _ bounds: ClosedRange<Int>) -> Int? {
        guard let node = node(key) else { return nil }
        let fix = "write a whole number from \(bounds.lowerBound) to \(bounds.upperBound)"
        guard case .scalar(let scalar) = node.value, scalar.isPlain else {
            refuse(key, "saw \(node.isQuoted ? "text in quotes" : node.kind), wanted a number", fix: fix)
            return nil
        }
        let isDecimal =
            scalar.text.utf8.allSatisfy { (48...57).contains($0) } && (1...18).contains(scalar.text.utf8.count)
        guard isDecimal, let number = Int(scalar.text), bounds.contains(number) else {
            refuse(key, "'\(scalar.text)' is \(isDecimal ? "out of bounds" : "no whole number")", fix: fix)
            return nil
        }
        return number
    }

    /// `true` or `false`, written without quotes.
    func flag(_ key: String) -> Bool? {
        guard let node = node(key) else { return nil }
        guard case .scalar(let scalar) = node.value, scalar.isPlain, ["true", "false"].contains(scalar.text) else {
            refuse(key, "saw neither true nor false", fix: "write true or false, without quotes")
            return nil
        }
        return scalar.text == "true"
    }

    /// One of a set of words.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(_ key: String, of: Choice.Type) -> Choice? {
        text(key).flatMap { choice($0, of: Choice.self, noun: "value of this key") }
    }

    /// One of a set of words, which stands anywhere in this section.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ text: Located<String>,
        of: Choice.Type,
        noun: String
    ) -> Choice? {
        if let choice = Choice(rawValue: text.value) { return choice }
        let words = Choice.allCases.map(\.rawValue)
        let meant = NearMiss.name(nearestTo: text.value, among: words)
        problems.error(
            at: text.mark,
            text.key,
            "'\(text.value)' is no \(noun)",
            fix: (meant.map { "did you mean '\($0)'? " } ?? "") + "choose from: \(words.joined(separator: ", "))"
        )
        return nil
    }

    /// A list of single values, at least one unless it may be empty; nil where the key is left out or wrong.
    func texts(_ key: String, limit: Int = 256, mayBeEmpty: Bool = false) -> [Located<String>]? {
        guard let node = node(key) else { return nil }
        guard case .sequence(let elements) = node.value else {
            refuse(key, "saw \(node.kind), wanted a list", fix: "write [a, b]")
            return nil
        }
        guard !elements.isEmpty || mayBeEmpty, elements.count <= limit else {
            refuse(
                key,
                elements.isEmpty ? "the list is empty" : "\(elements.count) values",
                fix: elements.isEmpty ? "list at least one value" : "list at most \(limit)"
            )
            return nil
        }
        let texts = elements.compactMap { text(of: $0, under: key) }
        guard texts.count == elements.count else { return nil }
        var seen: Set<String> = []
        for text in texts where !seen.insert(text.value).inserted {
            problems.error(at: text.mark, text.key, "'\(text.value)' is listed twice", fix: "remove one")
        }
        return texts
    }

    /// The elements of a list of mappings; empty where the key is left out or wrong.
    func nodes(_ key: String) -> [YAMLNode] {
        guard let node = node(key) else { return [] }
        guard case .sequence(let elements) = node.value else {
            refuse(key, "saw \(node.kind), wanted a list", fix: "put '- ' before each entry")
            return []
        }
        if elements.isEmpty {
            refuse(key, "the list is empty", fix: "write an entry, or remove the key where it may be left out")
        }
        return elements
    }

    /// The entries of a mapping whose keys are names that the operator chose; empty where it is left out or wrong.
    func named(_ key: String) -> [YAMLEntry] {
        guard let node = node(key) else { return [] }
        guard case .mapping(let entries) = node.value else {
            refuse(key, "saw \(node.kind), wanted a mapping", fix: "write each as 'name:' with its keys below")
            return []
        }
        if entries.isEmpty {
            refuse(key, "the mapping is empty", fix: "write an entry, or remove the key where it may be left out")
        }
        return entries
    }

    /// A mapping under a key.
    func section(_ key: String, _ keys: Keys) -> Section? {
        node(key).flatMap { Section($0, at: name(key), keys: keys, problems: problems) }
    }

    /// The text of one element of a list under a key.
    func text(of element: YAMLNode, under key: String) -> Located<String>? {
        guard case .scalar(let scalar) = element.value, !scalar.isNull, !scalar.text.isEmpty,
            scalar.text.firstInvisibleScalar == nil
        else {
            problems.error(
                at: element.mark,
                name(key),
                "saw \(element.kind), wanted a single value",
                fix: "write visible text, in quotes where it is empty to YAML"
            )
            return nil
        }
        return Located(value: scalar.text, mark: element.mark, key: name(key))
    }
}

extension YAMLNode {
    fileprivate var isQuoted: Bool {
        if case .scalar(let scalar) = value { !scalar.isPlain } else { false }
    }
}
