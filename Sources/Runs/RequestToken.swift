package import Crypto
internal import Encoding

/// The bearer that speaks for one run until it ends: 256 random bits, written `jpr_` and 43 letters of base64url.
///
/// It exists once, on its way to the orchestrator; what stays is its SHA-256.
package struct RequestToken: ~Copyable, Sendable {
    /// The prefix by which secret scanners and people recognise a request token.
    package static let prefix = "jpr_"
    private static let length = 4 + 43

    private let text: SecretBytes
    /// What the broker keeps and compares.
    package let digest: SHA256Digest

    /// Makes a token of 32 random bytes, which are wiped in the caller's array.
    init(random bytes: inout [UInt8]) {
        precondition(bytes.count == 32, "a request token has 256 bits")
        var written = Array(Self.prefix.utf8) + Base64URL.encodedBytes(bytes)
        _ = SecretBytes(consuming: &bytes)
        digest = SHA256.hash(written)
        text = SecretBytes(consuming: &written)
    }

    /// Gives the text away, once.
    package consuming func reveal() -> String {
        text.withBytes { span in
            String(decoding: (0..<span.count).map { span[$0] }, as: UTF8.self)
        }
    }

    /// The digest under which a presented bearer would be known; nil where it is no request token at all.
    static func digest(ofPresented bearer: String) -> SHA256Digest? {
        guard bearer.utf8.count == length, bearer.utf8.starts(with: prefix.utf8) else { return nil }
        return SHA256.hash(Array(bearer.utf8))
    }
}
