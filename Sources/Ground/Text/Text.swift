/// Text owns what is asked of a whole text: does it match a pattern, is it fit to stand in a claim, which known name is
/// it nearest to.
///
/// It compares bytes, never characters: to Swift's `==` the Kelvin sign is a `K`, to a cloud it is not, and a rule must
/// mean what the cloud will mean. It knows no word of the domain and never touches C, files or the network.
package struct TextError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was refused.
    package enum Code: Equatable, Sendable {
        /// A pattern without any character.
        case emptyPattern
        /// A pattern longer than `Pattern.maximumLength`.
        case longPattern
        /// A pattern with a control or direction character, which no claim's value can hold.
        case invisibleCharacter
        /// More bytes to look for than a matcher takes.
        case tooManyBytes
    }

    package let code: Code
    /// What was wrong.
    package let reason: String
    /// What to write instead.
    package let fix: String

    package var description: String { "\(reason); \(fix)" }
}

extension StringProtocol {
    /// Whether two texts are the same bytes; `==` would also accept canonical equivalents (U+212A for `K`).
    package func isSameBytes(as other: some StringProtocol) -> Bool { utf8.elementsEqual(other.utf8) }

    /// The first character that a person reading a log could not see or would be misled by, or nil.
    package var firstInvisibleScalar: Unicode.Scalar? { unicodeScalars.first(where: \.isInvisible) }

    /// The text with every invisible character written out, as `\n` or `\u{1b}`, so that it stays on its line and cannot
    /// move a terminal's cursor.
    package var madeVisible: String {
        guard firstInvisibleScalar != nil else { return String(self) }
        return unicodeScalars.reduce(into: "") { text, scalar in
            switch scalar {
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.isInvisible: text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    /// A line of JSON with every invisible character written as `\u202e`; JSON lets all but the controls below U+0020 stand
    /// as they are inside its strings, and has none outside of them.
    package var madeVisibleInJSON: String {
        guard firstInvisibleScalar != nil else { return String(self) }
        return unicodeScalars.reduce(into: "") { text, scalar in
            guard scalar.isInvisible else {
                text.unicodeScalars.append(scalar)
                return
            }
            for unit in scalar.utf16 {
                let digits = String(unit, radix: 16)
                text += "\\u\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)"
            }
        }
    }
}

extension String {
    /// What a plain name is made of, for messages.
    package static let plainNameRule = "1 to 64 letters, digits, '.', '_' and '-', a letter or digit first"

    /// Whether a text can be a name in paths, logs and a terminal without any escape; see `plainNameRule`.
    package var isPlainName: Bool {
        guard let first = utf8.first, utf8.count <= 64 else { return false }
        return Self.isLetterOrDigit(first) && utf8.allSatisfy { Self.isLetterOrDigit($0) || ".-_".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }
}

extension Unicode.Scalar {
    /// Whether it cannot be seen and is no plain space: the controls (C0, DEL, C1), the line and paragraph separators, what
    /// has no width, and the marks that turn the direction of what follows them.
    ///
    /// The joiners U+200C and U+200D stay: words of some languages, and emoji, need them.
    package var isInvisible: Bool {
        switch value {
        case 0x00...0x1F, 0x7F...0x9F, 0x061C, 0x200B, 0x200E...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF,
            0xFFF9...0xFFFB, 0xE0000...0xE007F:
            true
        default: false
        }
    }

    /// The name by which to speak of a character that cannot be shown, such as `U+202E`.
    package var codePoint: String {
        let digits = String(value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }
}
