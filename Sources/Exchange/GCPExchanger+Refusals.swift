internal import HTTP
internal import JSON

/// What Google's two services refuse with, and what mends it.
extension GCPExchanger {
    func refusal(in response: HTTPResponse) -> ExchangeFailure {
        if let error = OAuthError(response) { return Self.refusal(error) }
        guard let error = (try? JSON.parse(response.body))?["error"]?.asObject else {
            return .foreign(response.status, insteadOf: "Google Cloud")
        }
        return refusal(error, status: response.status)
    }

    /// An error of the Security Token Service.
    private static func refusal(_ error: OAuthError) -> ExchangeFailure {
        let kind: ExchangeFailure.Kind =
            error.isMisconfiguration || error.code == "invalid_request" ? .misconfigured : .refused
        return ExchangeFailure(kind, code: error.code, message: error.description, advice: advice(error))
    }

    /// The texts are for the advice alone: the code decides what the failure means.
    private static func advice(_ error: OAuthError) -> String? {
        switch error.code {
        case "invalid_grant" where error.description.contains("stale to sign-in"):
            "the token is older to Google than it may be: compare the clocks of broker and Google"
        case "invalid_grant" where error.description.contains("issuer"):
            "Google could not use the issuer's discovery document and keys, or the JWKS that was uploaded to the provider "
                + "is malformed: check both with 'jobpass keys publish'"
        case "invalid_grant":
            "compare the provider's issuer URI and allowed audiences with the token's iss and aud"
        case "unauthorized_client": "the provider's attribute condition is false for this run's claims"
        case "invalid_target": "there is no such pool or provider, or it is disabled: check 'provider'"
        case "invalid_scope": "check 'scopes'"
        default: nil
        }
    }

    /// An error in the form of google.rpc.Status, as the IAM Credentials API writes it.
    private func refusal(_ error: JSONObject, status: Int) -> ExchangeFailure {
        let code = error["status"]?.asString ?? "http-\(status)"
        let text = error["message"]?.asString ?? "no reason given"
        let account = gcp.serviceAccount ?? ""
        let (kind, advice): (ExchangeFailure.Kind, String?) =
            switch code {
            case "PERMISSION_DENIED":
                (
                    .refused,
                    "grant roles/iam.workloadIdentityUser on \(account) to the pool's principal of this run's subject"
                )
            case "NOT_FOUND": (.misconfigured, "there is no service account \(account)")
            case "INVALID_ARGUMENT", "FAILED_PRECONDITION":
                (.misconfigured, "check 'scopes' and 'session' (more than 1h needs the organisation's leave)")
            default: (.refused, nil)
            }
        return ExchangeFailure(kind, code: code, message: text, advice: advice)
    }
}
