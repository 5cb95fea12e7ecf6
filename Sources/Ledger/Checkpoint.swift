package import Crypto
internal import Encoding

/// What the log says about itself at one moment: its name, how many entries it has, and the root over them (C2SP
/// tlog-checkpoint).
package struct Checkpoint: Equatable, Sendable {
    package let origin: KeyName
    package let size: UInt64
    package let root: SHA256Digest
    /// Further lines, which this log never writes.
    package let extensions: [String]

    /// Makes a checkpoint.
    package init(origin: KeyName, size: UInt64, root: SHA256Digest) {
        self.origin = origin
        self.size = size
        self.root = root
        extensions = []
    }

    /// Parses the text of a checkpoint's note.
    ///
    /// - Throws: `LedgerError` with code `malformedNote`.
    package init(text: String) throws(LedgerError) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 4, lines.last == "", !lines.dropLast().contains("") else {
            throw .malformedNote(seen: "\(max(0, lines.count - 1)) lines", wanted: "origin, size and root, each a line")
        }
        // Of a number's spellings only the one without leading zeros may verify.
        guard let size = UInt64(lines[1]), String(size) == lines[1] else {
            throw .malformedNote(seen: "the size '\(lines[1])'", wanted: "a decimal number")
        }
        guard let hash = try? Base64.decode(lines[2]), let root = SHA256Digest(bytes: hash) else {
            throw .malformedNote(seen: "the root '\(lines[2])'", wanted: "base64 of 32 bytes")
        }
        origin = try KeyName(String(lines[0]))
        self.size = size
        self.root = root
        extensions = lines[3..<(lines.count - 1)].map(String.init)
    }

    /// The text that is signed.
    package var text: String {
        "\(origin)\n\(size)\n\(Base64.encode(root.bytes))\n" + extensions.map { "\($0)\n" }.joined()
    }

    /// Opens a signed checkpoint of a known log.
    ///
    /// Signatures by unknown keys, such as witnesses', are ignored; of the known one at least one must be there and all
    /// must be good.
    ///
    /// - Throws: `LedgerError` with code `malformedNote`, `wrongOrigin`, `wrongKey` or `badSignature`.
    package init(note bytes: [UInt8], verifiedBy key: VerifierKey) throws(LedgerError) {
        let note = try SignedNote(bytes)
        self = try Checkpoint(text: note.text)
        guard origin == key.name else {
            throw LedgerError(
                .wrongOrigin,
                seen: "a checkpoint of \(origin)",
                wanted: "one of \(key.name)",
                remedy: "set issuer to the one that this ledger was made for, or use another store"
            )
        }
        let ours = note.signatures.filter { $0.name == key.name && $0.keyID == key.id }
        guard !ours.isEmpty else {
            let seen = note.signatures.map { "\($0.name)+\(String($0.keyID, radix: 16))" }.joined(separator: ", ")
            throw LedgerError(
                .wrongKey,
                seen: "a checkpoint signed by \(seen)",
                wanted: "a signature by \(key)",
                remedy: "give the ledger's own signing key back to this store"
            )
        }
        guard ours.allSatisfy({ key.verify($0.signature, of: note.text) }) else {
            throw LedgerError(
                .badSignature,
                seen: "a checkpoint of size \(size) whose signature is not good",
                wanted: "a signature by \(key)",
                remedy: "somebody changed the checkpoint: keep this store as evidence and restore a backup"
            )
        }
    }
}

/// Signs the checkpoints of one log.
package struct CheckpointSigner: Sendable {
    package let verifier: VerifierKey
    private let key: SigningKey

    /// Makes a signer.
    ///
    /// - Throws: `LedgerError` with code `malformedNote` where the key is not an Ed25519 one.
    package init(name: KeyName, key: SigningKey) throws(LedgerError) {
        verifier = try VerifierKey(name: name, key: key.publicKey)
        self.key = key
    }

    /// The signed note over a tree.
    ///
    /// - Throws: `CryptoError` where OpenSSL fails.
    package func sign(size: UInt64, root: SHA256Digest) throws(CryptoError) -> [UInt8] {
        let text = Checkpoint(origin: verifier.name, size: size, root: root).text
        let signature = try key.sign(Array(text.utf8))
        return SignedNote(
            text: text,
            signatures: [.init(name: verifier.name, keyID: verifier.id, signature: signature)]
        ).bytes
    }
}
