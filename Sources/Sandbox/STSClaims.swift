internal import JSON

/// What AWS reads from a token besides the usual claims, with the limits that it is known to hold them to.
struct STSClaims {
    let sourceIdentity: String?

    /// Checks the claims of a token that is to assume a role.
    ///
    /// - Throws: `STSError` with code `InvalidIdentityToken`.
    init(_ claims: JSONObject, role: String) throws(STSError) {
        if let pinned = claims["https://aws.amazon.com/roles"] {
            let roles =
                pinned.asArray?.compactMap(\.asString)
                ?? pinned.asString?.split(separator: ";").map(String.init) ?? []
            guard roles.contains(role) else {
                throw STSError("InvalidIdentityToken", "The role \(role) is not among the roles of the token")
            }
        }
        if let tags = claims["https://aws.amazon.com/tags"] { try Self.check(tags: tags) }
        sourceIdentity = try claims["https://aws.amazon.com/source_identity"].map { value throws(STSError) in
            let isTaken = { (text: String) in
                (2...256).contains(text.utf8.count) && text.utf8.allSatisfy(Self.isIdentityByte)
            }
            guard let text = value.asString, isTaken(text) else {
                throw Self.refused("The source identity is not 2 to 256 of [A-Za-z0-9_+=,.@-]")
            }
            return text
        }
    }

    private static func check(tags: JSON) throws(STSError) {
        guard let object = tags.asObject, let principal = object["principal_tags"]?.asObject else {
            throw refused("The tags have no principal_tags")
        }
        guard principal.members.count <= 50 else { throw refused("There are over 50 principal_tags") }
        var keys: Set<String> = []
        for tag in principal.members {
            guard let values = tag.value.asArray, values.count == 1, let value = values[0].asString else {
                throw refused("The tag \(tag.name) has no single value")
            }
            guard (1...128).contains(tag.name.unicodeScalars.count), isTaggable(tag.name),
                !tag.name.lowercased().hasPrefix("aws:")
            else { throw refused("The tag key \(tag.name) is not valid") }
            guard value.unicodeScalars.count <= 256, isTaggable(value) else {
                throw refused("The value of the tag \(tag.name) is not valid")
            }
            guard keys.insert(tag.name.lowercased()).inserted else {
                throw refused("The tag \(tag.name) is there in another case as well")
            }
        }
        guard let transitive = object["transitive_tag_keys"] else { return }
        let isThere = { (name: JSON) in name.asString.map { keys.contains($0.lowercased()) } ?? false }
        guard let names = transitive.asArray, names.allSatisfy(isThere) else {
            throw refused("The transitive_tag_keys name a tag that is not there")
        }
    }

    /// Letters, spaces, numbers and `_.:/=+-@`: the pattern of the API's model.
    private static func isTaggable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            "_.:/=+-@ ".unicodeScalars.contains(scalar) || scalar.properties.isAlphabetic
                || scalar.properties.numericType != nil
        }
    }

    private static func isIdentityByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) && byte < 0x80
            || "_+=,.@-".utf8.contains(byte)
    }

    private static func refused(_ words: String) -> STSError { STSError("InvalidIdentityToken", words) }
}
