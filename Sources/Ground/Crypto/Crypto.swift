internal import COpenSSL

/// Crypto owns everything that OpenSSL does for this program: digests, randomness, keys and signatures, sealing with
/// AES-GCM, memory for secrets, and the TLS side of a server.
///
/// It implements no algorithm, trusts no caller's lengths, and knows no word of the domain. Whatever OpenSSL reports is
/// drained into the error that is thrown, so that no failure is found again by the next call on the thread.
///
/// RFC 7518 (JOSE algorithms and signature forms), RFC 8037 (Ed25519), FIPS 180-4, RFC 2104, SP 800-38D, RFC 8446.
package struct CryptoError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    package enum Code: Equatable, Sendable {
        /// The bytes are no key of a kind, size and curve that is used here.
        case key
        /// The bytes are no certificate chain, or it is not that of the key.
        case certificate
        /// A digest's text or bytes are not of its length.
        case digest
        /// What was sealed was changed, or sealed with another key or for another purpose.
        case authentication
        /// The private key is elsewhere, and cannot be reached or does not sign.
        case away
        /// OpenSSL failed at something that does not depend on what it was given.
        case library
    }

    package let code: Code
    /// What was being done, such as `reading a private key`.
    package let operation: String
    /// Our reason, or OpenSSL's own; never bytes of a key or message.
    package let detail: String

    /// Makes an error with a reason of our own.
    package init(_ code: Code, _ operation: String, detail: String) {
        self.code = code
        self.operation = operation
        self.detail = detail
    }

    /// Makes an error of everything in OpenSSL's queue, which is empty afterwards.
    static func drained(_ code: Code, _ operation: String) -> CryptoError {
        var reasons: [String] = []
        while case let number = ERR_get_error(), number != 0 {
            if let reason = unsafe ERR_reason_error_string(number) { reasons.append(unsafe String(cString: reason)) }
        }
        return CryptoError(
            code,
            operation,
            detail: reasons.isEmpty ? "no reason given" : reasons.joined(separator: ", ")
        )
    }

    package var description: String { "\(operation) failed: \(detail)" }
}

/// Whether two byte strings are equal, in a time that depends on their lengths alone.
package func equalInConstantTime(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return unsafe left.withUnsafeBytes { left in
        unsafe right.withUnsafeBytes { right in
            unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
        }
    }
}
