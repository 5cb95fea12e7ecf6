internal import Encoding

extension Property {
    /// The alphabets: one spelling each, or a form that reads as equal.
    static let encodings: [Property] = [
        spelledOnce("hex") { text throws(EncodingError) in Hex.encode(try Hex.decode(text)) },
        spelledOnce("base64") { text throws(EncodingError) in Base64.encode(try Base64.decode(text)) },
        spelledOnce("base64url") { text throws(EncodingError) in Base64URL.encode(try Base64URL.decode(text)) },
        Property("percent", percent),
        Property("form", form),
        Property("layout", layout),
    ]

    /// A text that is accepted is the only spelling of its bytes.
    private static func spelledOnce(
        _ name: String,
        _ respelled: @escaping @Sendable (String) throws(EncodingError) -> String
    ) -> Property {
        Property(name) { input in
            guard let text = String(validating: input, as: UTF8.self) else { return nil }
            guard let again = try? respelled(text) else { return nil }
            return again.utf8.elementsEqual(text.utf8) ? nil : "accepted, but spelled again as \(again)"
        }
    }

    private static func percent(_ input: [UInt8]) -> String? {
        guard let text = String(validating: input, as: UTF8.self) else { return nil }
        for plusIsSpace in [false, true] {
            guard let decoded = try? PercentEncoding.decode(text, plusIsSpace: plusIsSpace) else { continue }
            let encoded = PercentEncoding.encode(decoded)
            guard let again = try? PercentEncoding.decode(encoded, plusIsSpace: plusIsSpace) else {
                return "encoded as \(encoded), which is refused"
            }
            guard again.utf8.elementsEqual(decoded.utf8) else { return "\(decoded) became \(again)" }
        }
        return nil
    }

    private static func form(_ input: [UInt8]) -> String? {
        guard let text = String(validating: input, as: UTF8.self) else { return nil }
        guard let form = try? Form(parsing: text) else { return nil }
        guard let again = try? Form(parsing: form.encoded) else {
            return "encoded as \(form.encoded), which is refused"
        }
        return again == form ? nil : "encoded as \(form.encoded), which reads differently"
    }

    /// Reads the input as byte strings with their lengths; what was read whole is written again as it was.
    private static func layout(_ input: [UInt8]) -> String? {
        var reader = LayoutReader(input)
        var writer = LayoutWriter()
        do throws(EncodingError) {
            writer.uint8(try reader.uint8())
            writer.uint64(try reader.uint64())
            while reader.offset < input.count { try writer.prefixed16(reader.prefixed16()) }
            try reader.end()
        } catch {
            return error.offset <= input.count ? nil : "the error's offset \(error.offset) lies behind the end"
        }
        return writer.bytes == input ? nil : "written again as \(Hex.encode(writer.bytes))"
    }
}
