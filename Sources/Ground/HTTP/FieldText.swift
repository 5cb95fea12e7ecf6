/// What the names and values of header fields may be made of (RFC 9110, sections 5.1, 5.5 and 5.6.2).
package enum FieldText {
    /// Whether it is a token, as names of fields are.
    package static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy(isTokenByte)
    }

    /// Whether a byte may stand in a token.
    static func isTokenByte(_ byte: UInt8) -> Bool { tokenBytes[Int(byte)] }

    /// Whether it is visible characters with spaces and tabs between; no line break, no NUL, no other control.
    package static func isValue(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in byte >= 0x20 && byte != 0x7F || byte == 0x09 }
    }

    /// Whether it may be the authority of a URL: a host, and perhaps a port.
    package static func isAuthority(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in byte > 0x20 && byte < 0x7F && !notInAuthority.contains(byte) }
    }

    private static let notInAuthority = Array("/?#@\\".utf8)

    private static let tokenBytes: [Bool] = {
        let tokens = Array("!#$%&'*+-.^_`|~0123456789".utf8)
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        return (0...UInt8.max).map { byte in tokens.contains(byte) || byte < 0x80 && letters.contains(byte | 0x20) }
    }()
}
