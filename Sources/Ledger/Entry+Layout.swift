internal import Crypto
internal import Encoding
internal import Time

/// The tags of an entry's fields, as the table at `Leaf` gives them.
package enum FieldTag: UInt8, Sendable {
    case trace = 1
    case run
    case principal
    case address
    case issuer
    case kid
    case audience
    case jti
    case expires
    case tokenSHA256
    case claims
    case target
    case context
    case secret
    case version
    case credential
    case session
    case rule
    case reason
    case cause
    case covered
}

extension Entry {
    /// The canonical bytes from the kind on.
    ///
    /// - Throws: `LedgerError` with code `entryTooLarge`.
    func body() throws(LedgerError) -> [UInt8] {
        var writer = BodyWriter(kind: kind, outcome: outcome, reserving: 640 + (claims?.count ?? 0))
        do throws(EncodingError) {
            try writer.text(.trace, trace)
            try writer.text(.run, run)
            try writer.text(.principal, principal)
            try writer.text(.address, address)
            try writer.text(.issuer, issuer)
            try writer.text(.kid, kid)
            try writer.text(.audience, audience)
            try writer.text(.jti, jti)
            try writer.integer(.expires, expires.map { UInt64(clamping: $0.milliseconds) })
            try writer.bytes(.tokenSHA256, tokenSHA256?.bytes)
            try writer.bytes(.claims, claims)
            try writer.text(.target, target)
            try writer.text(.context, context)
            try writer.text(.secret, secret)
            try writer.integer(.version, version)
            try writer.text(.credential, credential)
            try writer.text(.session, session)
            try writer.text(.rule, rule)
            try writer.text(.reason, reason.map(Self.shortened))
            try writer.text(.cause, cause.map(Self.shortened))
            try writer.integer(.covered, covered)
        } catch {
            throw Self.tooLarge(seen: "a field of more than 65535 bytes")
        }
        let total = LeafHeader.bodyOffset + writer.layout.bytes.count
        guard total <= Leaf.largest else { throw Self.tooLarge(seen: "\(total) bytes") }
        return writer.layout.bytes
    }

    /// Reads the fields behind a header.
    init(header: LeafHeader, fields bytes: [UInt8]) throws(LedgerError) {
        var reader = FieldReader(bytes)
        do throws(EncodingError) {
            try reader.skipHeader()
            guard let trace = try reader.text(.trace) else {
                throw EncodingError(.layout, at: LeafHeader.fieldsOffset, wanted: "the trace")
            }
            self.init(header.kind, header.outcome, trace: trace)
            run = try reader.text(.run)
            principal = try reader.text(.principal)
            address = try reader.text(.address)
            issuer = try reader.text(.issuer)
            kid = try reader.text(.kid)
            audience = try reader.text(.audience)
            jti = try reader.text(.jti)
            expires = try reader.time(.expires)
            tokenSHA256 = try reader.digest(.tokenSHA256)
            claims = try reader.bytes(.claims)
            target = try reader.text(.target)
            context = try reader.text(.context)
            secret = try reader.text(.secret)
            version = try reader.integer(.version)
            credential = try reader.text(.credential)
            session = try reader.text(.session)
            rule = try reader.text(.rule)
            reason = try reader.shortText(.reason)
            cause = try reader.shortText(.cause)
            covered = try reader.integer(.covered)
            try reader.end()
        } catch {
            throw .malformed(seen: "something else at byte \(error.offset)", wanted: error.wanted)
        }
    }

    /// The first bytes of a text that is too long, cut between two characters and marked.
    static func shortened(_ text: String) -> String {
        guard text.utf8.count > longestText else { return text }
        let mark = "…"
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: longestText - mark.utf8.count)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text[..<end]) + mark
    }

    private static func tooLarge(seen: String) -> LedgerError {
        LedgerError(
            .entryTooLarge,
            seen: seen,
            wanted: "at most \(Leaf.largest) bytes in one entry",
            remedy: "shorten the run's claims"
        )
    }
}

/// Writes the fields of a body, each with its tag and length.
private struct BodyWriter {
    private(set) var layout: LayoutWriter

    init(kind: EntryKind, outcome: Outcome, reserving capacity: Int) {
        layout = LayoutWriter(reserving: capacity)
        layout.uint16(kind.code)
        layout.uint8(outcome.code)
    }

    mutating func bytes(_ tag: FieldTag, _ value: [UInt8]?) throws(EncodingError) {
        guard let value else { return }
        layout.uint8(tag.rawValue)
        try layout.prefixed16(value)
    }

    mutating func text(_ tag: FieldTag, _ value: String?) throws(EncodingError) {
        guard let value else { return }
        layout.uint8(tag.rawValue)
        try layout.prefixed16(value)
    }

    mutating func integer(_ tag: FieldTag, _ value: UInt64?) throws(EncodingError) {
        guard let value else { return }
        layout.uint8(tag.rawValue)
        layout.uint16(8)
        layout.uint64(value)
    }
}

/// Reads the fields of a body in the order of their tags.
private struct FieldReader {
    private var reader: LayoutReader
    private let count: Int
    /// The tag of the next field, already read; nil at the end.
    private var next: UInt8?

    init(_ bytes: [UInt8]) {
        reader = LayoutReader(bytes)
        count = bytes.count
    }

    mutating func skipHeader() throws(EncodingError) {
        _ = try reader.fixed(LeafHeader.fieldsOffset)
        try advance()
    }

    mutating func bytes(_ tag: FieldTag) throws(EncodingError) -> [UInt8]? {
        guard next == tag.rawValue else { return nil }
        let value = try reader.prefixed16()
        try advance()
        return value
    }

    mutating func text(_ tag: FieldTag) throws(EncodingError) -> String? {
        let start = reader.offset
        guard let value = try bytes(tag) else { return nil }
        guard let text = String(validating: value, as: UTF8.self) else {
            throw EncodingError(.utf8, at: start, wanted: "UTF-8 in the field \(tag)")
        }
        return text
    }

    mutating func shortText(_ tag: FieldTag) throws(EncodingError) -> String? {
        let start = reader.offset
        guard let text = try text(tag) else { return nil }
        guard text.utf8.count <= Entry.longestText else {
            throw EncodingError(.layout, at: start, wanted: "at most \(Entry.longestText) bytes in the field \(tag)")
        }
        return text
    }

    mutating func integer(_ tag: FieldTag) throws(EncodingError) -> UInt64? {
        let start = reader.offset
        guard let value = try bytes(tag) else { return nil }
        guard value.count == 8 else { throw EncodingError(.layout, at: start, wanted: "8 bytes in the field \(tag)") }
        return value.reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func time(_ tag: FieldTag) throws(EncodingError) -> UnixTime? {
        let start = reader.offset
        guard let value = try integer(tag) else { return nil }
        guard let milliseconds = Int64(exactly: value) else {
            throw EncodingError(.layout, at: start, wanted: "a time that 63 bits can hold")
        }
        return UnixTime(milliseconds: milliseconds)
    }

    mutating func digest(_ tag: FieldTag) throws(EncodingError) -> SHA256Digest? {
        let start = reader.offset
        guard let value = try bytes(tag) else { return nil }
        guard let digest = SHA256Digest(bytes: value) else {
            throw EncodingError(.layout, at: start, wanted: "32 bytes in the field \(tag)")
        }
        return digest
    }

    func end() throws(EncodingError) {
        if let next {
            throw EncodingError(.layout, at: reader.offset - 1, wanted: "no field of tag \(next) here")
        }
    }

    private mutating func advance() throws(EncodingError) {
        next = reader.offset < count ? try reader.uint8() : nil
    }
}
