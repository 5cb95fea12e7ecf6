internal import COpenSSL

/// A key out of a passphrase by scrypt (RFC 7914), which costs whoever guesses as much memory and time as whoever knows.
package struct PassphraseCost: Equatable, Sendable {
    /// N is 2 to this power.
    package let logN: UInt8
    package let r: UInt8
    package let p: UInt8

    /// N = 2^17, r = 8, p = 1: 128 MiB, and some 0.3 s.
    package static let standard = PassphraseCost(logN: 17, r: 8, p: 1)

    private static let memory: UInt64 = 1 << 30

    private init(logN: UInt8, r: UInt8, p: UInt8) {
        self.logN = logN
        self.r = r
        self.p = p
    }

    /// Takes a cost that a file names; nil for one that needs more than 512 MiB, as a hostile file may ask for.
    package init?(checking logN: UInt8, r: UInt8, p: UInt8) {
        guard (10...20).contains(logN), (1...16).contains(r), (1...4).contains(p),
            (UInt64(128) * UInt64(r)) << UInt64(logN) <= 1 << 29
        else { return nil }
        self.init(logN: logN, r: r, p: p)
    }

    /// The key of an AES-256-GCM seal.
    ///
    /// - Throws: `CryptoError` with code `library` where OpenSSL fails, as without enough memory.
    package func key(of passphrase: borrowing SecretBytes, salt: [UInt8]) throws(CryptoError) -> SecretBytes {
        var isDone = false
        let key = passphrase.withBytes { passphrase in
            unsafe passphrase.withUnsafeBytes { passphrase in
                unsafe SecretBytes(count: AESGCM.keyByteCount) { output in
                    let code = unsafe EVP_PBE_scrypt(
                        passphrase.baseAddress?.assumingMemoryBound(to: CChar.self),
                        passphrase.count,
                        salt,
                        salt.count,
                        UInt64(1) << UInt64(logN),
                        UInt64(r),
                        UInt64(p),
                        Self.memory,
                        output.baseAddress?.assumingMemoryBound(to: UInt8.self),
                        output.count
                    )
                    isDone = code == 1
                }
            }
        }
        guard isDone else { throw .drained(.library, "making a key of a passphrase") }
        return key
    }
}
