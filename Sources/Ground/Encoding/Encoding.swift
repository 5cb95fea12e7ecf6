/// Encoding owns the alphabets and layouts that bytes take on the wire and at rest: hex, base64, base64url, percent and
/// form encoding, and fixed binary layouts.
///
/// Every decoder refuses what is malformed with its place, and those of hex, base64 and layouts accept one spelling alone:
/// what they accept re-encodes to the same characters. (Percent encoding has several spellings for a text by design.) It never touches C, files or the network, and knows no word of the domain.
///
/// RFC 4648 (base16, base64, base64url), RFC 3986 section 2.1 (percent), the WHATWG URL standard section 5 (forms).
package struct EncodingError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of text or layout was refused.
    package enum Code: Equatable, Sendable {
        case hex
        case base64
        case base64url
        case percent
        case form
        case utf8
        case layout
    }

    package let code: Code
    /// Offset in bytes of the first place that is wrong.
    package let offset: Int
    /// What was wanted there.
    package let wanted: String

    /// Makes an error of one encoding.
    package init(_ code: Code, at offset: Int, wanted: String) {
        self.code = code
        self.offset = offset
        self.wanted = wanted
    }

    package var description: String { "\(code) text is malformed at byte \(offset): wanted \(wanted)" }
}
