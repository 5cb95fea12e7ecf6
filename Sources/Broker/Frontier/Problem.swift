package import HTTP
internal import JSON

/// An answer that refuses or fails: what the client is told, and no more.
///
/// The shape is OAuth's (RFC 6749, section 5.2) with a trace id; every error of every module becomes one of these in
/// `Frontier.swift`, and nowhere else.
package struct Problem: Error, Equatable, Sendable {
    /// The codes of the contract, each with its status.
    package enum Code: String, Sendable, CaseIterable {
        case invalidRequest = "invalid_request"
        case invalidToken = "invalid_token"
        case accessDenied = "access_denied"
        case notFound = "not_found"
        case conflict = "conflict"
        case tooLarge = "too_large"
        case slowDown = "slow_down"
        case targetRefused = "target_refused"
        case unavailable = "unavailable"
        case targetTimeout = "target_timeout"
        case serverError = "server_error"
        /// RFC 8693, section 2.2.2, and RFC 6749, section 5.2: of `/oauth/token` alone.
        case invalidTarget = "invalid_target"
        case invalidScope = "invalid_scope"
        case unsupportedGrantType = "unsupported_grant_type"
        /// RFC 9449, section 5: of `/oauth/token`, and of requests that bring a proof unasked.
        case invalidDPoPProof = "invalid_dpop_proof"

        /// The status that goes with the code.
        package var status: Int {
            switch self {
            case .invalidRequest, .invalidTarget, .invalidScope, .unsupportedGrantType, .invalidDPoPProof: 400
            case .invalidToken: 401
            case .accessDenied: 403
            case .notFound: 404
            case .conflict: 409
            case .tooLarge: 413
            case .slowDown: 429
            case .serverError: 500
            case .targetRefused: 502
            case .unavailable: 503
            case .targetTimeout: 504
            }
        }
    }

    /// What a cloud said, in its own words.
    package struct Cause: Equatable, Sendable {
        /// What the failure means: `refused`, `outage`, `misconfigured`, `broken_answer` or `cancelled`.
        package let kind: String
        package let code: String
        package let text: String

        /// Makes a cause of the cloud's code and text, which hold no secret and no control character.
        package init(kind: String, code: String, text: String) {
            self.kind = kind
            self.code = code
            self.text = text
        }
    }

    package let code: Code
    /// The reason, for a person: what was refused, what was seen, what was wanted.
    package let reason: String
    /// What only the log is told, such as an error of the store.
    package var detail: String?
    package var cause: Cause?
    /// Seconds after which to try again, for `slow_down` and `unavailable`.
    package var retryAfter: Int?
    /// The methods that the path knows, for a 405.
    package var allowed: [HTTPMethod] = []
    /// A status other than the code's own, where HTTP has a better one (405, 414, 431, 501).
    package var otherStatus: Int?

    /// Makes a problem of a code and its reason.
    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The status of the answer.
    package var status: Int { otherStatus ?? code.status }

    /// The answer; with `terse` it carries the code and the trace id alone.
    package func response(trace: String, terse: Bool) -> HTTPResponse {
        var body: JSONObject = ["error": .string(code.rawValue)]
        if !terse { body["error_description"] = .string(reason) }
        body["trace"] = .string(trace)
        if !terse, let cause {
            body["cause"] = .object([
                "kind": .string(cause.kind), "code": .string(cause.code), "text": .string(cause.text),
            ])
        }
        var response = HTTPResponse(
            status: status,
            fields: ["Content-Type": "application/json", "Cache-Control": "no-store"],
            body: JSON.object(body).serialized()
        )
        if let retryAfter { response.fields.append("Retry-After", String(retryAfter)) }
        if !allowed.isEmpty { response.fields.append("Allow", allowed.map(\.rawValue).joined(separator: ", ")) }
        // RFC 6750, section 3: a 401 names the scheme that would be accepted.
        if code == .invalidToken { response.fields.append("WWW-Authenticate", "Bearer error=\"invalid_token\"") }
        return response
    }
}
