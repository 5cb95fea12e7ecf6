internal import JSON
internal import Ledger
internal import Time

/// What an index takes of one entry: the keys that find it, and what is counted of it.
struct EntryKeys {
    private(set) var keys: [IndexKey] = []
    let time: UnixTime
    let kind: EntryKind
    let outcome: Outcome
    private(set) var project: ArraySlice<UInt8> = []
    private(set) var job: ArraySlice<UInt8> = []
    /// The target, context or audience that it is about, with a letter before it that says which.
    private(set) var purpose: [UInt8] = []

    /// Reads canonical bytes, without parsing more of them than is needed; nil where they cannot be read.
    init?(_ bytes: [UInt8]) {
        if let left = PrunedLeaf(bytes) {
            (time, kind, outcome) = (left.time, left.kind, left.outcome)
            keys = Self.keys(kind, outcome)
            return
        }
        guard let header = try? LeafHeader(bytes) else { return nil }
        (time, kind, outcome) = (header.time, header.kind, header.outcome)
        keys.reserveCapacity(20)
        keys += Self.keys(kind, outcome)
        var claims: Range<Int>?
        var places: [FieldTag: Range<Int>] = [:]
        let isWhole = LeafFields.visit(bytes) { tag, range in
            if let field = IndexedField(tag) { keys.append(IndexKey(field, bytes[range])) }
            switch tag {
            case .claims: claims = range
            case .target, .context, .audience: places[tag] = range
            default: break
            }
        }
        guard isWhole else { return nil }
        if let claims, !read(claims: bytes[claims]) { return nil }
        let isStatic = kind == .secretRead || kind == .fallbackUsed || kind == .secretChanged
        let order: [(FieldTag, UInt8)] =
            isStatic
            ? [(.context, UInt8(ascii: "c")), (.target, UInt8(ascii: "t"))]
            : [(.target, UInt8(ascii: "t")), (.context, UInt8(ascii: "c")), (.audience, UInt8(ascii: "a"))]
        for (tag, letter) in order {
            guard let place = places[tag] else { continue }
            purpose = [letter] + bytes[place]
            break
        }
    }

    private static func keys(_ kind: EntryKind, _ outcome: Outcome) -> [IndexKey] {
        [IndexKey(.kind, [UInt8(truncatingIfNeeded: kind.code)]), IndexKey(.outcome, [outcome.code])]
    }

    /// Takes the keys of the claims' text members; false where they are no JSON object.
    private mutating func read(claims: ArraySlice<UInt8>) -> Bool {
        let isPlain = ClaimScanner.visit(claims) { name, value in add(claim: name, value) }
        guard !isPlain else { return true }
        // Something in it is written with an escape: rare enough to parse it all.
        guard let object = (try? JSON.parse(Array(claims)))?.asObject else { return false }
        for member in object.members {
            guard let text = member.value.asString else { continue }
            add(claim: ArraySlice(member.name.utf8), ArraySlice(text.utf8))
        }
        return true
    }

    private mutating func add(claim name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
        guard let field = IndexedField(claim: name) else { return }
        keys.append(IndexKey(field, value))
        switch field {
        case .project: project = value
        case .job: job = value
        default: break
        }
    }
}

/// Finds the text members of a JSON object without building one.
enum ClaimScanner {
    /// Visits the members of the outermost object whose values are texts; false where one has an escape, or it is no object.
    static func visit(
        _ json: ArraySlice<UInt8>,
        _ member: (_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) -> Void
    ) -> Bool {
        var depth = 0
        var index = json.startIndex
        // The name of the member whose value is next; nil where a name is.
        var name: ArraySlice<UInt8>?
        while index < json.endIndex {
            switch json[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ",") where depth == 1: name = nil
            case UInt8(ascii: "\""):
                let start = index + 1
                guard let end = end(of: json, from: start, isPlain: depth == 1) else { return false }
                if depth == 1 {
                    if let known = name { member(known, json[start..<end]) } else { name = json[start..<end] }
                }
                index = end
            default: break
            }
            index += 1
        }
        return depth == 0 && json.first == UInt8(ascii: "{")
    }

    /// Where a text ends; nil where it does not, or is to be plain and has an escape.
    private static func end(of json: ArraySlice<UInt8>, from start: Int, isPlain: Bool) -> Int? {
        var index = start
        while index < json.endIndex {
            switch json[index] {
            case UInt8(ascii: "\""): return index
            case UInt8(ascii: "\\"):
                if isPlain { return nil }
                index += 2
            default: index += 1
            }
        }
        return nil
    }
}
