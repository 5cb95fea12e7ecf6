/// What somebody asks to have attested, as it came in: nothing about it is proven yet.
package struct RunRequest: Equatable, Sendable {
    /// The values of the contract's own names, without `trust`.
    package var values: [StandardClaim: String]
    package var trust: Trust
    /// Further claims, in the order in which they were given.
    package var further: [Claim]
    /// For how many seconds the run asks to live; nil for the broker's default.
    package var expiresIn: Int64?
    /// Where another issuer's token says it; no body of a registration can set this.
    package var origin: UpstreamOrigin?

    /// What the request token is to be bound to; nil for nothing.
    package var confirmation: Confirmation?

    /// Makes a request of values that are already typed, as federation and tests have them.
    package init(
        _ values: [StandardClaim: String],
        trust: Trust = .trusted,
        further: [Claim] = [],
        expiresIn: Int64? = nil
    ) {
        self.values = values
        self.trust = trust
        self.further = further
        self.expiresIn = expiresIn
    }
}

/// One claim of a run.
package struct Claim: Hashable, Sendable {
    package let name: String
    package let value: String

    /// Makes a claim.
    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }

    /// Whether a further claim can have a name: visible ASCII, without what would need an escape in JSON.
    package static func canHaveName(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy {
                (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
            }
    }
}

/// Why a request is no attestation; the message names the member, what was seen and what was wanted.
package struct AttestationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Which side has to change something.
    package enum Code: Equatable, Sendable {
        /// The request is wrong whoever sends it.
        case malformed
        /// The principal's rule does not allow it.
        case denied
    }

    package let code: Code
    /// The member of the body, such as `ref` or `claims.team`.
    package let member: String
    package let seen: String
    package let wanted: String

    /// Makes an error.
    package init(_ code: Code, member: String, seen: String, wanted: String) {
        self.code = code
        self.member = member
        self.seen = seen
        self.wanted = wanted
    }

    package var description: String { "'\(member)': saw \(seen), wanted \(wanted)" }
}
