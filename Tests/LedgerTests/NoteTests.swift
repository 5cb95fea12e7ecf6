import Crypto
import Encoding
import JSON
import Ledger
import Support
import Testing

@Suite("Signed notes and checkpoints")
struct NoteTests {
    @Test("a note of the vectors parses, verifies and is written as it was", arguments: try Vectors.all("notes.json"))
    func vectors(_ vector: Vector) throws {
        let key = try VerifierKey(try vector.text("key"))
        #expect(key.description == (try vector.text("key")))
        let bytes = Array(try vector.text("note").utf8)
        let note = try SignedNote(bytes)
        #expect(note.bytes == bytes)
        let ours = note.signatures.filter { $0.name == key.name && $0.keyID == key.id }
        #expect(ours.count == 1)
        #expect(ours.allSatisfy { key.verify($0.signature, of: note.text) })
        #expect(ours.allSatisfy { !key.verify($0.signature, of: note.text + "\n") })
    }

    @Test("our signature over the vectors' checkpoint is theirs, byte for byte")
    func signing() throws {
        let vector = try #require(try Vectors.all("notes.json").first { $0.members["seed"] != nil })
        let text = try vector.text("note")
        let key = try SigningKey.ed25519(seed: Hex.decode(try vector.text("seed")))
        let signer = try CheckpointSigner(name: KeyName("broker.example.test/log"), key: key)
        #expect(signer.verifier.description == (try vector.text("key")))
        let checkpoint = try Checkpoint(note: Array(text.utf8), verifiedBy: signer.verifier)
        #expect(checkpoint.size == 8)
        let signed = try signer.sign(size: checkpoint.size, root: checkpoint.root)
        let withoutWitness = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast(2).joined(
            separator: "\n"
        )
        #expect(String(decoding: signed, as: UTF8.self) == withoutWitness + "\n")
    }

    @Test(
        "a note that is not in its one spelling is refused",
        arguments: [
            "", "\n", "text\n", "text\n\n", "\n\u{2014} n AAAAAAA=\n", "text\n\n\u{2014} n AAAAAAA=",
            "text\n\n- n AAAAAAA=\n",
            "text\n\n\u{2014} n AAAAAAB=\n", "text\n\n\u{2014} n AAAAAAA\n", "text\n\n\u{2014} n  AAAAAAA=\n",
            "text\n\n\u{2014} n AAAAAA==\n", "text\n\n\u{2014} n+ AAAAAAA=\n", "text\n\n\u{2014}  AAAAAAA=\n",
            "text\n\n\u{2014} n\u{2003}m AAAAAAA=\n", "te\txt\n\n\u{2014} n AAAAAAA=\n",
            "te\rxt\n\n\u{2014} n AAAAAAA=\n",
            "text\n\n\u{2014} n AAAAAAA=\n\n", "text\n\n\u{2014} n AAAAAAA=\nmore\n", "text\n\n\u{2014} n AAAAAAA= x\n",
        ]
    )
    func malformedNotes(_ text: String) {
        let error = #expect(throws: LedgerError.self) { try SignedNote(Array(text.utf8)) }
        #expect(error?.code == .malformedNote)
    }

    @Test("text and signatures part at the last empty line")
    func lastBlankLine() throws {
        let bytes = Array("a\n\nb\n\n\u{2014} n AAAAAAA=\n".utf8)
        let note = try SignedNote(bytes)
        #expect(note.text == "a\n\nb\n")
        #expect(note.bytes == bytes)
    }

    @Test("a note that is too large, has too many signatures or is no UTF-8 is refused")
    func limits() throws {
        let line = "\u{2014} n AAAAAAA=\n"
        let most = "text\n\n" + String(repeating: line, count: SignedNote.mostSignatures)
        #expect(try SignedNote(Array(most.utf8)).signatures.count == SignedNote.mostSignatures)
        #expect(throws: LedgerError.self) { try SignedNote(Array((most + line).utf8)) }
        let large = String(repeating: "x", count: SignedNote.largest) + "\n\n" + line
        #expect(throws: LedgerError.self) { try SignedNote(Array(large.utf8)) }
        #expect(throws: LedgerError.self) { try SignedNote([0xFF] + Array("\n\n\(line)".utf8)) }
    }

    @Test(
        "a checkpoint that is not in its one spelling is refused",
        arguments: [
            "", "o\n1\n", "o\n01\n\(root)\n", "o\n+1\n\(root)\n", "o\n-1\n\(root)\n", "o\n1 \n\(root)\n",
            "o\n\n\(root)\n",
            "\n1\n\(root)\n", "o o\n1\n\(root)\n", "o\n1\nAAAA\n", "o\n1\n\(root)",
            "o\n18446744073709551616\n\(root)\n",
            "o\n1\n\(root)\n\n", "o\n1\n\(root)\n\nx\n",
        ]
    )
    func malformedCheckpoints(_ text: String) {
        let error = #expect(throws: LedgerError.self) { try Checkpoint(text: text) }
        #expect(error?.code == .malformedNote)
    }

