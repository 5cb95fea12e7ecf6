internal import Crypto
internal import Encoding
package import Time

/// An entry as it stands in the ledger: with the time at which it was recorded and the random bits that keep its hash
/// from being guessed.
///
/// Its canonical bytes are what is hashed, stored, exported and verified, for ever. All integers are big-endian:
///
/// | bytes | meaning |
/// | --- | --- |
/// | 1 | version of the layout, 1 |
/// | 16 | salt, random |
/// | 8 | time of recording, milliseconds since 1970-01-01T00:00:00Z; never less than the entry's before |
/// | 2 | kind, `EntryKind.code` |
/// | 1 | outcome, `Outcome.code` |
/// | | then the fields that apply, in ascending order of their tags, each: |
/// | 1 | tag |
/// | 2 | length of the value |
/// | | value |
///
/// | tag | value | |
/// | --- | --- | --- |
/// | 1 | trace, text | always there |
/// | 2 | run, text | |
/// | 3 | principal, text | |
/// | 4 | address, text | |
/// | 5 | issuer, text | |
/// | 6 | kid, text | |
/// | 7 | audience, text | |
/// | 8 | jti, text | |
/// | 9 | expires, 8 bytes as the time | |
/// | 10 | token's SHA-256, 32 bytes | |
/// | 11 | claims, JSON text of one object | |
/// | 12 | target, text | |
/// | 13 | context, text | |
/// | 14 | secret's name, text | |
/// | 15 | secret's version, 8 bytes | |
/// | 16 | credential's name, text | |
/// | 17 | session's name, text | |
/// | 18 | rule, text | |
/// | 19 | reason, text | |
/// | 20 | cause, text | |
/// | 21 | covered entries, 8 bytes | in `ledger.pruned` |
///
/// Text is UTF-8. The whole is at most 65,535 bytes, so that it fits an entry bundle of C2SP tlog-tiles. A field added
/// later takes the next tag and keeps the version; a reader refuses a tag that it does not know, since it could not say what
/// it leaves out, but can hash and prove the entry all the same. Whatever else changes is another version.
package struct Leaf: Equatable, Sendable {
    /// The most bytes that an entry can have.
    package static let largest = 65_535
    /// Random bytes in an entry.
    package static let saltLength = 16

    package let time: UnixTime
    package let salt: [UInt8]
    package let entry: Entry

    static let version: UInt8 = 1

    /// The canonical bytes of an entry's body, put behind those that the ledger adds.
    static func bytes(time: UnixTime, salt: ArraySlice<UInt8>, body: [UInt8]) -> [UInt8] {
        var writer = LayoutWriter(reserving: LeafHeader.bodyOffset + body.count)
        writer.uint8(version)
        writer.fixed(salt)
        writer.uint64(UInt64(clamping: time.milliseconds))
        writer.fixed(body)
        return writer.bytes
    }

    /// Parses canonical bytes.
    ///
    /// What parses has these bytes and no others: fields out of order or twice, unknown tags, wrong lengths and text
    /// that is no UTF-8 are refused.
    ///
    /// - Throws: `LedgerError` with code `malformedEntry`.
    package init(bytes: [UInt8]) throws(LedgerError) {
        let header = try LeafHeader(bytes)
        time = header.time
        salt = Array(bytes[1..<1 + Self.saltLength])
        entry = try Entry(header: header, fields: bytes)
    }

    /// The canonical bytes.
    ///
    /// - Throws: `LedgerError` with code `entryTooLarge`, never for a leaf that was parsed.
    package func bytes() throws(LedgerError) -> [UInt8] {
        Self.bytes(time: time, salt: salt[...], body: try entry.body())
    }
}

/// The fixed first part of an entry's canonical bytes, which a search reads without parsing the rest.
package struct LeafHeader: Equatable, Sendable {
    package let time: UnixTime
    package let kind: EntryKind
    package let outcome: Outcome

    static let bodyOffset = 1 + Leaf.saltLength + 8
    static let fieldsOffset = bodyOffset + 3

    /// Reads the fixed part.
    ///
    /// - Throws: `LedgerError` with code `malformedEntry`.
    package init(_ bytes: [UInt8]) throws(LedgerError) {
        guard bytes.count >= Self.fieldsOffset, bytes.count <= Leaf.largest else {
            throw .malformed(seen: "\(bytes.count) bytes", wanted: "\(Self.fieldsOffset) to \(Leaf.largest)")
        }
        guard bytes[0] == Leaf.version else {
            throw .malformed(seen: "layout version \(bytes[0])", wanted: "version \(Leaf.version)")
        }
        var milliseconds: UInt64 = 0
        for byte in bytes[1 + Leaf.saltLength..<Self.bodyOffset] { milliseconds = milliseconds << 8 | UInt64(byte) }
        guard let milliseconds = Int64(exactly: milliseconds) else {
            throw .malformed(seen: "a time of \(milliseconds) ms", wanted: "a time that 63 bits can hold")
        }
        let code = UInt16(bytes[Self.bodyOffset]) << 8 | UInt16(bytes[Self.bodyOffset + 1])
        guard let kind = EntryKind(code: code) else {
            throw .malformed(seen: "kind \(code)", wanted: "a kind that this version knows")
        }
        guard let outcome = Outcome(code: bytes[Self.bodyOffset + 2]) else {
            throw .malformed(
                seen: "outcome \(bytes[Self.bodyOffset + 2])",
                wanted: "an outcome that this version knows"
            )
        }
        time = UnixTime(milliseconds: milliseconds)
        self.kind = kind
        self.outcome = outcome
    }
}

extension LedgerError {
    static func malformed(seen: String, wanted: String) -> LedgerError {
        LedgerError(
            .malformedEntry,
            seen: seen,
            wanted: wanted,
            remedy: "read it with the version of jobpass that wrote it, or newer"
        )
    }
}
