internal import Policy
internal import Time

/// The registered claims of a payload, read byte by byte as they stand where no value needs an escape.
///
/// That is nearly every token, and needs no parser: there is one way to write these claims without escapes and white space,
/// and either the bytes are it or the parser has to say what they are.
struct PlainHead {
    private let bytes: [UInt8]
    private var index = 0

    /// Makes a reader of a payload.
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Whether the bytes before `end` are the registered claims of the grant and the facts, plainly written.
    consuming func says(_ grant: Grant, _ facts: TokenFacts, end: Int) -> Bool {
        let issued = facts.issued.seconds
        return take(#"{"iss":"#) && takeQuoted(facts.issuer.text)
            && take(#","sub":"#) && takeQuoted(grant.subject)
            && take(#","aud":"#) && takeQuoted(grant.audience)
            && take(#","iat":"#) && take(String(issued))
            && take(#","nbf":"#) && take(String(issued - Payload.backdating.wholeSeconds))
            && take(#","exp":"#) && take(String(facts.expires.seconds))
            && take(#","jti":"#) && takeQuoted(facts.identifier)
            && index == end
    }

    private mutating func take(_ text: String) -> Bool {
        for byte in text.utf8 {
            guard index < bytes.count, bytes[index] == byte else { return false }
            index += 1
        }
        return true
    }

    /// Takes a text in quotes of which every byte stands for itself (RFC 8259, section 7).
    private mutating func takeQuoted(_ text: String) -> Bool {
        let isPlain = text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
        return isPlain && take("\"") && take(text) && take("\"")
    }
}
