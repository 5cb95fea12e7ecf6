internal import Ledger

/// What entries can be found by without looking at all of them; the raw value stands in index rows.
package enum IndexedField: UInt8, CaseIterable, Sendable {
    case kind = 1
    case outcome
    case project
    case workflow
    case job
    case ref
    case subject
    case audience
    case target
    case context
    case secret
    case run
    case principal
    case jti
    case tokenSHA256
    case trace
    case kid
    case credential
    case session
    /// Entries that were missing or could not be read when they were indexed: every answer shows them.
    case unreadable = 31

    /// The field under which a field of the entry is found; nil where it is not.
    init?(_ tag: FieldTag) {
        switch tag {
        case .trace: self = .trace
        case .run: self = .run
        case .principal: self = .principal
        case .kid: self = .kid
        case .audience: self = .audience
        case .jti: self = .jti
        case .tokenSHA256: self = .tokenSHA256
        case .target: self = .target
        case .context: self = .context
        case .secret: self = .secret
        case .credential: self = .credential
        case .session: self = .session
        default: return nil
        }
    }

    /// The field under which a claim is found; nil where it is not.
    init?(claim name: some Collection<UInt8>) {
        switch name.count {
        case 3 where name.elementsEqual("sub".utf8): self = .subject
        case 3 where name.elementsEqual("aud".utf8): self = .audience
        case 3 where name.elementsEqual("job".utf8): self = .job
        case 3 where name.elementsEqual("ref".utf8): self = .ref
        case 7 where name.elementsEqual("project".utf8): self = .project
        case 8 where name.elementsEqual("workflow".utf8): self = .workflow
        default: return nil
        }
    }
}

/// A field and the hash of its value, by which an index finds entries; another value may have the same.
package struct IndexKey: Hashable, Sendable {
    package let field: IndexedField
    package let hash: UInt32

    /// The key of a value's bytes: FNV-1a, mixed, as its low bits alone would spread badly over buckets.
    init(_ field: IndexedField, _ value: some Sequence<UInt8>) {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in value { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash = (hash ^ hash >> 32) &* 0xD6E8_FEB8_6659_FD93
        self.field = field
        self.hash = UInt32(truncatingIfNeeded: hash >> 32)
    }

    static let unreadable = IndexKey(.unreadable, [])
}
