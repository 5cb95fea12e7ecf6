internal import Text
internal import Time

/// The rules that a request keeps before it is an attestation.
extension Attestation {
    /// A value is text that a person can read in a log and a cloud can compare: no invisible characters, not empty.
    static func check(_ value: String, of member: String, limits: RunLimits) throws(AttestationError) {
        let length = value.utf8.count
        guard length > 0 else {
            throw AttestationError(
                .malformed,
                member: member,
                seen: "an empty string",
                wanted: StandardClaim(rawValue: member).map(StandardClaim.required.contains) ?? false
                    ? "a string that is not empty" : "a string that is not empty, or no such member"
            )
        }
        guard length <= limits.valueLength else {
            throw AttestationError(
                .malformed,
                member: member,
                seen: "\(length) bytes",
                wanted: "at most \(limits.valueLength) bytes"
            )
        }
        if let scalar = value.firstInvisibleScalar {
            throw AttestationError(
                .malformed,
                member: member,
                seen: "the character \(scalar.codePoint)",
                wanted: "no control or direction characters"
            )
        }
    }

    static func check(_ further: [Claim], by attestor: Attestor, limits: RunLimits) throws(AttestationError) {
        guard further.count <= limits.furtherClaims else {
            throw AttestationError(
                .malformed,
                member: "claims",
                seen: "\(further.count) claims",
                wanted: "at most \(limits.furtherClaims)"
            )
        }
        var names: Set<String> = []
        for claim in further {
            try check(name: claim.name, limits: limits)
            let member = "claims.\(claim.name)"
            guard names.insert(claim.name).inserted else {
                throw AttestationError(.malformed, member: member, seen: "the name twice", wanted: "it once")
            }
            if let reason = ReservedClaims.reason(for: claim.name) {
                throw AttestationError(
                    .malformed,
                    member: member,
                    seen: "a reserved name",
                    wanted: "another one, because \(reason)"
                )
            }
            guard attestor.claims.contains(claim.name) else { throw notListed(claim.name, by: attestor) }
            try check(claim.value, of: member, limits: limits)
        }
    }

    static func check(total claims: [Claim], limits: RunLimits) throws(AttestationError) {
        let total = claims.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        guard total <= limits.totalLength else {
            throw AttestationError(
                .malformed,
                member: "claims",
                seen: "\(total) bytes of names and values in all",
                wanted: "at most \(limits.totalLength)"
            )
        }
    }

    static func check(project: String, by attestor: Attestor) throws(AttestationError) {
        guard attestor.projects.contains(where: { $0.matches(project) }) else {
            let shown = attestor.projects.prefix(5).map(\.description).joined(separator: ", ")
            throw AttestationError(
                .denied,
                member: StandardClaim.project.rawValue,
                seen: "'\(project)'",
                wanted: "a project of principal '\(attestor.name)': \(shown)\(attestor.projects.count > 5 ? ", …" : "")"
            )
        }
    }

    static func lifetime(asked seconds: Int64?, limits: RunLimits) throws(AttestationError) -> Duration {
        guard let seconds else { return limits.lifetime }
        guard seconds >= 1, seconds <= limits.maximumLifetime.wholeSeconds else {
            throw AttestationError(
                .malformed,
                member: "expires_in",
                seen: "\(seconds)",
                wanted: "from 1 to \(limits.maximumLifetime.wholeSeconds) seconds"
            )
        }
        return .seconds(seconds)
    }

    private static func check(name: String, limits: RunLimits) throws(AttestationError) {
        guard (1...limits.nameLength).contains(name.utf8.count) else {
            throw AttestationError(
                .malformed,
                member: "claims",
                seen: "a name of \(name.utf8.count) bytes",
                wanted: "names of 1 to \(limits.nameLength) bytes"
            )
        }
        guard Claim.canHaveName(name) else {
            throw AttestationError(
                .malformed,
                member: "claims",
                seen: "a name with a character outside visible ASCII, or a quote or backslash",
                wanted: "names such as team or example.com/tier"
            )
        }
    }

    private static func notListed(_ name: String, by attestor: Attestor) -> AttestationError {
        let listed = attestor.claims.sorted()
        return AttestationError(
            .denied,
            member: "claims.\(name)",
            seen: "a claim that principal '\(attestor.name)' may not attest",
            wanted: listed.isEmpty
                ? "none, because its rule lists no claims"
                : "one of \(listed.joined(separator: ", "))\(NearMiss.question(name, among: listed))"
        )
    }
}
