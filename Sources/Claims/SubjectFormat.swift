internal import Crypto
internal import Encoding
internal import Runs

/// Which claims make up `sub`, in order: `[project, ref]` writes `project:acme/web:ref:refs/heads/main`.
///
/// In values, `:` and `%` and everything outside printable ASCII are percent-encoded, so that names and values alternate
/// without ambiguity and no run can make a subject that looks like another's. A claim that the run lacks is left out with
/// its name. Where the format allows it, a subject that is longer than a relying party takes becomes its digest: the same for
/// ever, and led back to what it stands for by the ledger.
package struct SubjectFormat: Hashable, Sendable, CustomStringConvertible {
    /// The subject of a broker whose configuration names none.
    package static let standard = SubjectFormat([.project, .ref, .workflow, .job].map(ClaimName.standard))

    /// What a digest begins with; no claim can have this name.
    package static let digestPrefix = "jobpass_sha256:"
    /// How many bytes a digest has: no relying party that takes fewer can be given one.
    package static let digestBytes = digestPrefix.utf8.count + 64

    /// The claims in their order; never empty.
    package let names: [ClaimName]
    /// Whether a subject that is too long becomes its digest.
    package let allowsDigest: Bool

    /// Makes a format of at least one name.
    package init(_ names: [ClaimName], digest allowsDigest: Bool = false) {
        precondition(!names.isEmpty, "a subject has at least one claim")
        self.names = names
        self.allowsDigest = allowsDigest
    }

    /// The format as configuration writes it.
    package var description: String {
        let list = "[\(names.map(\.description).joined(separator: ", "))]"
        return allowsDigest ? "{claims: \(list), digest: true}" : list
    }

    /// The subject of a run for a relying party; it is refused rather than cut where it is too long.
    ///
    /// - Throws: `SubjectError`.
    package func subject(of claims: ClaimSet, limit: SubjectLimit) throws(SubjectError) -> Subject {
        try subject(limit: limit) { claims[$0] }
    }

    /// The subject of claims that are had in another way, such as from an entry of the ledger.
    ///
    /// - Throws: `SubjectError`.
    package func subject(
        limit: SubjectLimit,
        of value: (ClaimName) -> String?
    ) throws(SubjectError) -> Subject {
        let plain = spelledOut(value)
        guard !plain.isEmpty else { throw .empty(self) }
        guard plain.count > limit.bytes else { return Subject(String(decoding: plain, as: UTF8.self)) }
        let text = String(decoding: plain, as: UTF8.self)
        guard allowsDigest, Self.digestBytes <= limit.bytes else {
            throw .tooLong(text, limit, longest: longest(value), digest: allowsDigest ? Self.digestBytes : nil)
        }
        return Subject(digestOf: text)
    }

    /// The claim that takes most of a subject, with the bytes that it takes.
    private func longest(_ value: (ClaimName) -> String?) -> SubjectError.Share? {
        names.compactMap { name in
            value(name).map { SubjectError.Share(claim: name.description, bytes: Self.encoded($0).utf8.count) }
        }.max { $0.bytes < $1.bytes }
    }

    private func spelledOut(_ value: (ClaimName) -> String?) -> [UInt8] {
        var subject: [UInt8] = []
        subject.reserveCapacity(128)
        for name in names {
            guard let value = value(name) else { continue }
            if !subject.isEmpty { subject.append(UInt8(ascii: ":")) }
            Self.append(name.description, to: &subject)
            subject.append(UInt8(ascii: ":"))
            Self.append(value, to: &subject)
        }
        return subject
    }

    /// How many bytes a subject has whose claims have some values; one without a value is left out.
    package func bytes(_ value: (ClaimName) -> String?) -> Int { spelledOut(value).count }

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

/// A run's subject for one relying party.
package struct Subject: Hashable, Sendable {
    /// The token's `sub`.
    package let text: String
    /// What it stands for, where it is a digest.
    package let spelledOut: String?

    /// Makes a subject that stands for itself.
    package init(_ text: String) {
        self.text = text
        spelledOut = nil
    }

    /// Makes the digest of a subject: SHA-256, in hex.
    package init(digestOf plain: String) {
        text = SubjectFormat.digestPrefix + SHA256.hash(plain).hex
        spelledOut = plain
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

    /// Nobody's: to see a subject whole.
    package static let unlimited = SubjectLimit(bytes: .max, party: "nobody")

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
    /// What one claim takes of a subject.
    package struct Share: Equatable, Sendable {
        package let claim: String
        package let bytes: Int

        /// Makes a share.
        package init(claim: String, bytes: Int) {
            self.claim = claim
            self.bytes = bytes
        }
    }

    /// The run has none of the claims.
    case empty(SubjectFormat)
    /// The whole subject, the limit that it is over, the claim that takes most, and the length of a digest that is too long too.
    case tooLong(String, SubjectLimit, longest: Share?, digest: Int?)

    package var description: String {
        switch self {
        case .empty(let format): "the run has none of the claims of its subject \(format)"
        case .tooLong(let subject, let limit, let longest, let digest):
            "the subject '\(subject)' has \(subject.utf8.count) bytes"
                + (longest.map { ", \($0.bytes) of them the value of \($0.claim)," } ?? "")
                + " and \(limit.party) takes \(limit.bytes); choose fewer claims with subject:"
                + (digest.map { ", as a digest has \($0)" }
                    ?? ", or let it become a digest with {claims: […], digest: true}")
        }
    }
}
