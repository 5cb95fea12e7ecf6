internal import Encoding

/// A text with signatures, as C2SP signed-note v1 writes it.
///
/// The text ends with a newline; after an empty line each signature has a line of its own: a dash, the key's name, and base64
/// of the key's ID and the signature.
package struct SignedNote: Equatable, Sendable {
    /// One signature line.
    package struct Signature: Equatable, Sendable {
        package let name: KeyName
        package let keyID: UInt32
        package let signature: [UInt8]

        /// Makes a signature line.
        package init(name: KeyName, keyID: UInt32, signature: [UInt8]) {
            self.name = name
            self.keyID = keyID
            self.signature = signature
        }
    }

    /// The most bytes of a note; a checkpoint with a hundred witnesses has some 20,000.
    package static let largest = 65_536
    /// The most signatures of a note.
    package static let mostSignatures = 128

    /// Ends with a newline.
    package let text: String
    package let signatures: [Signature]

    /// Makes a note of a text that ends with a newline.
    package init(text: String, signatures: [Signature]) {
        self.text = text
        self.signatures = signatures
    }

    /// Parses a note; what parses is written by `bytes` as it was.
    ///
    /// - Throws: `LedgerError` with code `malformedNote`.
    package init(_ bytes: [UInt8]) throws(LedgerError) {
        guard bytes.count <= Self.largest else {
            throw .malformedNote(seen: "\(bytes.count) bytes", wanted: "at most \(Self.largest)")
        }
        guard let note = String(validating: bytes, as: UTF8.self), bytes.allSatisfy({ $0 >= 0x20 || $0 == 0x0A }) else {
            throw .malformedNote(seen: "bytes that are no plain text", wanted: "UTF-8 without control characters")
        }
        let lines = note.split(separator: "\n", omittingEmptySubsequences: false)
        // Text and signatures part at the last empty line, so that a text may have empty lines of its own.
        guard lines.last == "", let blank = lines.dropLast().lastIndex(of: ""), blank > 0, blank + 2 < lines.count
        else {
            throw .malformedNote(seen: "no signatures", wanted: "an empty line, then signature lines")
        }
        let signed = lines[(blank + 1)..<(lines.count - 1)]
        guard signed.count <= Self.mostSignatures else {
            throw .malformedNote(seen: "\(signed.count) signatures", wanted: "at most \(Self.mostSignatures)")
        }
        text = lines[..<blank].joined(separator: "\n") + "\n"
        var parsed: [Signature] = []
        for line in signed { parsed.append(try Signature(line: line)) }
        signatures = parsed
    }

    /// The note as it is stored, served and verified.
    package var bytes: [UInt8] { Array((text + "\n").utf8) + signatureLines }

    /// The lines of its signatures alone, as a witness answers them.
    package var signatureLines: [UInt8] { Array(signatures.map { $0.line }.joined().utf8) }

    /// Reads signature lines that stand alone.
    ///
    /// - Throws: `LedgerError` with code `malformedNote`.
    package static func signatures(in lines: [UInt8]) throws(LedgerError) -> [Signature] {
        try SignedNote(Array("x\n\n".utf8) + lines).signatures
    }
}

extension SignedNote.Signature {
    private static let dash = "\u{2014} "

    fileprivate init(line: Substring) throws(LedgerError) {
        let parts = line.dropFirst(Self.dash.count).split(separator: " ", omittingEmptySubsequences: false)
        guard line.hasPrefix(Self.dash), parts.count == 2, let blob = try? Base64.decode(parts[1]), blob.count > 4
        else {
            throw .malformedNote(seen: "the line '\(line)'", wanted: "'\u{2014} NAME BASE64'")
        }
        name = try KeyName(String(parts[0]))
        keyID = blob[..<4].reduce(0) { $0 << 8 | UInt32($1) }
        signature = Array(blob[4...])
    }

    fileprivate var line: String {
        var blob = LayoutWriter(reserving: 4 + signature.count)
        blob.uint32(keyID)
        blob.fixed(signature)
        return "\(Self.dash)\(name) \(Base64.encode(blob.bytes))\n"
    }
}

extension LedgerError {
    static func malformedNote(seen: String, wanted: String) -> LedgerError {
        LedgerError(
            .malformedNote,
            seen: seen,
            wanted: wanted,
            remedy: "give it exactly as the log published it"
        )
    }
}
