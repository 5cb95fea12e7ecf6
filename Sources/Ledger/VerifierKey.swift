package import Crypto
internal import Encoding

/// The name of a key that signs notes; for a log also the origin of its checkpoints.
package struct KeyName: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// Checks a name.
    ///
    /// - Throws: `LedgerError` with code `malformedNote` where it is empty, or has white space, a control character or a `+`.
    package init(_ text: String) throws(LedgerError) {
        let isForbidden = { (scalar: Unicode.Scalar) in
            scalar == "+" || scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
        }
        guard !text.isEmpty, !text.unicodeScalars.contains(where: isForbidden) else {
            throw .malformedNote(seen: "the name '\(text)'", wanted: "a name without white space and '+'")
        }
        description = text
    }

    /// Names are compared byte for byte: to Swift's own `==` two spellings of one accented letter are the same.
    package static func == (left: KeyName, right: KeyName) -> Bool {
        left.description.utf8.elementsEqual(right.description.utf8)
    }

    package func hash(into hasher: inout Hasher) { for byte in description.utf8 { hasher.combine(byte) } }

    /// The name of an issuer's ledger: its URL without the scheme, and the path under which the log is served.
    ///
    /// - Throws: `LedgerError` with code `malformedNote` where the URL has no scheme, or characters that a name cannot have.
    package init(logOf issuer: String) throws(LedgerError) {
        guard let scheme = issuer.firstRange(of: "://") else {
            throw .malformedNote(seen: "the issuer '\(issuer)'", wanted: "a URL")
        }
        var place = issuer[scheme.upperBound...]
        while place.hasSuffix("/") { place.removeLast() }
        try self.init("\(place)/log")
    }
}

/// The public half of a key that signs checkpoints (C2SP signed-note, type 1: Ed25519).
package struct VerifierKey: Equatable, Sendable, CustomStringConvertible {
    private static let ed25519: UInt8 = 1

    package let name: KeyName
    /// The first four bytes of SHA-256 over name, newline, type and key.
    package let id: UInt32
    private let bytes: [UInt8]
    private let key: PublicKey

    /// Makes a verifier of an Ed25519 key.
    ///
    /// - Throws: `LedgerError` with code `malformedNote` where the key is of another kind.
    package init(name: KeyName, key: PublicKey) throws(LedgerError) {
        guard case .ed25519(let bytes) = key.components else {
            throw .malformedNote(seen: "a key of another kind", wanted: "an Ed25519 key")
        }
        self.name = name
        self.key = key
        self.bytes = bytes
        let digest = SHA256.hash(Array("\(name)\n".utf8) + [Self.ed25519] + bytes)
        id = digest.bytes[..<4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Parses the text that `description` gives: `NAME+ID+KEY`.
    ///
    /// - Throws: `LedgerError` with code `malformedNote`, also where the ID is not that of the key.
    package init(_ text: String) throws(LedgerError) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let blob = try? Base64.decode(parts[2]), blob.first == Self.ed25519,
            let key = try? PublicKey(.ed25519(Array(blob.dropFirst())))
        else {
            throw .malformedNote(seen: "the verifier key '\(text)'", wanted: "NAME+ID+KEY with an Ed25519 key")
        }
        try self.init(name: try KeyName(String(parts[0])), key: key)
        guard parts[1] == hexID else {
            throw .malformedNote(seen: "the key ID \(parts[1])", wanted: "\(hexID), which is that of the key")
        }
    }

    /// `NAME+ID+KEY`, as it is given to those who verify.
    package var description: String { "\(name)+\(hexID)+\(Base64.encode([Self.ed25519] + bytes))" }

    /// Whether a signature over a text is this key's.
    package func verify(_ signature: [UInt8], of text: String) -> Bool {
        key.verify(signature, of: Array(text.utf8), algorithm: .edDSA)
    }

    private var hexID: String { Hex.encode([24, 16, 8, 0].map { UInt8(truncatingIfNeeded: id >> $0) }) }
}
