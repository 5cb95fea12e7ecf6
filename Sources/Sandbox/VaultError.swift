internal import Tokens
internal import Trust

/// An answer of Vault's that is an error: a status and a list of texts, which has no codes.
struct VaultError: Error, Equatable {
    let status: Int
    let messages: [String]
    /// What was wrong, for the sandbox's own report.
    let reason: String

    init(_ status: Int, _ message: String, reason: String? = nil) {
        self.status = status
        messages = [message]
        self.reason = reason ?? message
    }

    /// That there is nothing at a path, which Vault says without a word.
    init(notThere path: String) {
        status = 404
        messages = []
        reason = "there is nothing at \(path)"
    }

    /// What a login says of a token that it does not take, in the words of OpenBao 2.7.2.
    init(_ rejection: RelyingParty.Rejection) {
        status = 400
        reason = rejection.description
        messages = ["error validating token: " + Self.words(rejection)]
    }

    /// Throws what a login says of a token that its role does not admit, in the words of OpenBao 2.7.2.
    static func refuse(by explanation: Explanation) throws(VaultError) {
        guard explanation.verdict != .pass else { return }
        let failed = explanation.nearest?.checks.first { $0.verdict != .pass }
        let claim = failed?.claim ?? ""
        let words =
            switch failed?.test {
            case "role_type": "role with oidc role_type is not allowed"
            case "bound_issuer": "error validating token: invalid issuer (iss) claim"
            case "bound_subject": "error validating token: invalid subject (sub) claim"
            case "bound_audiences":
                failed?.wanted == "no audience"
                    ? "audience claim found in JWT but no audiences bound to the role"
                    : "error validating token: invalid audience (aud) claim: audience claim does not match any expected audience"
            case "user_claim": "claim \"\(claim)\" not found in token"
            case "groups_claim": "failed to fetch groups: \"\(claim)\" claim not found in token"
            case "claim_mappings": "error converting claim '\(claim)' to string"
            case "time": "error validating token: invalid expiration time (exp) claim: token is expired"
            default:
                failed?.seen == "nothing"
                    ? "error validating claims: claim \"\(claim)\" is missing"
                    : "error validating claims: claim \"\(claim)\" does not match any associated bound claim values"
            }
        throw VaultError(400, words, reason: "\(words) (\(explanation.cause))")
    }

    private static func words(_ rejection: RelyingParty.Rejection) -> String {
        switch rejection {
        case .stranger: return "invalid issuer (iss) claim"
        case .token(let error):
            switch (error.code, error.subject) {
            case (.expired, _): return "invalid expiration time (exp) claim: token is expired"
            case (.notYetValid, "iat"): return "invalid issued at (iat) claim: token issued in the future"
            case (.notYetValid, _): return "invalid not before (nbf) claim: token not yet valid"
            case (.claim, "aud"):
                return "invalid audience (aud) claim: audience claim does not match any expected audience"
            case (.claim, "iss"): return "invalid issuer (iss) claim"
            case (.signature, _), (.key, _):
                return "error verifying token signature: failed to verify id token signature"
            default: return error.description
            }
        }
    }
}
