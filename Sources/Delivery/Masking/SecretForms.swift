internal import Encoding

/// The forms in which a secret may come out of a program that was given it: as it is, in base64 (wherever in an encoded text it
/// stands), in a URL, in JSON, between a shell's quotes, and each line of it alone.
enum SecretForms {
    /// Shorter texts are not looked for: they stand everywhere, and little is told by them.
    static let leastBytes = 4
    /// A line of a longer secret is looked for by itself from this length on.
    private static let leastLine = 16

    /// Every form of a secret of at least `leastBytes`, line breaks left out, each once.
    static func all(of secret: [UInt8]) -> Set<[UInt8]> {
        var forms: Set<[UInt8]> = []
        for text in [secret] + lines(of: secret) {
            forms.formUnion(whole(text))
        }
        return Set(forms.map { form in form.filter { !isLineBreak($0) } }.filter { $0.count >= leastBytes })
    }

    static func isLineBreak(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

    private static func whole(_ text: [UInt8]) -> [[UInt8]] {
        let trimmed = Array(text.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
        return [text, trimmed, shellQuoted(text)] + base64(text) + percentEncoded(text) + jsonEscaped(text)
    }

    /// The lines of a secret of several, such as those of a key's PEM, which a program may show one by one.
    private static func lines(of secret: [UInt8]) -> [[UInt8]] {
        let lines = secret.split(whereSeparator: isLineBreak)
        guard lines.count > 1 else { return [] }
        let dashes = Array("-----".utf8)
        return lines.map { line in Array(line.drop(while: isSpace)) }
            .filter { $0.count >= leastLine && !$0.starts(with: dashes) }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || isLineBreak(byte)
    }

    // MARK: Base64 (RFC 4648)

    /// The secret encoded by itself, and what is certain of it within a longer text, behind each number of bytes modulo 3.
    private static func base64(_ secret: [UInt8]) -> [[UInt8]] {
        var forms: [[UInt8]] = []
        for alphabet in [Base64.encode, urlAlphabet] {
            let padded = Array(alphabet(secret).utf8)
            forms.append(padded)
            forms.append(padded.filter { $0 != UInt8(ascii: "=") })
            for before in 0..<3 {
                let text = Array(alphabet([UInt8](repeating: 0, count: before) + secret).utf8)
                // Six bits a character: the first and the last may hold bits of what stands beside the secret.
                let certain = (before * 8 + 5) / 6..<((before + secret.count) * 8) / 6
                forms.append(Array(text[certain]))
            }
        }
        return forms.filter { $0.count >= leastBytes }
    }

    private static func urlAlphabet(_ bytes: [UInt8]) -> String {
        String(
            decoding: Base64.encode(bytes).utf8.map { byte in
                switch byte {
                case UInt8(ascii: "+"): UInt8(ascii: "-")
                case UInt8(ascii: "/"): UInt8(ascii: "_")
                default: byte
                }
            },
            as: UTF8.self
        )
    }

    // MARK: URLs (RFC 3986) and forms (URL Standard)

    /// What encoders leave as it is besides letters and digits: RFC 3986, then Python, JavaScript (a component, a whole URL),
    /// forms of browsers and Go, and PHP.
    private static let unescaped = ["-._~", "-._~/", "-_.!~*'()", "-_.!~*'();/?:@&=+$,#", "*-._", "-_."]

    private static func percentEncoded(_ secret: [UInt8]) -> [[UInt8]] {
        unescaped.flatMap { kept in
            [Digits.upper, Digits.lower].flatMap { digits in
                [false, true].map { plus in percentEncoded(secret, keeping: Array(kept.utf8), digits, plus: plus) }
            }
        }
    }

    private static func percentEncoded(
        _ secret: [UInt8],
        keeping kept: [UInt8],
        _ digits: Digits,
        plus: Bool
    ) -> [UInt8] {
        var text: [UInt8] = []
        for byte in secret {
            if isLetterOrDigit(byte) || kept.contains(byte) {
                text.append(byte)
            } else if plus, byte == UInt8(ascii: " ") {
                text.append(UInt8(ascii: "+"))
            } else {
                text.append(UInt8(ascii: "%"))
                text += digits.pair(byte)
            }
        }
        return text
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte | 0x20 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
    }

    // MARK: JSON (RFC 8259)

    /// The ways of encoders to escape what a string need not have escaped.
    private static func jsonEscaped(_ secret: [UInt8]) -> [[UInt8]] {
        [
            JSONEscapes(), JSONEscapes(slash: true), JSONEscapes(markup: true), JSONEscapes(beyondASCII: true),
            JSONEscapes(beyondASCII: true, digits: .upper), JSONEscapes(slash: true, beyondASCII: true),
            JSONEscapes(markup: true, digits: .upper),
        ].map { $0.escape(secret) }
    }

    /// As a shell's trace and `env` form write it: each quote outside of the quotes.
    private static func shellQuoted(_ secret: [UInt8]) -> [UInt8] {
        secret.flatMap { $0 == UInt8(ascii: "'") ? Array(#"'\''"#.utf8) : [$0] }
    }
}

/// The hexadecimal digits of one case.
struct Digits: Sendable {
    static let upper = Digits(letters: Array("0123456789ABCDEF".utf8))
    static let lower = Digits(letters: Array("0123456789abcdef".utf8))

    private let letters: [UInt8]

    func pair(_ byte: UInt8) -> [UInt8] { [letters[Int(byte >> 4)], letters[Int(byte & 15)]] }
}

/// One encoder's way to write a JSON string.
private struct JSONEscapes {
    /// As PHP does.
    var slash = false
    /// `<`, `>` and `&`, as Go does.
    var markup = false
    /// As Python does.
    var beyondASCII = false
    var digits = Digits.lower

    func escape(_ secret: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        for scalar in String(decoding: secret, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\"": text += Array(#"\""#.utf8)
            case "\\": text += Array(#"\\"#.utf8)
            case "\n": text += Array(#"\n"#.utf8)
            case "\r": text += Array(#"\r"#.utf8)
            case "\t": text += Array(#"\t"#.utf8)
            case "\u{8}": text += Array(#"\b"#.utf8)
            case "\u{C}": text += Array(#"\f"#.utf8)
            case "/" where slash: text += Array(#"\/"#.utf8)
            case "<", ">", "&": text += markup ? unit(UInt16(scalar.value)) : Array(String(scalar).utf8)
            case _ where scalar.value < 0x20 || (beyondASCII && scalar.value > 0x7E):
                for unit in String(scalar).utf16 { text += self.unit(unit) }
            default: text += Array(String(scalar).utf8)
            }
        }
        return text
    }

    private func unit(_ unit: UInt16) -> [UInt8] {
        Array(#"\u"#.utf8) + digits.pair(UInt8(unit >> 8)) + digits.pair(UInt8(unit & 0xFF))
    }
}
