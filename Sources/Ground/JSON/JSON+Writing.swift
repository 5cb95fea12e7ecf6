internal import CJansson

extension JSON {
    /// The value as UTF-8: on one line without white space, or with `pretty` indented by two spaces.
    package func serialized(pretty: Bool = false) -> [UInt8] {
        if let plain { return plain }
        let flags = JSON_ENCODE_ANY | (pretty ? 2 : JSON_COMPACT)  // 2 is JSON_INDENT(2), a macro.
        let root = unsafe node()
        defer { unsafe json_decref(root) }
        var capacity = 1024
        while true {
            var needed = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                unsafe buffer.withMemoryRebound(to: CChar.self) { characters in
                    needed = unsafe json_dumpb(root, characters.baseAddress, capacity, Int(flags))
                }
                count = min(needed, capacity)
            }
            // jansson counts what it would have written; a buffer too short means a second pass.
            if needed <= capacity { return bytes }
            capacity = needed
        }
    }

    /// A number or text that is written as it is: most texts need no escape, and asking the library takes ten times longer.
    private var plain: [UInt8]? {
        switch self {
        case .integer(let value): return Array(String(value).utf8)
        case .string(var value):
            return value.withUTF8 { utf8 in
                let isPlain = unsafe utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
                guard isPlain else { return nil }
                return unsafe [0x22] + utf8 + [0x22]
            }
        default: return nil
        }
    }

    /// The value on one line.
    package var text: String { String(decoding: serialized(), as: UTF8.self) }

    /// The value as jansson's, which the caller releases.
    private func node() -> UnsafeMutablePointer<json_t> {
        let node =
            switch self {
            case .null: unsafe json_null()
            case .bool(let value): unsafe value ? json_true() : json_false()
            case .integer(let value): unsafe json_integer(json_int_t(value))
            case .number(let value): unsafe value.isFinite ? json_real(value) : json_null()
            case .string(let value): unsafe withText(value) { unsafe json_stringn_nocheck($0, $1) }
            case .array(let elements): unsafe Self.node(of: elements)
            case .object(let object): unsafe Self.node(of: object)
            }
        guard let node = unsafe node else { preconditionFailure("out of memory") }
        return unsafe node
    }

    private static func node(of elements: [JSON]) -> UnsafeMutablePointer<json_t>? {
        let array = unsafe json_array()
        for element in elements { unsafe json_array_append_new(array, element.node()) }
        return unsafe array
    }

    private static func node(of object: JSONObject) -> UnsafeMutablePointer<json_t>? {
        let node = unsafe json_object()
        for member in object.members {
            _ = unsafe withText(member.name) { unsafe json_object_setn_new_nocheck(node, $0, $1, member.value.node()) }
        }
        return unsafe node
    }
}

/// Lends a string's UTF-8 with its length; never a null pointer, which jansson takes for a mistake.
private func withText<Result>(_ string: String, _ body: (UnsafePointer<CChar>, Int) -> Result) -> Result {
    var string = string
    return string.withUTF8 { utf8 in
        unsafe utf8.withMemoryRebound(to: CChar.self) { characters in
            var nothing: CChar = 0
            guard let start = characters.baseAddress else { return unsafe body(&nothing, 0) }
            return unsafe body(start, characters.count)
        }
    }
}
