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

    /// Names that nobody but the issuer gives a value.
    static let ownNames = registered + [jobClaims]

    /// Everything that a token can hold by a name of the contract.
    static let claimsSupported = registered + ClaimName.standardNames + [jobClaims]

    /// Builds the payload of a grant at a moment, to end with its lifetime and not after `end`.
    init(
        of grant: Grant,
        issuer: Issuer,
        kid: String,
        jobClaims: [UInt8],
        now: UnixTime,
        end: UnixTime?
    ) throws(TokenError) {
        let issued = now.seconds
        let expires = try Self.expiry(of: grant.lifetime, issued: issued, end: end)
        let identifier = Base64URL.encode(Entropy.identifier())
        bytes =
            Self.head([
                ("iss", .string(issuer.url.text)),
                ("sub", .string(grant.subject)),
                ("aud", .string(grant.audience)),
                ("iat", .integer(issued)),
                ("nbf", .integer(issued - Self.backdating.wholeSeconds)),
                ("exp", .integer(expires)),
                ("jti", .string(identifier)),
            ]) + Self.tail(grant.claims.json, grant.added, jobClaims)
        facts = TokenFacts(
            issuer: issuer.url,
            kid: kid,
            algorithm: grant.algorithm,
            audience: grant.audience,
            subject: grant.subject,
            identifier: identifier,
            issued: UnixTime(seconds: issued),
            expires: UnixTime(seconds: expires)
        )
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

    /// What the job chose, as a JSON object; nothing where it chose nothing.
    static func wrapped(_ jobClaims: JSONObject) -> [UInt8] {
        jobClaims.members.isEmpty ? [] : JSON.object([Self.jobClaims: .object(jobClaims)]).serialized()
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
