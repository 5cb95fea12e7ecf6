internal import Crypto
internal import Encoding
internal import JSON

/// Secrets as texts: whoever made them has checked that they are UTF-8.
extension NamedSecrets {
    /// The secrets as members of an object.
    borrowing func members() -> JSONObject {
        var members = JSONObject()
        members.reserveCapacity(names.count)
        withTexts { name, text in members[name.text] = .string(text) }
        return members
    }

    /// Lends every name with its secret as a text, in order.
    borrowing func withTexts<E: Error>(_ body: (EnvironmentName, String) throws(E) -> Void) throws(E) {
        try withEach { name, bytes throws(E) in try body(name, String(decoding: Array(copying: bytes), as: UTF8.self)) }
    }

    /// The text of one name; nil where there is none.
    borrowing func text(of name: StaticString) -> String? {
        withValue(of: EnvironmentName(constant: name)) { String(decoding: Array(copying: $0), as: UTF8.self) }
    }
}
