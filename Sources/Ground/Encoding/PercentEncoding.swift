/// Percent encoding of one URL component (RFC 3986, section 2.1).
package enum PercentEncoding {
    /// A component with everything but the unreserved characters encoded as `%XX`.
    package static func encode(_ text: String) -> String {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if isUnreserved(byte) {
                encoded.append(byte)
            } else {
                encoded.append(UInt8(ascii: "%"))
                encoded.append(contentsOf: Hex.encode([byte]).uppercased().utf8)
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    /// The text of one component; with `plusIsSpace`, as inside a query or form, `+` stands for a space.
    ///
    /// - Throws: `EncodingError` with code `percent` on a broken escape, with `utf8` where the bytes are no UTF-8.
    package static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) throws(EncodingError) -> String {
        try decode(Array(text.utf8)[...], plusIsSpace: plusIsSpace)
    }

    static func decode(_ characters: ArraySlice<UInt8>, plusIsSpace: Bool) throws(EncodingError) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(characters.count)
        var index = characters.startIndex
        while index < characters.endIndex {
            switch characters[index] {
            case UInt8(ascii: "%"):
                guard index + 2 < characters.endIndex, let high = value(characters[index + 1]),
                    let low = value(characters[index + 2])
                else { throw EncodingError(.percent, at: index, wanted: "two hex digits after %") }
                bytes.append(high << 4 | low)
                index += 3
            case UInt8(ascii: "+") where plusIsSpace:
                bytes.append(UInt8(ascii: " "))
                index += 1
            default:
                bytes.append(characters[index])
                index += 1
            }
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw EncodingError(.utf8, at: 0, wanted: "UTF-8 behind the escapes")
        }
        return decoded
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
