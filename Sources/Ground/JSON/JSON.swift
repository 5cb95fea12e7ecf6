/// JSON owns the values of RFC 8259, their strict reading and their writing, by jansson.
///
/// Reading refuses what two readers could understand differently: equal names, NUL, invalid UTF-8, text after the value,
/// and integers that do not fit (RFC 8259 leaves all of these open; RFC 7519, section 4, makes equal names matter). It
/// never turns an integer into a floating-point number, and knows no word of the domain.
///
/// Equality is that of JSON: strings and names by their bytes (not, as Swift's `==`, by canonical equivalence), objects
/// without regard to the order of their members.
package enum JSON: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A number written with a fraction or an exponent; one that is not finite is written as `null`.
    case number(Double)
    case string(String)
    case array([JSON])
    case object(JSONObject)

    /// The value of a boolean.
    package var asBool: Bool? { if case .bool(let value) = self { value } else { nil } }

    /// The value of a number that was written as an integer.
    package var asInteger: Int64? { if case .integer(let value) = self { value } else { nil } }

    /// The value of a string.
    package var asString: String? { if case .string(let value) = self { value } else { nil } }

    /// The elements of an array.
    package var asArray: [JSON]? { if case .array(let elements) = self { elements } else { nil } }

    /// The members of an object.
    package var asObject: JSONObject? { if case .object(let object) = self { object } else { nil } }

    /// A member's value; nil where this is no object or has no such member.
    package subscript(_ name: String) -> JSON? { asObject?[name] }
}

extension JSON: Equatable {
    package static func == (left: JSON, right: JSON) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.isSameBytes(as: right)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    package init(nilLiteral: ()) { self = .null }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
    package init(floatLiteral value: Double) { self = .number(value) }
    package init(stringLiteral value: String) { self = .string(value) }
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) { self = .object(JSONObject(unique: elements)) }
}
