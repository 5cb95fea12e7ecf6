/// The name of a context, which stands in URLs, in the ledger and in a terminal without any escape.
package struct ContextName: Hashable, Sendable, CustomStringConvertible {
    /// What a name is made of, for messages.
    package static let wanted = "1 to 64 letters, digits, '.', '_' and '-', a letter or digit first"

    package let text: String

    /// Takes a text that is such a name; nil for any other.
    package init?(_ text: String) {
        guard let first = text.utf8.first, text.utf8.count <= 64, Self.isLetterOrDigit(first),
            text.utf8.allSatisfy({ Self.isLetterOrDigit($0) || ".-_".utf8.contains($0) })
        else { return nil }
        self.text = text
    }

    /// Where the broker keeps documents of its own: no configuration, path or person can name it.
    package static let reserved = ContextName(unchecked: "*broker")

    /// Takes what a store has: a name, or the one that the broker keeps for itself.
    package init?(stored text: String) {
        if text == Self.reserved.text { self = .reserved } else { self.init(text) }
    }

    private init(unchecked text: String) { self.text = text }

    package var description: String { text }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }
}
