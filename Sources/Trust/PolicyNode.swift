internal import JSON
internal import YAML

/// A value of a policy's text, JSON or YAML, with its place.
struct PolicyNode: Sendable {
    let place: Place
    let value: Value

    enum Value: Sendable {
        case scalar(JSON)
        case list([PolicyNode])
        /// Every member, also those of one name.
        case mapping([Member])
    }

    struct Member: Sendable {
        let name: String
        let place: Place
        let value: PolicyNode
    }

    /// A name that stands more than once in one object.
    struct Duplicate: Sendable {
        let name: String
        /// All but the last, which readers drop.
        let dropped: [Member]
        let kept: Place
    }

    /// Reads a text: JSON where it begins as JSON does, YAML else.
    init(parsing bytes: [UInt8]) throws(TrustError) {
        let first = bytes.first { $0 > 0x20 }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            do throws(JSONError) { self.init(try JSONNode.parse(bytes)) } catch {
                throw TrustError(
                    error.line > 0 ? Place(line: error.line, column: error.column) : nil,
                    "it is no JSON: \(error.reason)",
                    fix: "write the document as the cloud takes it"
                )
            }
        } else {
            do throws(YAMLError) { self.init(try YAMLNode.parse(bytes)) } catch {
                throw TrustError(Place(error.mark), "it is no YAML that is read here: \(error.reason)", fix: error.fix)
            }
        }
    }

    init(_ place: Place, _ value: Value) {
        self.place = place
        self.value = value
    }

    private init(_ node: JSONNode) {
        place = Place(line: node.line, column: node.column)
        switch node.value {
        case .scalar(let value): self.value = .scalar(value)
        case .array(let elements): value = .list(elements.map { PolicyNode($0) })
        case .object(let members):
            value = .mapping(
                members.map {
                    Member(name: $0.name, place: Place(line: $0.line, column: $0.column), value: PolicyNode($0.value))
                }
            )
        }
    }

    private init(_ node: YAMLNode) {
        place = Place(node.mark)
        switch node.value {
        case .scalar(let scalar): value = .scalar(Self.json(scalar))
        case .sequence(let elements): value = .list(elements.map { PolicyNode($0) })
        case .mapping(let entries):
            value = .mapping(
                entries.map { Member(name: $0.key, place: Place($0.keyMark), value: PolicyNode($0.value)) }
            )
        }
    }

    private static func json(_ scalar: YAMLScalar) -> JSON {
        guard scalar.isPlain else { return .string(scalar.text) }
        if scalar.isNull { return .null }
        switch scalar.text {
        case "true", "True": return .bool(true)
        case "false", "False": return .bool(false)
        case let text: return Int64(text).map(JSON.integer) ?? .string(text)
        }
    }

    /// The value of a member; the last one's where there are several, as AWS and most readers have it.
    subscript(_ name: String) -> PolicyNode? {
        guard case .mapping(let members) = value, let member = members.last(where: { $0.name == name }) else {
            return nil
        }
        if case .scalar(.null) = member.value.value { return nil }
        return member.value
    }

    /// The members that count: of several of one name the last.
    var members: [Member] {
        guard case .mapping(let members) = value else { return [] }
        return members.enumerated().filter { index, member in
            !members[(index + 1)...].contains { $0.name == member.name }
        }.map(\.element)
    }

    var isMapping: Bool { if case .mapping = value { true } else { false } }

    var text: String? { if case .scalar(let value) = value { value.asString } else { nil } }

    /// A list's elements, or the value itself where it stands alone.
    var elements: [PolicyNode] { if case .list(let elements) = value { elements } else { [self] } }

    /// The texts of a list or of a value that stands alone; numbers and booleans as they are written.
    var texts: [String] { elements.compactMap(\.written) }

    /// A scalar as text.
    var written: String? {
        guard case .scalar(let value) = value else { return nil }
        return value.asString ?? (value == .null ? nil : value.text)
    }

    /// The value without its places.
    var json: JSON {
        switch value {
        case .scalar(let value): return value
        case .list(let elements): return .array(elements.map(\.json))
        case .mapping:
            var object = JSONObject()
            for member in members { object[member.name] = member.value.json }
            return .object(object)
        }
    }

    /// Every name that stands twice, however deep.
    var duplicates: [Duplicate] {
        switch value {
        case .scalar: return []
        case .list(let elements): return elements.flatMap(\.duplicates)
        case .mapping(let members):
            var found: [Duplicate] = []
            for kept in self.members {
                let same = members.filter { $0.name == kept.name }
                if same.count > 1 {
                    found.append(Duplicate(name: kept.name, dropped: same.dropLast(), kept: kept.place))
                }
            }
            return found + members.flatMap(\.value.duplicates)
        }
    }

    /// The names of all members in it, however deep.
    var names: [String] {
        switch value {
        case .scalar: []
        case .list(let elements): elements.flatMap(\.names)
        case .mapping(let members): members.flatMap { [$0.name] + $0.value.names }
        }
    }

    /// A text that must be there.
    func required(_ name: String, of what: String) throws(TrustError) -> PolicyNode {
        guard let node = self[name] else {
            throw TrustError(place, "\(what) has no \(name)", fix: "write it as the cloud takes it")
        }
        return node
    }
}

extension Place {
    init(_ mark: YAMLMark) { self.init(line: mark.line, column: mark.column) }
}
