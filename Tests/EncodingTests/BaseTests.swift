import Encoding
import Testing

@Suite("Base64, base64url and hex")
struct BaseTests {
    @Test("base64 of the RFC's texts, both ways", arguments: RFC4648Vector.base64)
    func base64(vector: RFC4648Vector) throws {
        #expect(Base64.encode(vector.bytes) == vector.text)
        #expect(try Base64.decode(vector.text) == vector.bytes)
    }

    @Test("base64url is the same without padding and with two other letters", arguments: RFC4648Vector.base64)
    func base64url(vector: RFC4648Vector) throws {
        let text = vector.text.replacing("=", with: "").replacing("+", with: "-").replacing("/", with: "_")
        #expect(Base64URL.encode(vector.bytes) == text)
        #expect(Base64URL.encodedBytes(vector.bytes) == Array(text.utf8))
        #expect(try Base64URL.decode(text) == vector.bytes)
    }

    @Test("the two alphabets differ in two letters, and neither reads the other's")
    func alphabets() throws {
        let bytes: [UInt8] = [0xFB, 0xEF, 0xFF]
        #expect(Base64.encode(bytes) == "++//")
        #expect(Base64URL.encode(bytes) == "--__")
        #expect(throws: EncodingError(.base64, at: 0, wanted: "a letter of its alphabet")) { try Base64.decode("--__") }
        #expect(throws: EncodingError(.base64url, at: 0, wanted: "a letter of its alphabet")) {
            try Base64URL.decode("++//")
        }
    }

    @Test("the example of RFC 7515, appendix C")
    func jws() throws {
        #expect(Base64URL.encode([3, 236, 255, 224, 193]) == "A-z_4ME")
        #expect(try Base64URL.decode("A-z_4ME") == [3, 236, 255, 224, 193])
    }

    @Test("hex of the RFC's texts, both ways", arguments: RFC4648Vector.base16)
    func hex(vector: RFC4648Vector) throws {
        #expect(Hex.encode(vector.bytes) == vector.text)
        #expect(try Hex.decode(vector.text) == vector.bytes)
    }

    @Test("every byte has its own two hex digits, and its own letters")
    func everyByte() throws {
        let all = (0...255).map { UInt8($0) }
        #expect(try Hex.decode(Hex.encode(all)) == all)
        #expect(try Base64.decode(Base64.encode(all)) == all)
        #expect(try Base64URL.decode(Base64URL.encode(all)) == all)
        for byte in all {
            #expect(try Hex.decode(Hex.encode([byte])) == [byte])
            #expect(try Base64URL.decode(Base64URL.encode([byte])) == [byte])
        }
    }

    @Test(
        "base64 that would not re-encode to the same text is refused where it is wrong",
        arguments: [
            ("Zg", 2), ("Zg=", 3), ("Zg===", 5), ("Z===", 1), ("====", 0), ("Zh==", 1), ("Zm9=", 2), ("Zm9v\n", 5),
            ("Zm 9v===", 2),
            ("Zm-v", 2), ("Zm_v", 2), ("Zg==Zg==", 2), ("=Zm9", 0), ("Zm=v", 2), ("Zmé=", 5), ("ZmK\u{301}", 5),
            ("A", 1),
        ]
    )
    func badBase64(text: String, offset: Int) throws {
        let error = try #require(throws: EncodingError.self) { try Base64.decode(text) }
        #expect(error.code == .base64)
        #expect(error.offset == offset, "\(error)")
    }

    @Test(
        "base64url that would not re-encode to the same text is refused where it is wrong",
        arguments: [
            ("Zg==", 2), ("A", 1), ("AAAAA", 5), ("Zh", 1), ("Zm9", 2), ("Zm+v", 2), ("Zm/v", 2), ("Zm9v\n", 5),
            (" Zm9", 0),
            ("Zm\u{0}v", 2), ("YWJ", 2),
        ]
    )
    func badBase64URL(text: String, offset: Int) throws {
        let error = try #require(throws: EncodingError.self) { try Base64URL.decode(text) }
        #expect(error.code == .base64url)
        #expect(error.offset == offset, "\(error)")
    }

    @Test("what decodes re-encodes to the same text, for all texts of three letters")
    func canonical() throws {
        let letters = Array("AQgw-_9+/=".utf8)
        var accepted = 0
        for first in letters {
            for second in letters {
                for third in letters {
                    let text = String(decoding: [first, second, third], as: UTF8.self)
                    guard let bytes = try? Base64URL.decode(text) else { continue }
                    accepted += 1
                    #expect(Base64URL.encode(bytes) == text)
                }
            }
        }
        // Seven of the letters are of the alphabet; the four whose last two bits are zero can end a group of three.
        #expect(accepted == 7 * 7 * 4)
    }

    @Test(
        "hex that is not two lower-case digits a byte is refused where it is wrong",
        arguments: [
            ("6", 1), ("666", 3), ("6F", 1), ("F6", 0), ("6g", 1), ("0x66", 1), ("66 66", 5), ("６６", 0), ("-1", 0),
            ("+1", 0),
        ]
    )
    func badHex(text: String, offset: Int) throws {
        let error = try #require(throws: EncodingError.self) { try Hex.decode(text) }
        #expect(error.code == .hex)
        #expect(error.offset == offset, "\(error)")
    }

    @Test("an error says what was wanted, where")
    func description() throws {
        let error = try #require(throws: EncodingError.self) { try Hex.decode("6F") }
        #expect("\(error)" == "hex text is malformed at byte 1: wanted a lower-case hex digit")
    }
}
