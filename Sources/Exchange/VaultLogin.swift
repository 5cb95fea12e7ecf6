internal import JSON
internal import Time

/// The answer to a login: `auth` in the frame that every answer of Vault's has.
struct VaultLogin {
    let token: String
    /// When the token ends; nil where it has no end.
    let expires: UnixTime?
    /// What Vault's audit log calls the login; the accessor stands there as a hash alone.
    let request: String?
    /// Whether the token is one that cannot be revoked.
    let isBatch: Bool
    /// A token of so many uses is one job's alone: whoever shared it would take them away.
    let isShareable: Bool
    /// What of the login may be seen by anyone who sees the job's answer.
    let details: JSONObject

    init(_ answer: CloudAnswer) throws(ExchangeFailure) {
        let members = try CloudJSON.object(in: answer.response, of: "vault")
        guard let auth = members["auth"]?.asObject else { throw .broken("vault", "no auth in the answer to a login") }
        if auth["mfa_requirement"]?.asObject != nil {
            throw ExchangeFailure(
                .misconfigured,
                code: "mfa",
                message: "the login wants a second factor, which no job has"
            )
        }
        token = try CloudJSON.visible("client_token", in: auth, of: "vault", limit: 65_536)
        guard let seconds = auth["lease_duration"]?.asInteger, (0...CloudJSON.longestLife).contains(seconds) else {
            throw .broken("vault", "auth.lease_duration is missing or no number of seconds")
        }
        // Counted from before the request: the lease had begun by the time that the answer came. Zero means no end.
        expires = seconds == 0 ? nil : answer.asked + .seconds(seconds)
        request = members["request_id"]?.asString.map(CloudText.code)
        isBatch = auth["token_type"]?.asString == "batch"
        isShareable = (auth["num_uses"]?.asInteger ?? 0) == 0
        details = Self.details(of: auth)
    }

    private static func details(of auth: JSONObject) -> JSONObject {
        var details = JSONObject()
        if let policies = auth["policies"]?.asArray {
            details["policies"] = .array(policies.compactMap(\.asString).prefix(64).map { .string(CloudText.line($0)) })
        }
        details["token_type"] = (auth["token_type"]?.asString).map { .string(CloudText.code($0)) }
        details["renewable"] = (auth["renewable"]?.asBool).map { .bool($0) }
        details["lease_duration"] = auth["lease_duration"]
        return details
    }
}
