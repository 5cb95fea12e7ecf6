import Crypto
import Testing

@Suite("Secrets")
struct SecretTests {
    @Test("a secret lends the bytes it was made of, and a copy outlives it")
    func bytes() {
        func copied() -> SecretBytes { SecretBytes(copying: [1, 2, 3]).copy() }
        let secret = copied()
        #expect(secret.count == 3)
        #expect(contents(secret) == [1, 2, 3])
    }

    @Test("making a secret by consuming empties the source")
    func consuming() {
        var source: [UInt8] = [7, 8, 9]
        let secret = SecretBytes(consuming: &source)
        #expect(source.isEmpty)
        #expect(contents(secret) == [7, 8, 9])
    }

    @Test("an empty secret is one")
    func empty() {
        let secret = SecretBytes(copying: [])
        #expect(secret.count == 0)
        #expect(contents(secret).isEmpty)
        let same = secret.isEqualInConstantTime(to: SecretBytes(copying: []))
        #expect(same)
    }

    @Test("secrets compare by their bytes")
    func comparison() {
        let secret = SecretBytes(copying: [1, 2, 3])
        let same = secret.isEqualInConstantTime(to: SecretBytes(copying: [1, 2, 3]))
        let other = secret.isEqualInConstantTime(to: SecretBytes(copying: [1, 2, 4]))
        let shorter = secret.isEqualInConstantTime(to: SecretBytes(copying: [1, 2]))
        #expect(same && !other && !shorter)
    }

    @Test("random bytes are as many as asked for and differ each time", arguments: [1, 16, 32, 1000])
    func entropy(count: Int) {
        #expect(Entropy.bytes(count).count == count)
        #expect(count < 16 || Entropy.bytes(count) != Entropy.bytes(count))
        let same = SecretBytes(random: 32).isEqualInConstantTime(to: SecretBytes(random: 32))
        #expect(!same)
    }

    @Test("no random bytes are no bytes")
    func noEntropy() { #expect(Entropy.bytes(0).isEmpty) }

    @Test("an identifier has 16 bytes and comes once, whoever asks, over several draws")
    func identifiers() async {
        let identifiers = await withTaskGroup { group in
            for _ in 0..<4 {
                group.addTask { (0..<200).map { _ in Entropy.identifier() } }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(identifiers.allSatisfy { $0.count == 16 })
        #expect(Set(identifiers).count == 800)
    }

    @Test("copies of a generator do not repeat each other")
    func generator() {
        var first = SecureRandom()
        var second = first
        #expect((first.next(), first.next()) != (second.next(), second.next()))
    }

    @Test(
        "what was sealed opens to itself",
        arguments: [0, 1, 15, 16, 17, 4096]
    )
    func roundTrip(count: Int) throws {
        let key = SecretBytes(random: AESGCM.keyByteCount)
        let text = Entropy.bytes(count)
        let sealed = try AESGCM.seal(SecretBytes(copying: text), key: key, associatedData: [1])
        #expect(sealed.count == 12 + count + 16)
        #expect(contents(try AESGCM.open(sealed, key: key, associatedData: [1])) == text)
    }

    @Test("sealing the same text twice gives different bytes")
    func nonce() throws {
        let key = SecretBytes(random: AESGCM.keyByteCount)
        let first = try AESGCM.seal(SecretBytes(copying: [1]), key: key, associatedData: [])
        #expect(first != (try AESGCM.seal(SecretBytes(copying: [1]), key: key, associatedData: [])))
    }

    @Test("any changed bit of nonce, ciphertext or tag is refused")
    func changed() throws {
        let key = SecretBytes(random: AESGCM.keyByteCount)
        let sealed = try AESGCM.seal(SecretBytes(copying: [1, 2, 3]), key: key, associatedData: [])
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(refusal(changed, key: key, associatedData: []) == .authentication)
        }
    }

    @Test("another key, other associated data, and a text cut short are refused")
    func wrongSurroundings() throws {
        let key = SecretBytes(random: AESGCM.keyByteCount)
        let sealed = try AESGCM.seal(SecretBytes(copying: [1, 2, 3]), key: key, associatedData: [1, 2])
        #expect(refusal(sealed, key: SecretBytes(random: 32), associatedData: [1, 2]) == .authentication)
        #expect(refusal(sealed, key: key, associatedData: [1]) == .authentication)
        #expect(refusal(sealed, key: key, associatedData: []) == .authentication)
        for count in 0..<sealed.count {
            #expect(refusal(Array(sealed[..<count]), key: key, associatedData: [1, 2]) == .authentication)
        }
    }

    @Test("a key of another length is refused", arguments: [0, 16, 31, 33])
    func keyLength(count: Int) {
        let key = SecretBytes(random: count)
        #expect(refusal([UInt8](repeating: 0, count: 28), key: key, associatedData: []) == .key)
        #expect { try AESGCM.seal(SecretBytes(copying: []), key: key, associatedData: []) } throws: {
            ($0 as? CryptoError)?.code == .key
        }
    }

    private func refusal(
        _ sealed: [UInt8],
        key: borrowing SecretBytes,
        associatedData: [UInt8]
    ) -> CryptoError.Code? {
        do throws(CryptoError) {
            _ = try AESGCM.open(sealed, key: key, associatedData: associatedData)
            return nil
        } catch { return error.code }
    }
}

/// The bytes of a secret, copied so that a test can compare them.
func contents(_ secret: borrowing SecretBytes) -> [UInt8] {
    secret.withBytes { bytes in bytes.indices.map { bytes[$0] } }
}
