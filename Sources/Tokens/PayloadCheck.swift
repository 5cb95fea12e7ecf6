internal import Claims
internal import JSON
package import Policy
internal import Time

/// Compares a finished payload with the grant that it was built of.
///
/// What is new with each token is read back as a stranger would read it; the run's own claims, which were read and checked
/// when the run was registered, must be there byte for byte. The signature is not verified again: OpenSSL checks its RSA
/// result, and verifying ES256 costs three signatures.
package struct PayloadCheck: Sendable {
    private let bytes: [UInt8]

    /// Makes a check of a token's payload.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Whether the payload says what the grant and the facts say, and nothing besides; `closing` is the object with the trace
    /// and with what the job said of itself, or empty.
    ///
    /// - Throws: `TokenError` with code `mismatch` that names the claim.
    package func check(_ grant: Grant, _ facts: TokenFacts, closing: [UInt8] = []) throws(TokenError) {
        let tail = Payload.tail(grant.claims.json, grant.added, closing)
        guard bytes.count > tail.count, bytes[(bytes.count - tail.count)...] == tail[...] else {
            throw TokenError(.mismatch, "token", seen: "other claims of the run", wanted: "those that were attested")
        }
        if let name = grant.claims.firstName(failing: { name, _ in !Payload.ownNames.contains(name) }) {
            throw TokenError(.mismatch, name, seen: "a claim of the run by this name", wanted: "the issuer's own alone")
        }
        // Two claims of one name would say two things at once.
        for member in try grant.added.isEmpty ? [] : Self.parse(grant.added).members
        where Payload.ownNames.contains(member.name) || grant.claims[ClaimName(member.name)] != nil {
            throw TokenError(.mismatch, member.name, seen: "a claim by this name twice", wanted: "one")
        }
        guard facts.expires <= facts.issued + grant.lifetime else {
            throw TokenError(.mismatch, "exp", seen: "a longer life than granted", wanted: grant.lifetime.text)
        }
        if PlainHead(bytes).says(grant, facts, end: bytes.count - tail.count) { return }
        let head = try Self.parse(Array(bytes[..<(bytes.count - tail.count)]) + [UInt8(ascii: "}")])
        let issued = facts.issued.seconds
        try Self.check(head, "iss", .string(facts.issuer.text))
        try Self.check(head, "sub", .string(grant.subject))
        try Self.check(head, "aud", .string(grant.audience))
        try Self.check(head, "iat", .integer(issued))
        try Self.check(head, "nbf", .integer(issued - Payload.backdating.wholeSeconds))
        try Self.check(head, "exp", .integer(facts.expires.seconds))
        try Self.check(head, "jti", .string(facts.identifier))
        guard head.members.count == Payload.registered.count else {
            throw TokenError(.mismatch, "token", seen: "\(head.members.count) claims before the run's", wanted: "seven")
        }
    }

    private static func parse(_ bytes: [UInt8]) throws(TokenError) -> JSONObject {
        do throws(JSONError) {
            if let object = try JSON.parse(bytes).asObject { return object }
            throw JSONError(.malformed, line: 1, column: 1, reason: "no object")
        } catch {
            throw TokenError(.mismatch, "token", seen: "a payload that is no JSON (\(error))", wanted: "a JWT's")
        }
    }

    private static func check(_ head: JSONObject, _ name: String, _ wanted: JSON) throws(TokenError) {
        let seen = head[name]
        guard seen == wanted else {
            throw TokenError(.mismatch, name, seen: seen?.text ?? "nothing", wanted: wanted.text)
        }
    }
}
