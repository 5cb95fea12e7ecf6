package import JSON
internal import Text

/// The body of `POST /v1/runs`.
extension RunRequest {
    private static let ownMembers = ["claims", "expires_in", Confirmation.member]
    private static let members = StandardClaim.allCases.map(\.rawValue) + ownMembers

    /// Reads the body of a registration; whether its values may be attested is the attestation's question.
    ///
    /// - Throws: `AttestationError` with code `malformed` on a member that the contract does not have or of another type.
    package init(body: JSON) throws(AttestationError) {
        guard case .object(let object) = body else {
            throw AttestationError(.malformed, member: "body", seen: body.kind, wanted: "an object")
        }
        self.init([:])
        for member in object.members {
            switch member.name {
            case StandardClaim.trust.rawValue: trust = try Self.trust(member.value)
            case "claims": further = try Self.claims(member.value)
            case Confirmation.member: confirmation = try Confirmation(member.value)
            case "expires_in": expiresIn = try Self.seconds(member.value)
            default:
                guard let name = StandardClaim(rawValue: member.name) else { throw Self.unknown(member.name) }
                values[name] = try Self.string(member.value, of: member.name)
            }
        }
    }

    private static func trust(_ value: JSON) throws(AttestationError) -> Trust {
        let text = try string(value, of: "trust")
        guard let trust = Trust(rawValue: text) else {
            throw AttestationError(
                .malformed,
                member: "trust",
                seen: "'\(shown(text))'",
                wanted: "'trusted' or 'untrusted'"
            )
        }
        return trust
    }

    private static func claims(_ value: JSON) throws(AttestationError) -> [Claim] {
        guard case .object(let object) = value else {
            throw AttestationError(.malformed, member: "claims", seen: value.kind, wanted: "an object of strings")
        }
        var claims: [Claim] = []
        for member in object.members {
            claims.append(Claim(member.name, try string(member.value, of: "claims.\(shown(member.name))")))
        }
        return claims
    }

    private static func seconds(_ value: JSON) throws(AttestationError) -> Int64 {
        guard case .integer(let seconds) = value else {
            throw AttestationError(
                .malformed,
                member: "expires_in",
                seen: value.kind,
                wanted: "a whole number of seconds"
            )
        }
        return seconds
    }

    private static func string(_ value: JSON, of member: String) throws(AttestationError) -> String {
        guard case .string(let text) = value else {
            throw AttestationError(.malformed, member: member, seen: value.kind, wanted: "a string")
        }
        return text
    }

    private static func unknown(_ name: String) -> AttestationError {
        AttestationError(
            .malformed,
            member: shown(name),
            seen: "a member that a run does not have",
            wanted: "one of \(members.joined(separator: ", "))\(NearMiss.question(name, among: members))"
        )
    }

    /// A foreign text as an error may quote it: short, and nothing in it that a log reader cannot see.
    private static func shown(_ text: String) -> String { String(text.unicodeScalars.prefix(64)).madeVisible }
}

extension JSON {
    /// What kind of value it is, for a message.
    fileprivate var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
