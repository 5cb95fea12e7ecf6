internal import COpenSSL
internal import Encoding

/// A SHA-256 value: 32 bytes, kept as four words so that a dictionary of them hashes and compares fast.
package struct SHA256Digest: Hashable, Sendable, CustomStringConvertible {
    /// Bytes of a digest.
    package static let byteCount = 32

    private let word0: UInt64
    private let word1: UInt64
    private let word2: UInt64
    private let word3: UInt64

    /// Makes a digest of its 32 bytes; nil where there are more or fewer.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.init { index in bytes[index] }
    }

    /// Makes a digest of its 64 lower-case hex digits.
    ///
    /// - Throws: `CryptoError` with code `digest`.
    package init(hex: some StringProtocol) throws(CryptoError) {
        guard hex.utf8.count == 2 * Self.byteCount, let bytes = try? Hex.decode(hex), let digest = Self(bytes: bytes)
        else { throw CryptoError(.digest, "reading a SHA-256", detail: "wanted 64 lower-case hex digits") }
        self = digest
    }

    private init(byte: (Int) -> UInt8) {
        func word(_ start: Int) -> UInt64 {
            var value: UInt64 = 0
            for index in start..<start + 8 { value = value << 8 | UInt64(byte(index)) }
            return value
        }
        word0 = word(0)
        word1 = word(8)
        word2 = word(16)
        word3 = word(24)
    }

    /// Makes a digest of what `fill` writes into 32 bytes of memory.
    init<E: Error>(filling fill: (UnsafeMutablePointer<UInt8>) throws(E) -> Void) throws(E) {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        var failure: E?
        unsafe withUnsafeMutableBytes(of: &words) { buffer in
            guard let start = unsafe buffer.bindMemory(to: UInt8.self).baseAddress else { return }
            do throws(E) { unsafe try fill(start) } catch { failure = error }
        }
        if let failure { throw failure }
        word0 = UInt64(bigEndian: words.0)
        word1 = UInt64(bigEndian: words.1)
        word2 = UInt64(bigEndian: words.2)
        word3 = UInt64(bigEndian: words.3)
    }

    /// The 32 bytes.
    package var bytes: [UInt8] {
        let words = (word0.bigEndian, word1.bigEndian, word2.bigEndian, word3.bigEndian)
        return unsafe withUnsafeBytes(of: words) { unsafe Array($0) }
    }

    /// The 64 lower-case hex digits.
    package var hex: String { Hex.encode(bytes) }

    package var description: String { hex }

    /// Whether two digests are equal, in a time that does not tell where they differ.
    package func isEqualInConstantTime(to other: SHA256Digest) -> Bool {
        (word0 ^ other.word0) | (word1 ^ other.word1) | (word2 ^ other.word2) | (word3 ^ other.word3) == 0
    }
}

/// SHA-256 (FIPS 180-4).
package enum SHA256 {
    /// The digest of some bytes.
    package static func hash(_ bytes: [UInt8]) -> SHA256Digest {
        unsafe SHA256Digest { output in
            let isDone = unsafe bytes.withUnsafeBytes { input in
                unsafe EVP_Digest(input.baseAddress, input.count, output, nil, MessageDigest.sha256.pointer, nil) == 1
            }
            // A digest fails only where memory is out; nothing may be recorded or compared then.
            precondition(isDone, "SHA-256 failed")
        }
    }

    /// The digest of a text's UTF-8.
    package static func hash(_ text: String) -> SHA256Digest { hash(Array(text.utf8)) }

    /// The digest of several byte strings as if they stood behind each other.
    package static func hash(parts: [[UInt8]]) -> SHA256Digest { hash(Array(parts.joined())) }
}

/// HMAC (RFC 2104) with SHA-256.
package enum HMAC {
    /// The code of a message under a key.
    package static func sha256(key: [UInt8], message: [UInt8]) -> SHA256Digest {
        unsafe SHA256Digest { output in
            let isDone = unsafe key.withUnsafeBytes { key in
                unsafe message.withUnsafeBytes { message in
                    let text = unsafe message.bindMemory(to: UInt8.self)
                    return unsafe COpenSSL.HMAC(
                        MessageDigest.sha256.pointer,
                        key.baseAddress,
                        Int32(key.count),
                        text.baseAddress,
                        text.count,
                        output,
                        nil
                    ) != nil
                }
            }
            precondition(isDone, "HMAC-SHA-256 failed")
        }
    }
}

/// A digest algorithm, fetched once: a look-up for each call would cost more than hashing a short text.
@safe struct MessageDigest: @unchecked Sendable {  // openssl-threads(7): a fetched algorithm is never changed.
    static let sha256 = MessageDigest("SHA2-256")
    static let sha384 = MessageDigest("SHA2-384")
    static let sha512 = MessageDigest("SHA2-512")

    let pointer: OpaquePointer  // EVP_MD *

    /// The digest of a message.
    func hash(_ message: [UInt8]) -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        guard unsafe EVP_Digest(message, message.count, &hash, &count, pointer, nil) == 1 else {
            preconditionFailure("OpenSSL could not hash")
        }
        return Array(hash.prefix(Int(count)))
    }

    private init(_ name: StaticString) {
        let fetched = name.withUTF8Buffer { text in
            unsafe text.withMemoryRebound(to: CChar.self) { unsafe EVP_MD_fetch(nil, $0.baseAddress, nil) }
        }
        guard let fetched = unsafe fetched else { preconditionFailure("OpenSSL has no \(name)") }
        unsafe pointer = fetched
    }
}
