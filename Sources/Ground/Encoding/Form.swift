/// The fields of a query string or a form body (`application/x-www-form-urlencoded`), in their order.
package struct Form: Equatable, Sendable {
    /// One `name=value` pair, decoded.
    package struct Field: Equatable, Sendable {
        package let name: String
        package let value: String

        /// Makes a field.
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package private(set) var fields: [Field]

    /// Makes a form of some fields.
    package init(_ fields: [Field] = []) { self.fields = fields }

    /// Parses a query string or body of at most `limit` fields.
    ///
    /// - Throws: `EncodingError` with code `form`, `percent` or `utf8`.
    package init(parsing text: some StringProtocol, limit: Int = 64) throws(EncodingError) {
        fields = []
        // Bytes, not characters: to Swift, '&' with a combining accent behind it is a character other than '&'.
        for pair in Array(text.utf8).split(separator: UInt8(ascii: "&")) {
            guard fields.count < limit else { throw EncodingError(.form, at: limit, wanted: "at most \(limit) fields") }
            let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let name = try PercentEncoding.decode(pair[..<equals], plusIsSpace: true)
            let value = try PercentEncoding.decode(pair[equals...].dropFirst(), plusIsSpace: true)
            fields.append(Field(name, value))
        }
    }

    /// Adds a field at the end.
    package mutating func append(_ name: String, _ value: String) { fields.append(Field(name, value)) }

    /// The value of a field that may be there once.
    ///
    /// - Throws: `EncodingError` with code `form` where the name is there twice: which of two would count is a question
    ///   that two parsers answer differently (RFC 6749, section 3.2, forbids it).
    package func value(_ name: String) throws(EncodingError) -> String? {
        var found: String?
        for (offset, field) in fields.enumerated() where field.name.utf8.elementsEqual(name.utf8) {
            guard found == nil else { throw EncodingError(.form, at: offset, wanted: "'\(name)' once") }
            found = field.value
        }
        return found
    }

    /// The encoded form, with every reserved character escaped and spaces as `%20`.
    package var encoded: String {
        fields.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
    }
}
