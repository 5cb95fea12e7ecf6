/// One text of RFC 4648 in two forms.
struct RFC4648Vector: Sendable, CustomStringConvertible {
    let bytes: [UInt8]
    let text: String

    init(_ bytes: String, _ text: String) {
        self.bytes = Array(bytes.utf8)
        self.text = text
    }

    init(_ bytes: [UInt8], _ text: String) {
        self.bytes = bytes
        self.text = text
    }

    var description: String { text }

    /// RFC 4648, section 10, BASE64; and section 9 for the three long ones.
    static let base64 = [
        RFC4648Vector("", ""), RFC4648Vector("f", "Zg=="), RFC4648Vector("fo", "Zm8="), RFC4648Vector("foo", "Zm9v"),
        RFC4648Vector("foob", "Zm9vYg=="), RFC4648Vector("fooba", "Zm9vYmE="), RFC4648Vector("foobar", "Zm9vYmFy"),
        RFC4648Vector([0x14, 0xFB, 0x9C, 0x03, 0xD9, 0x7E], "FPucA9l+"),
        RFC4648Vector([0x14, 0xFB, 0x9C, 0x03, 0xD9], "FPucA9k="),
        RFC4648Vector([0x14, 0xFB, 0x9C, 0x03], "FPucAw=="),
    ]

    /// RFC 4648, section 10, BASE16, in lower case.
    static let base16 = [
        RFC4648Vector("", ""), RFC4648Vector("f", "66"), RFC4648Vector("fo", "666f"), RFC4648Vector("foo", "666f6f"),
        RFC4648Vector("foob", "666f6f62"), RFC4648Vector("fooba", "666f6f6261"),
        RFC4648Vector("foobar", "666f6f626172"),
    ]
}
