internal import Crypto
internal import Encoding
internal import JSON

/// Secrets as texts.
extension NamedSecrets {
    /// The secrets as members of an object.
    borrowing func members() -> JSONObject {
        var members = JSONObject()
        members.reserveCapacity(names.count)
        withTexts { name, text in members[name.text] = .string(text) }
        return members
    }

    /// Lends every name with its secret as a text, in order, as environment variables and JSON can carry it.
    ///
    /// What is no UTF-8, or holds NUL, comes in base64 under its name with `_BASE64` behind it.
    borrowing func withTexts<E: Error>(_ body: (EnvironmentName, String) throws(E) -> Void) throws(E) {
        try withEach { name, bytes throws(E) in
            let bytes = Array(copying: bytes)
            guard let text = Self.text(bytes) else {
                return try body(EnvironmentName(name.text + "_BASE64") ?? name, Base64.encode(bytes))
            }
            try body(name, text)
        }
    }

    /// The text that bytes are; nil where they are none that an environment variable could carry.
    static func text(_ bytes: [UInt8]) -> String? {
        bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }

    /// The text of one name; nil where there is none.
    borrowing func text(of name: StaticString) -> String? {
        withValue(of: EnvironmentName(constant: name)) { String(decoding: Array(copying: $0), as: UTF8.self) }
    }
}
