internal import Claims
internal import Crypto
internal import Encoding
internal import JSON
internal import Policy
internal import Time

/// What a token will say: the registered claims of RFC 7519, then the run's own, then what the job chose for itself.
///
/// Building is one step of three: `TokenSigner` signs what this has built, and `PayloadCheck` compares the result with its
/// grant again.
struct Payload {
    let bytes: [UInt8]
    let facts: TokenFacts

    /// How long before its issue a token is valid already: relying parties' clocks run behind ours by seconds.
    static let backdating: Duration = .seconds(60)

    /// The longest life of any token: Google Cloud takes none that was issued more than 24 hours ago.
    static let longestLifetime: Duration = .seconds(86_400)

    /// The claims that every token has, in their order.
    static let registered = ["iss", "sub", "aud", "iat", "nbf", "exp", "jti"]

    static let jobClaims = "job_claims"
    /// The request that the token was issued to, as the ledger has it: a cloud's log leads back to it.
    static let trace = "jobpass_trace"

    /// What whoever shows the token has to prove (RFC 7800).
    static let confirmation = "cnf"

    /// Names that nobody but the issuer gives a value.
    static let ownNames = registered + [trace, confirmation, jobClaims]

    /// Everything that a token can hold by a name of the contract.
    static let claimsSupported = registered + ClaimName.standardNames + [trace, jobClaims]

    /// Builds the payload of a grant at a moment, to end with its lifetime and not after `end`.
    init(
        of grant: Grant,
        issuer: Issuer,
        kid: String,
        closing: [UInt8],
        now: UnixTime,
        end: UnixTime?
    ) throws(TokenError) {
        let issued = now.seconds
        facts = TokenFacts(
            issuer: issuer.url,
            kid: kid,
            algorithm: grant.algorithm,
            audience: grant.audience,
            subject: grant.subject,
            identifier: Base64URL.encode(Entropy.identifier()),
            issued: UnixTime(seconds: issued),
            expires: UnixTime(seconds: try Self.expiry(of: grant.lifetime, issued: issued, end: end))
        )
        bytes = Self.head(facts) + Self.tail(grant.claims.json, grant.added, closing)
    }

    /// Builds the payload of a decoy, which says of itself that it is one.
    init(of decoy: Decoy, issuer: Issuer, kid: String, now: UnixTime) {
        let issued = UnixTime(seconds: (now - decoy.age).seconds)
        facts = TokenFacts(
            issuer: issuer.url,
            kid: kid,
            algorithm: decoy.algorithm,
            audience: decoy.audience,
            subject: decoy.subject,
            identifier: Base64URL.encode(Entropy.identifier()),
            issued: issued,
            expires: issued + decoy.lifetime
        )
        let mark = JSON.object([Decoy.mark: .string(decoy.fault.rawValue)]).serialized()
        bytes = Self.head(facts) + Self.tail(decoy.claims.json, decoy.added, mark)
    }

    private static func head(_ facts: TokenFacts) -> [UInt8] {
        head([
            ("iss", .string(facts.issuer.text)),
            ("sub", .string(facts.subject)),
            ("aud", .string(facts.audience)),
            ("iat", .integer(facts.issued.seconds)),
            ("nbf", .integer(facts.issued.seconds - backdating.wholeSeconds)),
            ("exp", .integer(facts.expires.seconds)),
            ("jti", .string(facts.identifier)),
        ])
    }

    private static func expiry(of lifetime: Duration, issued: Int64, end: UnixTime?) throws(TokenError) -> Int64 {
        guard lifetime >= .seconds(1), lifetime <= longestLifetime else {
            throw TokenError(
                .lifetime,
                "lifetime",
                seen: "\(lifetime.wholeSeconds) seconds",
                wanted: "from 1s to \(longestLifetime.text)"
            )
        }
        let expires = min(issued + lifetime.wholeSeconds, end?.seconds ?? .max)
        guard expires > issued else {
            throw TokenError(.lifetime, "lifetime", seen: "an end that is here already", wanted: "a run that goes on")
        }
        return expires
    }

    /// The registered claims as an object that is still open.
    ///
    /// Its names need no escape, and its values are written one by one: a whole object would be built twice, once for each
    /// side of the C library.
    private static func head(_ claims: [(name: String, value: JSON)]) -> [UInt8] {
        var head: [UInt8] = []
        head.reserveCapacity(512)
        for claim in claims {
            head.append(UInt8(ascii: head.isEmpty ? "{" : ","))
            head.append(UInt8(ascii: "\""))
            head.append(contentsOf: claim.name.utf8)
            head.append(UInt8(ascii: "\""))
            head.append(UInt8(ascii: ":"))
            head.append(contentsOf: claim.value.serialized())
        }
        return head
    }

    /// What stands last, as a JSON object: the trace, what the holder has to prove, then what the job said of itself; nothing
    /// where there is none of them.
    static func closing(_ trace: String?, _ jobClaims: JobClaims, confirmation: JSON? = nil) -> [UInt8] {
        if jobClaims.isEmpty, confirmation == nil, let trace,
            trace.utf8.allSatisfy({ (48...57).contains($0) || (97...122).contains($0) })
        {
            // By hand, since every token has it.
            return Array(#"{"\#(Self.trace)":"\#(trace)"}"#.utf8)
        }
        var members = JSONObject()
        if let trace { members[Self.trace] = .string(trace) }
        if let confirmation { members[Self.confirmation] = confirmation }
        if !jobClaims.isEmpty {
            var own = JSONObject()
            for member in jobClaims.members { own[member.name] = .string(member.value) }
            members[Self.jobClaims] = .object(own)
        }
        return members.members.isEmpty ? [] : JSON.object(members).serialized()
    }

    /// What stands behind the registered claims: the members of other objects, given with their braces.
    static func tail(_ objects: [UInt8]...) -> [UInt8] {
        var tail: [UInt8] = []
        tail.reserveCapacity(objects.reduce(1) { $0 + $1.count })
        for object in objects where object.count > 2 {
            tail.append(UInt8(ascii: ","))
            tail.append(contentsOf: object.dropFirst().dropLast())
        }
        tail.append(UInt8(ascii: "}"))
        return tail
    }
}
