/// The two alphabets of RFC 4648, both decoded strictly: no white space, no missing or extra padding, no stray bits.
package enum Base64 {
    /// Padded base64 (RFC 4648, section 4), as signed notes and ledger proofs carry it.
    package static func encode(_ bytes: [UInt8]) -> String {
        String(decoding: Alphabet.standard.encode(bytes, padded: true), as: UTF8.self)
    }

    /// The bytes of a padded base64 text.
    ///
    /// - Throws: `EncodingError` with code `base64` on anything that would not re-encode to the same characters.
    package static func decode(_ text: some StringProtocol) throws(EncodingError) -> [UInt8] {
        var characters = Array(text.utf8)
        guard characters.count.isMultiple(of: 4) else {
            throw EncodingError(.base64, at: characters.count, wanted: "a length that is a multiple of 4")
        }
        var padding = 0
        while padding < 2, characters.last == UInt8(ascii: "=") {
            characters.removeLast()
            padding += 1
        }
        guard (4 - characters.count % 4) % 4 == padding else {
            throw EncodingError(.base64, at: characters.count, wanted: "padding to a multiple of 4")
        }
        return try Alphabet.standard.decode(characters, code: .base64)
    }
}

/// Unpadded base64url (RFC 4648, section 5; RFC 7515, section 2), the alphabet of JOSE.
package enum Base64URL {
    /// The base64url text of some bytes, without padding.
    package static func encode(_ bytes: [UInt8]) -> String {
        String(decoding: encodedBytes(bytes), as: UTF8.self)
    }

    /// The base64url text of some bytes as ASCII bytes, for a caller that is building a longer text.
    package static func encodedBytes(_ bytes: [UInt8]) -> [UInt8] {
        Alphabet.urlSafe.encode(bytes, padded: false)
    }

    /// The bytes of an unpadded base64url text.
    ///
    /// - Throws: `EncodingError` with code `base64url` on padding, white space, a character outside the alphabet or
    ///   trailing bits that are not zero: RFC 7515 tokens must have one spelling.
    package static func decode(_ text: some StringProtocol) throws(EncodingError) -> [UInt8] {
        try Alphabet.urlSafe.decode(Array(text.utf8), code: .base64url)
    }
}

/// One 64-character alphabet, with its inverse.
private struct Alphabet: Sendable {
    static let standard = Alphabet(last: "+/")
    static let urlSafe = Alphabet(last: "-_")

    private static let invalid: UInt8 = 0xFF
    private let characters: [UInt8]
    private let values: [UInt8]

    private init(last: String) {
        let all = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8) + Array(last.utf8)
        var inverse = [UInt8](repeating: Self.invalid, count: 256)
        for (value, character) in all.enumerated() { inverse[Int(character)] = UInt8(value) }
        characters = all
        values = inverse
    }

    func encode(_ bytes: [UInt8], padded: Bool) -> [UInt8] {
        let rest = bytes.count % 3
        var text = [UInt8](repeating: UInt8(ascii: "="), count: (bytes.count + 2) / 3 * 4)
        var position = 0
        var index = 0
        // Whole groups first, without a question for each character: every token passes here.
        while index < bytes.count - rest {
            let group = Int(bytes[index]) << 16 | Int(bytes[index + 1]) << 8 | Int(bytes[index + 2])
            text[position] = characters[group >> 18]
            text[position + 1] = characters[group >> 12 & 63]
            text[position + 2] = characters[group >> 6 & 63]
            text[position + 3] = characters[group & 63]
            index += 3
            position += 4
        }
        if rest > 0 {
            let group = Int(bytes[index]) << 16 | (rest == 2 ? Int(bytes[index + 1]) << 8 : 0)
            text[position] = characters[group >> 18]
            text[position + 1] = characters[group >> 12 & 63]
            if rest == 2 { text[position + 2] = characters[group >> 6 & 63] }
            if !padded { text.removeLast(3 - rest) }
        }
        return text
    }

    func decode(_ text: [UInt8], code: EncodingError.Code) throws(EncodingError) -> [UInt8] {
        guard text.count % 4 != 1 else { throw EncodingError(code, at: text.count, wanted: "a whole last group") }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var bits: UInt32 = 0
        var pending = 0
        for (offset, character) in text.enumerated() {
            let value = values[Int(character)]
            guard value != Self.invalid else {
                throw EncodingError(code, at: offset, wanted: "a letter of its alphabet")
            }
            bits = bits << 6 | UInt32(value)
            pending += 6
            if pending >= 8 {
                pending -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(pending)))
                bits &= 1 << UInt32(pending) - 1
            }
        }
        guard bits == 0 else { throw EncodingError(code, at: text.count - 1, wanted: "trailing bits of zero") }
        return bytes
    }
}
