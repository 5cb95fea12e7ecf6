package import Crypto
internal import Encoding
package import Time

/// The public half of a witness's key (C2SP tlog-cosignature v1, type 4: Ed25519 with a time).
package struct CosignatureKey: Equatable, Sendable, CustomStringConvertible {
    private static let type: UInt8 = 4

    package let name: KeyName
    package let id: UInt32
    private let bytes: [UInt8]
    private let key: PublicKey

    init(name: KeyName, key: PublicKey) throws(LedgerError) {
        guard case .ed25519(let bytes) = key.components else {
            throw .malformedNote(seen: "a key of another kind", wanted: "an Ed25519 key")
        }
        self.name = name
        self.key = key
        self.bytes = bytes
        let digest = SHA256.hash(Array("\(name)\n".utf8) + [Self.type] + bytes)
        id = digest.bytes[..<4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Parses the text that `description` gives: `NAME+ID+KEY`.
    ///
    /// - Throws: `LedgerError` with code `malformedNote`, also where the ID is not that of the key.
    package init(_ text: String) throws(LedgerError) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let blob = try? Base64.decode(parts[2]), blob.first == Self.type,
            let key = try? PublicKey(.ed25519(Array(blob.dropFirst())))
        else {
            throw .malformedNote(
                seen: "the witness key '\(text)'",
                wanted: "NAME+ID+KEY with a cosignature key (type 4)"
            )
        }
        try self.init(name: try KeyName(String(parts[0])), key: key)
        guard parts[1] == hexID else {
            throw .malformedNote(seen: "the key ID \(parts[1])", wanted: "\(hexID), which is that of the key")
        }
    }

    /// `NAME+ID+KEY`, as it is given to those who verify.
    package var description: String { "\(name)+\(hexID)+\(Base64.encode([Self.type] + bytes))" }

    private var hexID: String { Hex.encode([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: id >> $0) }) }

    /// When this witness cosigned a checkpoint's text; nil where a signature line is not its, or not good.
    package func time(of signature: SignedNote.Signature, on text: String) -> UnixTime? {
        guard signature.name == name, signature.keyID == id, signature.signature.count == 72 else { return nil }
        let seconds = signature.signature[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        guard seconds <= UInt64(Int64.max / 1_000) else { return nil }
        let message = Cosigner.message(text, seconds: seconds)
        guard key.verify(Array(signature.signature[8...]), of: message, algorithm: .edDSA) else { return nil }
        return UnixTime(seconds: Int64(seconds))
    }
}

/// Cosigns checkpoints as a witness.
package struct Cosigner: Sendable {
    /// By which others verify it.
    package let verifier: CosignatureKey
    private let key: SigningKey

    /// Makes a witness of a name and an Ed25519 key.
    ///
    /// - Throws: `LedgerError` with code `malformedNote` where the key is of another kind.
    package init(name: KeyName, key: SigningKey) throws(LedgerError) {
        verifier = try CosignatureKey(name: name, key: key.publicKey)
        self.key = key
    }

    /// The signature line over a checkpoint's text at a time.
    ///
    /// - Throws: `LedgerError` with code `signing` where OpenSSL fails.
    package func sign(_ text: String, at moment: UnixTime) throws(LedgerError) -> SignedNote.Signature {
        let seconds = UInt64(clamping: moment.seconds)
        do throws(CryptoError) {
            let signature = try key.sign(Self.message(text, seconds: seconds))
            var blob = LayoutWriter(reserving: 72)
            blob.uint64(seconds)
            blob.fixed(signature)
            return SignedNote.Signature(name: verifier.name, keyID: verifier.id, signature: blob.bytes)
        } catch {
            throw LedgerError(.signing, seen: "\(error)", wanted: "a cosignature", remedy: "see to the witness's key")
        }
    }

    static func message(_ text: String, seconds: UInt64) -> [UInt8] {
        Array("cosignature/v1\ntime \(seconds)\n\(text)".utf8)
    }
}

/// What a log sends to a witness (C2SP tlog-witness, add-checkpoint): where the witness stands, the proof from there, and
/// the newer checkpoint.
package struct CheckpointOffer: Equatable, Sendable {
    package let old: UInt64
    package let proof: [SHA256Digest]
    /// The signed note.
    package let note: [UInt8]

    private static let longestProof = 63

    /// Makes an offer.
    package init(old: UInt64, proof: [SHA256Digest], note: [UInt8]) {
        self.old = old
        self.proof = proof
        self.note = note
    }

    /// Parses a request's body.
    ///
    /// - Throws: `LedgerError` with code `malformedNote`.
    package init(_ bytes: [UInt8]) throws(LedgerError) {
        let wrong = LedgerError.malformedNote(
            seen: "\(bytes.count) bytes of something else",
            wanted: "'old N', at most \(Self.longestProof) hashes, an empty line, and a checkpoint"
        )
        guard bytes.count <= 2 * SignedNote.largest, let text = String(validating: bytes, as: UTF8.self),
            let blank = text.firstRange(of: "\n\n")
        else { throw wrong }
        let lines = text[..<blank.lowerBound].split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.first, first.hasPrefix("old "), let old = UInt64(first.dropFirst(4)),
            String(old) == first.dropFirst(4), lines.count <= Self.longestProof + 1
        else { throw wrong }
        var proof: [SHA256Digest] = []
        for line in lines.dropFirst() {
            guard let hash = (try? Base64.decode(line)).flatMap({ SHA256Digest(bytes: $0) }) else { throw wrong }
            proof.append(hash)
        }
        self.init(old: old, proof: proof, note: Array(text[blank.upperBound...].utf8))
    }

    /// The request's body.
    package var bytes: [UInt8] {
        let hashes = proof.map { "\(Base64.encode($0.bytes))\n" }.joined()
        return Array("old \(old)\n\(hashes)\n".utf8) + note
    }
}
