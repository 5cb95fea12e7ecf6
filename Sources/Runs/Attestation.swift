internal import JSON
internal import Text
internal import Time

/// What a principal vouches for about one run: every value checked, every name within what its rule allows.
package struct Attestation: Equatable, Sendable {
    /// The principal that attested it.
    package let principal: String
    package let trust: Trust
    /// All claims: those of the contract's own names that the run has, in the contract's order, then the further ones.
    package let claims: [Claim]
    /// `claims` as the members of a JSON object, with its braces, written once because every token of the run holds them.
    package let json: [UInt8]
    /// How long the run lives from its registration.
    package let lifetime: Duration
    /// The values of the contract's names at their index; nil where the run lacks one.
    package let standardValues: [String?]
    /// Where the claims come from that another issuer's token spoke of; nil where an orchestrator attested them.
    package let origin: UpstreamOrigin?

    /// What the run's request token is bound to; nil where whoever has it may use it.
    package let confirmation: Confirmation?

    /// Checks a request against the limits and the rule of the principal that sent it.
    ///
    /// - Throws: `AttestationError` for the first member that is wrong, in the order of the contract's names.
    package init(_ request: RunRequest, by attestor: Attestor, limits: RunLimits) throws(AttestationError) {
        var claims: [Claim] = []
        for name in StandardClaim.allCases where name != .trust {
            if let value = request.values[name] {
                try Self.check(value, of: name.rawValue, limits: limits)
                claims.append(Claim(name.rawValue, value))
            } else if StandardClaim.required.contains(name) {
                throw AttestationError(.malformed, member: name.rawValue, seen: "nothing", wanted: "a string")
            }
        }
        claims.append(Claim(StandardClaim.trust.rawValue, request.trust.rawValue))
        try Self.check(request.further, by: attestor, limits: limits)
        claims += request.further
        try Self.check(total: claims, limits: limits)
        try Self.check(project: request.values[.project] ?? "", by: attestor)
        lifetime = try Self.lifetime(asked: request.expiresIn, limits: limits)
        principal = attestor.name
        trust = request.trust
        origin = request.origin
        confirmation = request.confirmation
        self.claims = claims
        standardValues = Self.standardValues(of: claims)
        json = Self.serialize(claims)
    }

    /// Reads back what a store kept of an attestation that was checked when its run was registered.
    init(principal: String, stored json: [UInt8], lifetime: Duration) throws(RunError) {
        let damaged = RunError(.damaged, "the stored claims are no attestation")
        guard let parsed = try? JSON.parse(json), case .object(let object) = parsed else { throw damaged }
        var claims: [Claim] = []
        var origin: UpstreamOrigin?
        var confirmation: Confirmation?
        for member in object.members {
            if member.name == Confirmation.member {
                guard let stored = try? Confirmation(member.value) else { throw damaged }
                confirmation = stored
                continue
            }
            if member.name == UpstreamOrigin.member {
                guard let stored = UpstreamOrigin(member.value) else { throw damaged }
                origin = stored
                continue
            }
            guard case .string(let value) = member.value else { throw damaged }
            claims.append(Claim(member.name, value))
        }
        self.origin = origin
        self.confirmation = confirmation
        standardValues = Self.standardValues(of: claims)
        guard let trust = standardValues[StandardClaim.trust.index].flatMap(Trust.init(rawValue:)),
            StandardClaim.required.allSatisfy({ [standardValues] in standardValues[$0.index] != nil })
        else { throw damaged }
        self.principal = principal
        self.trust = trust
        self.claims = claims
        // Tokens carry the claims alone.
        self.json = origin == nil && confirmation == nil ? json : Self.serialize(claims)
        self.lifetime = lifetime
    }

    /// The value of one of the contract's names.
    package subscript(name: StandardClaim) -> String? { standardValues[name.index] }

    private static func standardValues(of claims: [Claim]) -> [String?] {
        var values = [String?](repeating: nil, count: StandardClaim.allCases.count)
        for claim in claims {
            if let name = StandardClaim(rawValue: claim.name) { values[name.index] = claim.value }
        }
        return values
    }

    private static func serialize(_ claims: [Claim]) -> [UInt8] {
        var object = JSONObject()
        for claim in claims { object[claim.name] = .string(claim.value) }
        return JSON.object(object).serialized()
    }
}
