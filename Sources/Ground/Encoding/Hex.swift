/// Lower-case base16 (RFC 4648, section 8): the form of every hash in the ledger, its filters and its entries.
package enum Hex {
    private static let digits: [UInt8] = Array("0123456789abcdef".utf8)

    /// The lower-case hex of some bytes.
    package static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes of a lower-case hex text.
    ///
    /// - Throws: `EncodingError` with code `hex` on an odd length, an upper-case digit or any other character.
    package static func decode(_ text: some StringProtocol) throws(EncodingError) -> [UInt8] {
        let characters = Array(text.utf8)
        guard characters.count.isMultiple(of: 2) else {
            throw EncodingError(.hex, at: characters.count, wanted: "an even number of digits")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count / 2)
        for index in stride(from: 0, to: characters.count, by: 2) {
            guard let high = value(characters[index]) else { throw unknown(at: index) }
            guard let low = value(characters[index + 1]) else { throw unknown(at: index + 1) }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }

    private static func unknown(at offset: Int) -> EncodingError {
        EncodingError(.hex, at: offset, wanted: "a lower-case hex digit")
    }
}
