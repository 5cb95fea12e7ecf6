import Crypto
import Encoding
import JSON
import Support
import Testing

@Suite("Published vectors")
struct VectorTests {
    @Test("AES-256-GCM opens what its authors sealed", arguments: try Vectors.all("aes-256-gcm.json"))
    func aesGCM(vector: Vector) throws {
        func bytes(_ name: String) throws -> [UInt8] { try Hex.decode(vector.text(name)) }
        let sealed = try bytes("nonce") + bytes("ciphertext") + bytes("tag")
        let key = SecretBytes(copying: try bytes("key"))
        let text = try AESGCM.open(sealed, key: key, associatedData: bytes("associated_data"))
        #expect(contents(text) == (try bytes("plaintext")))
    }

    @Test("signatures of the standards verify, and no others", arguments: try Vectors.all("signatures.json"))
    func signatures(vector: Vector) throws {
        let algorithm = try #require(SignatureAlgorithm(rawValue: vector.text("algorithm")))
        let numbers = try #require(vector.members["key"]?.asArray).map { try Hex.decode($0.asString ?? "") }
        let components: PublicKeyComponents =
            if let curve = algorithm.curve { .ec(curve: curve, x: numbers[0], y: numbers[1]) } else {
                .ed25519(numbers[0])
            }
        let key = try PublicKey(components)
        let message = try Hex.decode(vector.text("message"))
        let signature = try Hex.decode(vector.text("signature"))
        #expect(key.verify(signature, of: message, algorithm: algorithm))
        #expect(!key.verify(signature, of: message + [0], algorithm: algorithm))
        for index in signature.indices {
            var changed = signature
            changed[index] ^= 0x01
            #expect(!key.verify(changed, of: message, algorithm: algorithm))
        }
    }
}
