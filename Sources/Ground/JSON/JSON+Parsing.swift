internal import CJansson

extension JSON {
    /// Reads one value, which must be the whole text but for white space around it.
    ///
    /// - Throws: `JSONError` with the place.
    package static func parse(
        _ bytes: [UInt8],
        limits: JSONLimits = .standard
    ) throws(JSONError) -> JSON {
        try parse(bytes, limits: limits, duplicates: .refused)
    }

    /// What becomes of a name that an object has twice.
    enum Duplicates {
        case refused
        /// The last of them counts, as most readers have it.
        case last
    }

    static func parse(
        _ bytes: [UInt8],
        limits: JSONLimits,
        duplicates: Duplicates
    ) throws(JSONError) -> JSON {
        guard bytes.count <= limits.bytes else {
            throw JSONError(
                .tooLong,
                line: 0,
                column: 0,
                reason: "\(bytes.count) bytes of JSON, at most \(limits.bytes) are read"
            )
        }
        // Before jansson sees the text, so that neither its recursion nor ours goes deeper than the limit.
        try checkShape(bytes, depth: limits.depth)
        var error = json_error_t()
        let flags = (duplicates == .refused ? JSON_REJECT_DUPLICATES : 0) | JSON_DECODE_ANY
        // An array without bytes has no address, and jansson takes null for a mistake of its caller: one space then.
        let root = unsafe (bytes.isEmpty ? [UInt8(ascii: " ")] : bytes).withUnsafeBytes { buffer in
            unsafe json_loadb(buffer.baseAddress, buffer.count, Int(flags), &error)
        }
        guard let root = unsafe root else { throw JSONError(error) }
        defer { unsafe json_decref(root) }
        return unsafe JSON(node: root)
    }

    fileprivate init(node value: UnsafePointer<json_t>) {
        switch unsafe value.pointee.type {
        case JSON_OBJECT: self = unsafe .object(JSONObject(node: value))
        case JSON_ARRAY:
            let count = unsafe json_array_size(value)
            var elements: [JSON] = []
            elements.reserveCapacity(count)
            for index in 0..<count {
                guard let element = unsafe json_array_get(value, index) else { break }
                elements.append(unsafe JSON(node: element))
            }
            self = .array(elements)
        case JSON_STRING:
            self = unsafe .string(copiedText(json_string_value(value), json_string_length(value)))
        case JSON_INTEGER: self = unsafe .integer(Int64(json_integer_value(value)))
        case JSON_REAL: self = unsafe .number(json_real_value(value))
        case JSON_TRUE: self = .bool(true)
        case JSON_FALSE: self = .bool(false)
        default: self = .null
        }
    }

    /// Counts brackets outside strings (whether they match is jansson's to say) and refuses NUL bytes.
    ///
    /// jansson 2.14 skips a NUL that follows a number, so that `1`, NUL, `2` and `1 2` would be one text to it.
    private static func checkShape(_ bytes: [UInt8], depth limit: Int) throws(JSONError) {
        var depth = 0
        var isInString = false
        var isEscaped = false
        for (offset, byte) in bytes.enumerated() {
            if byte == 0 { throw JSONError(.malformed, at: bytes[...offset], reason: "a NUL byte") }
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                guard depth <= limit else {
                    throw JSONError(.tooDeep, at: bytes[...offset], reason: "nested deeper than \(limit)")
                }
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            default: break
            }
        }
    }
}

extension JSONObject {
    fileprivate init(node value: UnsafePointer<json_t>) {
        self.init()
        reserveCapacity(unsafe json_object_size(value))
        let object = unsafe UnsafeMutablePointer(mutating: value)
        var iterator = unsafe json_object_iter(object)
        while let position = unsafe iterator {
            if let member = unsafe json_object_iter_value(position) {
                let name = unsafe copiedText(json_object_iter_key(position), json_object_iter_key_len(position))
                // jansson refused equal names already.
                appendUnique(name, unsafe JSON(node: member))
            }
            unsafe iterator = unsafe json_object_iter_next(object, position)
        }
    }
}

extension JSONError {
    /// An error at the last byte of what was read so far.
    fileprivate init(_ code: Code, at read: ArraySlice<UInt8>, reason: String) {
        let lineStart = read.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? read.startIndex
        let line = read.count { $0 == UInt8(ascii: "\n") } + 1
        let column = read[lineStart...].count { $0 & 0xC0 != 0x80 }
        self.init(code, line: line, column: column, reason: reason)
    }

    fileprivate init(_ error: json_error_t) {
        var error = error
        let reason = unsafe withUnsafeBytes(of: &error.text) { text in
            unsafe String(decoding: unsafe text.prefix { $0 != 0 }, as: UTF8.self)
        }
        self.init(
            .malformed,
            line: Int(max(error.line, 0)),
            column: Int(max(error.column, 0)),
            reason: reason
        )
    }
}

/// jansson's text, which it has checked to be UTF-8.
private func copiedText(_ start: UnsafePointer<CChar>?, _ count: Int) -> String {
    unsafe String(
        decoding: UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count),
        as: UTF8.self
    )
}
