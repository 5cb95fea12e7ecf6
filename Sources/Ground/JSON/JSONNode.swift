/// A value of a text with the place where it begins; an object keeps every member, also those of one name.
///
/// It is for documents that people write and other programs read with rules of their own about equal names: who shows what
/// such a program makes of a text must see both.
package struct JSONNode: Sendable {
    /// From 1.
    package let line: Int
    /// In characters, from 1.
    package let column: Int
    package let value: Value

    /// What stands there.
    package enum Value: Sendable {
        /// `null`, a boolean, a number or a string.
        case scalar(JSON)
        case array([JSONNode])
        case object([Member])
    }

    /// A name, where it stands, and its value.
    package struct Member: Sendable {
        package let name: String
        package let line: Int
        package let column: Int
        package let value: JSONNode
    }

    /// Reads one value, which must be the whole text but for white space around it; equal names are no error.
    ///
    /// - Throws: `JSONError` with the place.
    package static func parse(_ bytes: [UInt8], limits: JSONLimits = .standard) throws(JSONError) -> JSONNode {
        // jansson says whether it is JSON; what follows only finds where its parts begin.
        _ = try JSON.parse(bytes, limits: limits, duplicates: .last)
        var scanner = Scanner(bytes: bytes, limits: limits)
        return try scanner.value()
    }

    /// Walks over bytes that are known to be JSON.
    private struct Scanner {
        let bytes: [UInt8]
        let limits: JSONLimits
        private var offset = 0
        private var line = 1
        private var column = 1

        init(bytes: [UInt8], limits: JSONLimits) {
            self.bytes = bytes
            self.limits = limits
        }

        private var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

        private mutating func advance() {
            if bytes[offset] == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if bytes[offset] & 0xC0 != 0x80 {
                column += 1
            }
            offset += 1
        }

        private mutating func skipSpace() {
            while let byte = current, byte <= 0x20 { advance() }
        }

        /// Skips white space and one byte, where it is the one that is meant.
        private mutating func skip(_ byte: UInt8) -> Bool {
            skipSpace()
            guard current == byte else { return false }
            advance()
            return true
        }

        mutating func value() throws(JSONError) -> JSONNode {
            skipSpace()
            let (startLine, startColumn) = (line, column)
            let value: Value
            if skip(UInt8(ascii: "{")) {
                value = .object(try members())
            } else if skip(UInt8(ascii: "[")) {
                var elements: [JSONNode] = []
                while !skip(UInt8(ascii: "]")) {
                    elements.append(try self.value())
                    _ = skip(UInt8(ascii: ","))
                }
                value = .array(elements)
            } else {
                value = .scalar(try scalar())
            }
            return JSONNode(line: startLine, column: startColumn, value: value)
        }

        private mutating func members() throws(JSONError) -> [Member] {
            var members: [Member] = []
            while !skip(UInt8(ascii: "}")) {
                skipSpace()
                let (nameLine, nameColumn) = (line, column)
                let name = try scalar().asString ?? ""
                _ = skip(UInt8(ascii: ":"))
                members.append(Member(name: name, line: nameLine, column: nameColumn, value: try value()))
                _ = skip(UInt8(ascii: ","))
            }
            return members
        }

        /// A string, or whatever goes on to the next bracket, comma or space.
        private mutating func scalar() throws(JSONError) -> JSON {
            let start = offset
            if current == UInt8(ascii: "\"") {
                advance()
                while let byte = current, byte != UInt8(ascii: "\"") {
                    if byte == UInt8(ascii: "\\") { advance() }
                    advance()
                }
                advance()
            } else {
                while let byte = current, byte > 0x20, !",]}:".utf8.contains(byte) { advance() }
            }
            return try JSON.parse(Array(bytes[start..<offset]), limits: limits)
        }
    }
}
