package import Claims
internal import JSON
package import Policy

/// A session tag: its key, and the claim of the run whose value it has.
package struct AWSSessionTag: Equatable, Sendable {
    package let key: String
    package let claim: String
    /// Whether it goes on to the sessions of chained roles.
    package let isTransitive: Bool

    /// Makes a tag.
    package init(key: String, claim: String, isTransitive: Bool = false) {
        self.key = key
        self.claim = claim
        self.isTransitive = isTransitive
    }

    /// The characters that AWS takes in keys and values: letters, spaces, numbers and `_.:/=+-@`.
    static func isTaggable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .spaceSeparator,
                .lineSeparator, .paragraphSeparator, .decimalNumber, .letterNumber, .otherNumber:
                true
            default: "_.:/=+-@".unicodeScalars.contains(scalar)
            }
        }
    }
}

/// What AWS reads from a token besides the claims that everybody reads: the roles that it is good for, the tags of the
/// session, and its source identity.
package struct AWSClaims: AddedClaims, Equatable {
    /// The roles that the token is good for; empty where any role that trusts it may be assumed.
    let roles: [String]
    let tags: [AWSSessionTag]
    /// The claim of the run that names who is behind the session.
    let sourceIdentity: String?

    /// The claims of a run for AWS, as a JSON object.
    ///
    /// - Throws: `AddedClaimError` where a value is one that STS would refuse the whole call for.
    package func claims(of run: ClaimSet) throws(AddedClaimError) -> [UInt8] {
        var claims = JSONObject()
        if !roles.isEmpty { claims["https://aws.amazon.com/roles"] = .array(roles.map { .string($0) }) }
        var present: [(key: String, value: String, isTransitive: Bool)] = []
        for tag in tags {
            if let tag = try value(of: tag, run) { present.append(tag) }
        }
        if !present.isEmpty {
            var principal = JSONObject()
            for tag in present { principal[tag.key] = [.string(tag.value)] }
            var object: JSONObject = ["principal_tags": .object(principal)]
            let transitive = present.filter(\.isTransitive).map { JSON.string($0.key) }
            if !transitive.isEmpty { object["transitive_tag_keys"] = .array(transitive) }
            claims["https://aws.amazon.com/tags"] = .object(object)
        }
        if let sourceIdentity {
            claims["https://aws.amazon.com/source_identity"] = .string(try identity(sourceIdentity, run))
        }
        return claims.members.isEmpty ? [] : JSON.object(claims).serialized()
    }

    /// A tag with its value; none for a claim that the run lacks.
    private func value(
        of tag: AWSSessionTag,
        _ run: ClaimSet
    ) throws(AddedClaimError) -> (key: String, value: String, isTransitive: Bool)? {
        guard let value = run[ClaimName(tag.claim)] else { return nil }
        guard value.unicodeScalars.count <= 256, AWSSessionTag.isTaggable(value) else {
            throw AddedClaimError(
                claim: tag.claim,
                seen: value,
                wanted: "at most 256 letters, numbers, spaces and _.:/=+-@, which is what AWS takes as a tag's value"
            )
        }
        return (tag.key, value, tag.isTransitive)
    }

    private func identity(_ claim: String, _ run: ClaimSet) throws(AddedClaimError) -> String {
        let wanted = "2 to 64 letters, digits and _+=,.@-, which is what AWS takes as a source identity"
        guard let value = run[ClaimName(claim)] else {
            throw AddedClaimError(claim: claim, seen: nil, wanted: wanted)
        }
        let isTaken =
            (2...64).contains(value.utf8.count)
            && value.utf8.allSatisfy { SettingCheck.isLetterOrDigit($0) || "_+=,.@-".utf8.contains($0) }
        guard isTaken else { throw AddedClaimError(claim: claim, seen: value, wanted: wanted) }
        return value
    }
}
