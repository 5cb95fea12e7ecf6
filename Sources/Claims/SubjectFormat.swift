internal import Encoding
internal import Runs

/// Which claims make up `sub`, in order: `[project, ref]` writes `project:acme/web:ref:refs/heads/main`.
///
/// In values, `:` and `%` and everything outside printable ASCII are percent-encoded, so that names and values alternate
/// without ambiguity and no run can make a subject that looks like another's. A claim that the run lacks is left out with
/// its name.
package struct SubjectFormat: Hashable, Sendable, CustomStringConvertible {
    /// The subject of a broker whose configuration names none.
    package static let standard = SubjectFormat([.project, .ref, .workflow, .job].map(ClaimName.standard))

    /// The claims in their order; never empty.
    package let names: [ClaimName]

    /// Makes a format of at least one name.
    package init(_ names: [ClaimName]) {
        precondition(!names.isEmpty, "a subject has at least one claim")
        self.names = names
    }

    /// The format as configuration writes it.
    package var description: String { "[\(names.map(\.description).joined(separator: ", "))]" }

    /// The subject of a run for a relying party; it is refused rather than cut where it is too long.
    ///
    /// - Throws: `SubjectError`.
    package func subject(of claims: ClaimSet, limit: SubjectLimit) throws(SubjectError) -> String {
        var subject: [UInt8] = []
        subject.reserveCapacity(128)
        for name in names {
            guard let value = claims[name] else { continue }
            if !subject.isEmpty { subject.append(UInt8(ascii: ":")) }
            Self.append(name.description, to: &subject)
            subject.append(UInt8(ascii: ":"))
            Self.append(value, to: &subject)
        }
        guard !subject.isEmpty else { throw .empty(self) }
        guard subject.count <= limit.bytes else {
            throw .tooLong(String(decoding: subject, as: UTF8.self), limit)
        }
        return String(decoding: subject, as: UTF8.self)
    }

    /// How many bytes a subject has whose claims have some values; one without a value is left out.
    package func bytes(_ value: (ClaimName) -> String?) -> Int {
        var subject: [UInt8] = []
        for name in names {
            guard let value = value(name) else { continue }
            if !subject.isEmpty { subject.append(UInt8(ascii: ":")) }
            Self.append(name.description, to: &subject)
            subject.append(UInt8(ascii: ":"))
            Self.append(value, to: &subject)
        }
        return subject.count
    }

    /// A value as it stands in a subject, where it can end neither itself nor a name.
    package static func encoded(_ value: String) -> String {
        var bytes: [UInt8] = []
        append(value, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func append(_ text: String, to subject: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: ":"), UInt8(ascii: "%"), 0x00...0x1F, 0x7F...0xFF:
                subject.append(UInt8(ascii: "%"))
                subject.append(contentsOf: Hex.encode([byte]).uppercased().utf8)
            default: subject.append(byte)
            }
        }
    }
}

/// The longest subject that a relying party takes, in bytes; our subjects are ASCII, so bytes and characters are one.
package struct SubjectLimit: Hashable, Sendable {
    package let bytes: Int
    /// Who sets the limit, for the refusal.
    package let party: String

    /// Makes a limit of a party that is known by name alone.
    package init(bytes: Int, party: String) {
        self.bytes = bytes
        self.party = party
    }

    /// AWS STS: `SubjectFromWebIdentityToken` has 6 to 255 characters.
    package static let aws = SubjectLimit(bytes: 255, party: "AWS")
    /// Google Cloud: a mapped `google.subject` has at most 127 bytes.
    package static let gcp = SubjectLimit(bytes: 127, party: "Google Cloud")
    /// Azure Entra: a federated credential's subject has at most 600 characters.
    package static let azure = SubjectLimit(bytes: 600, party: "Azure")
    /// Everyone else: OpenID Connect Core, section 2, allows 255 ASCII characters.
    package static let openID = SubjectLimit(bytes: 255, party: "OpenID Connect")
}

/// Why a run has no subject in a format.
package enum SubjectError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The run has none of the claims.
    case empty(SubjectFormat)
    /// The whole subject, and the limit that it is over.
    case tooLong(String, SubjectLimit)

    package var description: String {
        switch self {
        case .empty(let format): "the run has none of the claims of its subject \(format)"
        case .tooLong(let subject, let limit):
            "the subject '\(subject)' has \(subject.utf8.count) bytes and \(limit.party) takes \(limit.bytes); "
                + "choose fewer claims with subject:"
        }
    }
}
