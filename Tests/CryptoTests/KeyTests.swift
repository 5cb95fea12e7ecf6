import Crypto
import Encoding
import Testing

@Suite("Keys and signatures")
struct KeyTests {
    static let signing = SignatureAlgorithm.allCases.filter(\.canSign)

    @Test("a new key signs, its public key verifies, and its PEM is the same key", arguments: signing)
    func roundTrip(algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey.generate(for: algorithm)
        #expect(key.algorithm == algorithm)
        let message = Array("what is signed".utf8)
        let signature = try key.sign(message)
        #expect(key.publicKey.verify(signature, of: message, algorithm: algorithm))
        let read = try SigningKey(pem: key.pem())
        #expect(read.algorithm == algorithm)
        #expect(read.publicKey == key.publicKey)
        #expect(read.publicKey.verify(try read.sign(message), of: message, algorithm: algorithm))
        let made = try PublicKey(key.publicKey.components)
        #expect(made == key.publicKey)
        #expect(made.verify(signature, of: message, algorithm: algorithm))
    }

    @Test("a signature has the JOSE length of its algorithm, every time")
    func lengths() throws {
        let expected: [SignatureAlgorithm: Int] = [.rs256: 256, .es256: 64, .es384: 96, .es512: 132, .edDSA: 64]
        for algorithm in Self.signing {
            let key = try SigningKey.generate(for: algorithm)
            // R or S has a leading zero byte in one signature of 128, and must keep its width.
            for number in 0..<(algorithm == .rs256 ? 2 : 600) {
                let message = Array("message \(number)".utf8)
                let signature = try key.sign(message)
                #expect(signature.count == expected[algorithm])
                #expect(key.publicKey.verify(signature, of: message, algorithm: algorithm))
            }
        }
    }

    @Test("another message, another key, a changed and a longer or shorter signature are refused", arguments: signing)
    func refusals(algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey.generate(for: algorithm)
        let message = Array("what is signed".utf8)
        let signature = try key.sign(message)
        #expect(!key.publicKey.verify(signature, of: message + [0], algorithm: algorithm))
        #expect(!key.publicKey.verify(signature, of: [], algorithm: algorithm))
        #expect(!key.publicKey.verify([], of: message, algorithm: algorithm))
        #expect(!key.publicKey.verify(signature + [0], of: message, algorithm: algorithm))
        #expect(!key.publicKey.verify([0] + signature, of: message, algorithm: algorithm))
        #expect(!key.publicKey.verify(Array(signature.dropLast()), of: message, algorithm: algorithm))
        let other = try SigningKey.generate(for: algorithm)
        #expect(!other.publicKey.verify(signature, of: message, algorithm: algorithm))
        for index in [0, signature.count / 2 - 1, signature.count / 2, signature.count - 1] {
            var changed = signature
            changed[index] ^= 1
            #expect(!key.publicKey.verify(changed, of: message, algorithm: algorithm))
        }
    }

    @Test("a key verifies under no algorithm that it is not for", arguments: signing)
    func otherAlgorithms(algorithm: SignatureAlgorithm) throws {
        let key = try SigningKey.generate(for: algorithm)
        let message = Array("what is signed".utf8)
        let signature = try key.sign(message)
        for other in SignatureAlgorithm.allCases where other != algorithm {
            #expect(!key.publicKey.verify(signature, of: message, algorithm: other))
        }
    }

    @Test("an ECDSA signature in OpenSSL's own form is refused")
    func der() throws {
        let key = try SigningKey.generate(for: .es256)
        let der: [UInt8] = [0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01]
        #expect(!key.publicKey.verify(der, of: [], algorithm: .es256))
        #expect(!key.publicKey.verify([UInt8](repeating: 0, count: 64), of: [], algorithm: .es256))
        #expect(!key.publicKey.verify([UInt8](repeating: 0xFF, count: 64), of: [], algorithm: .es256))
    }

    @Test(
        "no key is made for an algorithm that a private key file cannot say",
        arguments: SignatureAlgorithm.allCases.filter { !$0.canSign }
    )
    func unsupported(algorithm: SignatureAlgorithm) {
        #expect { try SigningKey.generate(for: algorithm) } throws: { ($0 as? CryptoError)?.code == .key }
    }

    @Test("one key signs on many threads at once")
    func threads() async throws {
        let key = try SigningKey.generate(for: .es256)
        try await withThrowingTaskGroup { group in
            for worker in 0..<16 {
                group.addTask {
                    for number in 0..<50 {
                        let message = Array("\(worker) \(number)".utf8)
                        let signature = try key.sign(message)
                        #expect(key.publicKey.verify(signature, of: message, algorithm: .es256))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test(
        "public numbers that no honest key has are refused",
        arguments: [
            .rsa(modulus: [UInt8](repeating: 0xFF, count: 255), exponent: [1, 0, 1]),
            .rsa(modulus: [UInt8](repeating: 0xFF, count: 1025), exponent: [1, 0, 1]),
            .rsa(modulus: [0] + [UInt8](repeating: 0xFF, count: 256), exponent: [1, 0, 1]),
            .rsa(modulus: [UInt8](repeating: 0xFF, count: 256), exponent: [1]),
            .rsa(modulus: [UInt8](repeating: 0xFF, count: 256), exponent: [2]),
            .rsa(modulus: [UInt8](repeating: 0xFF, count: 256), exponent: []),
            .rsa(modulus: [UInt8](repeating: 0xFF, count: 256), exponent: [0, 3]),
            .rsa(modulus: [UInt8](repeating: 0xFF, count: 256), exponent: [UInt8](repeating: 0xFF, count: 9)),
            .rsa(modulus: [UInt8](repeating: 0xFE, count: 256), exponent: [3]),
            .rsa(modulus: [], exponent: [3]),
            .ec(curve: .p256, x: [UInt8](repeating: 1, count: 32), y: [UInt8](repeating: 1, count: 32)),
            .ec(curve: .p256, x: [UInt8](repeating: 0, count: 32), y: [UInt8](repeating: 0, count: 32)),
            .ec(curve: .p256, x: [UInt8](repeating: 0xFF, count: 32), y: [UInt8](repeating: 0xFF, count: 32)),
            .ec(curve: .p256, x: [UInt8](repeating: 1, count: 31), y: [UInt8](repeating: 1, count: 32)),
            .ec(curve: .p384, x: [UInt8](repeating: 1, count: 32), y: [UInt8](repeating: 1, count: 32)),
            .ed25519([]), .ed25519([UInt8](repeating: 1, count: 33)),
        ] as [PublicKeyComponents]
    )
    func badNumbers(components: PublicKeyComponents) {
        #expect { try PublicKey(components) } throws: { ($0 as? CryptoError)?.code == .key }
    }

    @Test("a point of one curve is refused on another, and with a changed coordinate")
    func offCurve() throws {
        guard case .ec(.p256, let x, var y) = try SigningKey.generate(for: .es256).publicKey.components else {
            Issue.record("an ES256 key is no P-256 key")
            return
        }
        y[31] ^= 1
        #expect { try PublicKey(.ec(curve: .p256, x: x, y: y)) } throws: { ($0 as? CryptoError)?.code == .key }
    }
}
