package import JSON

/// Where in another issuer's token a value stands, as configuration writes it.
///
/// A claim's name; or a JSON pointer, which begins with `/` (`/kubernetes.io/namespace`); or a text with such places in braces
/// (`{organization_slug}/{pipeline_slug}`); or, behind `=`, a text that is meant as it stands.
package struct ForeignClaim: Hashable, Sendable, CustomStringConvertible {
    private enum Part: Hashable, Sendable {
        case text(String)
        case name(String)
        case pointer(JSONPointer)
    }

    /// The place as it was written.
    package let description: String
    private let parts: [Part]

    /// Reads a place; nil where the text is none.
    package init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= 256 else { return nil }
        description = text
        if text.hasPrefix("=") {
            guard text.utf8.count > 1 else { return nil }
            parts = [.text(String(text.dropFirst()))]
            return
        }
        guard text.contains("{") || text.contains("}") else {
            guard let part = Self.part(text[...]) else { return nil }
            parts = [part]
            return
        }
        guard let parts = Self.parts(of: text) else { return nil }
        self.parts = parts
    }

    private static func parts(of text: String) -> [Part]? {
        var parts: [Part] = []
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            let before = rest[..<open]
            guard let close = rest[open...].firstIndex(of: "}"), !before.contains("}"),
                let part = part(rest[rest.index(after: open)..<close])
            else { return nil }
            if !before.isEmpty { parts.append(.text(String(before))) }
            parts.append(part)
            rest = rest[rest.index(after: close)...]
        }
        guard !rest.contains("}") else { return nil }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        return parts
    }

    private static func part(_ text: Substring) -> Part? {
        guard !text.isEmpty, !text.contains("{") else { return nil }
        return text.hasPrefix("/") ? JSONPointer(String(text)).map(Part.pointer) : .name(String(text))
    }

    /// The text that stands there: one of several places missing, or empty, makes it missing.
    ///
    /// - Throws: `NotText` where a list or an object stands there.
    package func text(in claims: JSONObject) throws(NotText) -> String? {
        var text = ""
        for part in parts {
            switch part {
            case .text(let literal): text += literal
            case .name, .pointer:
                guard let value = value(of: part, in: claims) else { return nil }
                guard let written = Self.text(of: value) else {
                    if case .null = value { return nil }
                    throw NotText(place: description)
                }
                guard !written.isEmpty else { return nil }
                text += written
            }
        }
        return text
    }

    /// Everything that stands there as texts: of a list each of its elements; empty where nothing does.
    package func texts(in claims: JSONObject) -> [String] {
        if parts.count == 1, let elements = value(of: parts[0], in: claims)?.asArray {
            return elements.compactMap(Self.text)
        }
        return (try? text(in: claims)).flatMap { $0 }.map { [$0] } ?? []
    }

    /// Whether there is nothing there, or something of which texts can be made.
    func isReadable(in claims: JSONObject) -> Bool {
        if parts.count == 1, let elements = value(of: parts[0], in: claims)?.asArray {
            return elements.allSatisfy { Self.text(of: $0) != nil }
        }
        do throws(NotText) {
            _ = try text(in: claims)
            return true
        } catch {
            return false
        }
    }

    private func value(of part: Part, in claims: JSONObject) -> JSON? {
        switch part {
        case .text(let text): .string(text)
        case .name(let name): claims[name]
        case .pointer(let pointer): pointer.value(in: .object(claims))
        }
    }

    private static func text(of value: JSON) -> String? {
        switch value {
        case .string(let text): text
        case .integer(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        case .null, .number, .array, .object: nil
        }
    }
}

extension ForeignClaim {
    /// Names of claims in CI systems' tokens whose value stands in a file that whoever writes the job writes, or is given by
    /// whoever starts it.
    private static let chosen: Set<String> = [
        "workflow", "head_ref", "actor", "triggering_actor", "event_name", "runner_environment", "pipeline_source",
        "user_login", "step_key", "build_branch", "build_source", "deployment_tier",
    ]

    /// Whether the job, or whoever starts it, chooses what stands there.
    package var isChosenByJob: Bool {
        parts.contains { part in if case .name(let name) = part { Self.chosen.contains(name) } else { false } }
    }
}

/// A place holds a list, an object or a fraction, of which no claim can be made.
package struct NotText: Error, Equatable, Sendable {
    package let place: String
}
