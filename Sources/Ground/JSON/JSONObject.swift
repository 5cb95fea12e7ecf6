/// The members of a JSON object: each name once, in the order they were written or added.
///
/// Look-up walks the members: objects here have tens of them, and what strangers send is bounded by `JSONLimits`.
package struct JSONObject: Sendable, ExpressibleByDictionaryLiteral {
    /// One name with its value.
    package struct Member: Equatable, Sendable {
        package let name: String
        package let value: JSON
    }

    /// The members in order.
    package private(set) var members: [Member] = []

    /// Makes an object without members.
    package init() {}

    /// Makes an object of a literal, whose names must differ.
    package init(dictionaryLiteral elements: (String, JSON)...) { self.init(unique: elements) }

    init(unique elements: [(String, JSON)]) {
        reserveCapacity(elements.count)
        for (name, value) in elements {
            precondition(index(of: name) == nil, "'\(name)' stands twice in a literal")
            appendUnique(name, value)
        }
    }

    /// A member's value, nil where there is none.
    ///
    /// Setting a value keeps the name's place or adds it at the end; setting nil removes it.
    package subscript(_ name: String) -> JSON? {
        get { index(of: name).map { members[$0].value } }
        set {
            switch (index(of: name), newValue) {
            case (let index?, let value?): members[index] = Member(name: name, value: value)
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): appendUnique(name, value)
            case (nil, nil): break
            }
        }
    }

    /// Makes room for some members in all.
    package mutating func reserveCapacity(_ count: Int) { members.reserveCapacity(count) }

    /// Adds a member whose name the caller knows to be new, without looking.
    mutating func appendUnique(_ name: String, _ value: JSON) { members.append(Member(name: name, value: value)) }

    private func index(of name: String) -> Int? {
        members.firstIndex { $0.name.isSameBytes(as: name) }
    }
}

extension JSONObject: Equatable {
    package static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members.count == right.members.count && left.members.allSatisfy { right[$0.name] == $0.value }
    }
}

extension String {
    /// Whether two texts are the same bytes: `==` is faster where they differ, but takes canonical equivalents for equal.
    func isSameBytes(as other: String) -> Bool { self == other && utf8.elementsEqual(other.utf8) }
}