    @Test("extension lines are kept")
    func extensions() throws {
        let text = "o\n18446744073709551615\n\(Self.root)\none\ntwo\n"
        let checkpoint = try Checkpoint(text: text)
        #expect(checkpoint.size == .max)
        #expect(checkpoint.extensions == ["one", "two"])
        #expect(checkpoint.text == text)
    }

    @Test(
        "a verifier key that is not in its one spelling is refused",
        arguments: [
            "", "example.com/foo", "example.com/foo+530d903a", "example.com/foo+530d903b+\(blob)",
            "example.com/foo+530D903A+\(blob)", "example.com/bar+530d903a+\(blob)", "+530d903a+\(blob)",
            "example.com/foo+530d903a+\(blob)x",
            "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "example.com/foo+530d903a+Aeky",
        ]
    )
    func malformedKeys(_ text: String) {
        let error = #expect(throws: LedgerError.self) { try VerifierKey(text) }
        #expect(error?.code == .malformedNote)
    }

    @Test("a checkpoint of another log, of another key, or with a bad signature is told apart")
    func refusals() throws {
        let signer = try Self.signer(0, "log.example/log")
        let note = try signer.sign(size: 3, root: Merkle.emptyRoot)
        #expect(try Checkpoint(note: note, verifiedBy: signer.verifier).size == 3)
        func refusal(_ note: [UInt8], _ key: VerifierKey) -> LedgerError? {
            #expect(throws: LedgerError.self) { try Checkpoint(note: note, verifiedBy: key) }
        }
        let origin = refusal(note, try Self.signer(0, "other.example/log").verifier)
        #expect(origin?.code == .wrongOrigin)
        #expect(origin?.seen.contains("log.example/log") == true)
        #expect(origin?.wanted.contains("other.example/log") == true)
        #expect(refusal(note, try Self.signer(1, "log.example/log").verifier)?.code == .wrongKey)
        let changed = String(decoding: note, as: UTF8.self).replacing("\n3\n", with: "\n4\n")
        #expect(refusal(Array(changed.utf8), signer.verifier)?.code == .badSignature)
    }

    @Test("one bad signature of a known key spoils a good one beside it")
    func badBesideGood() throws {
        let signer = try Self.signer(0, "log.example/log")
        let good = try SignedNote(signer.sign(size: 3, root: Merkle.emptyRoot))
        let bad = SignedNote.Signature(
            name: signer.verifier.name,
            keyID: signer.verifier.id,
            signature: .init(repeating: 7, count: 64)
        )
        let both = SignedNote(text: good.text, signatures: good.signatures + [bad])
        let error = #expect(throws: LedgerError.self) { try Checkpoint(note: both.bytes, verifiedBy: signer.verifier) }
        #expect(error?.code == .badSignature)
    }

    @Test(
        "the log's name comes from the issuer",
        arguments: [
            ("https://ci.example.com", "ci.example.com/log"), ("https://ci.example.com/", "ci.example.com/log"),
            ("http://127.0.0.1:8080/a/b", "127.0.0.1:8080/a/b/log"),
        ]
    )
    func origin(_ issuer: String, _ name: String) throws {
        #expect(try KeyName(logOf: issuer).description == name)
    }

    @Test(
        "an issuer whose URL cannot be a key's name is refused",
        arguments: ["ci.example.com", "https://a+b", "https://a b"]
    )
    func badOrigin(_ issuer: String) {
        #expect(throws: LedgerError.self) { try KeyName(logOf: issuer) }
    }

    @Test("names are compared byte for byte")
    func nameBytes() throws {
        let (composed, decomposed) = (try KeyName("caf\u{E9}.example"), try KeyName("cafe\u{301}.example"))
        #expect(composed.description == decomposed.description, "as Swift compares texts")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
    }

    @Test("only an Ed25519 key signs checkpoints")
    func otherKey() throws {
        let key = try SigningKey.generate(for: .es256)
        #expect(throws: LedgerError.self) { try CheckpointSigner(name: KeyName("log.example/log"), key: key) }
    }

    private static let root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    private static let blob = "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"

    private static func signer(_ seed: UInt8, _ name: String) throws -> CheckpointSigner {
        try CheckpointSigner(name: KeyName(name), key: .ed25519(seed: Array(seed..<seed + 32)))
    }
}
