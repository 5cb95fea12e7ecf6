import Crypto
import Encoding
import Testing

@Suite("Digests")
struct DigestTests {
    @Test(
        "SHA-256 gives the values of FIPS 180-4",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ]
    )
    func sha256(text: String, hex: String) throws {
        let digest = SHA256.hash(text)
        #expect(digest.hex == hex)
        #expect(Hex.encode(digest.bytes) == hex)
        #expect(try SHA256Digest(hex: hex) == digest)
        #expect(SHA256Digest(bytes: digest.bytes) == digest)
    }

    @Test("parts hash as if they stood behind each other")
    func parts() {
        #expect(SHA256.hash(parts: [[97], [], [98, 99]]) == SHA256.hash("abc"))
        #expect(SHA256.hash(parts: []) == SHA256.hash(""))
    }

    @Test("a million bytes hash to the value of FIPS 180-4")
    func long() {
        #expect(
            SHA256.hash([UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)).hex
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        )
    }

    @Test("a digest has 32 bytes", arguments: [0, 31, 33])
    func wrongLength(count: Int) {
        #expect(SHA256Digest(bytes: [UInt8](repeating: 0, count: count)) == nil)
        let hex = String(repeating: "00", count: count)
        #expect { try SHA256Digest(hex: hex) } throws: { ($0 as? CryptoError)?.code == .digest }
    }

    @Test("a digest's hex is lower case and nothing else", arguments: ["A", "g", " "])
    func wrongDigit(digit: String) {
        let hex = digit + String(repeating: "0", count: 63)
        #expect { try SHA256Digest(hex: hex) } throws: { ($0 as? CryptoError)?.code == .digest }
    }

    @Test("digests compare in constant time as they compare otherwise", arguments: [0, 7, 8, 15, 16, 31])
    func comparison(changed index: Int) {
        let digest = SHA256.hash("abc")
        var bytes = digest.bytes
        bytes[index] ^= 0x80
        let other = SHA256Digest(bytes: bytes)
        #expect(digest.isEqualInConstantTime(to: SHA256.hash("abc")))
        #expect(other.map { digest.isEqualInConstantTime(to: $0) } == false)
    }

    // RFC 4231, sections 4.2, 4.3 and 4.7 (a key longer than a block), and RFC 2104's own remark that keys may be empty.
    @Test(
        "HMAC-SHA-256 gives the values of RFC 4231",
        arguments: [
            (
                [UInt8](repeating: 0x0B, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
            ([], "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
        ] as [([UInt8], String, String)]
    )
    func hmac(key: [UInt8], message: String, hex: String) {
        #expect(HMAC.sha256(key: key, message: Array(message.utf8)).hex == hex)
    }

    @Test("byte strings compare in constant time as they compare otherwise")
    func bytes() {
        #expect(equalInConstantTime([], []))
        #expect(equalInConstantTime([1, 2, 3], [1, 2, 3]))
        #expect(!equalInConstantTime([1, 2, 3], [1, 2, 4]))
        #expect(!equalInConstantTime([1, 2, 3], [1, 2]))
    }
}
