internal import Tokens

/// An answer of Vault's that is an error: a status and a list of texts, which has no codes.
struct VaultError: Error, Equatable {
    let status: Int
    let messages: [String]
    /// What was wrong, for the sandbox's own report.
    let reason: String

    init(_ status: Int, _ message: String) {
        self.status = status
        messages = [message]
        reason = message
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
