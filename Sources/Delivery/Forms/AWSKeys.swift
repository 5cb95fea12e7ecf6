package import JSON
package import Time

/// The keys of an AWS credential, taken from the variables that carry it, in the shapes that AWS SDKs ask for.
package struct AWSKeys: Sendable {
    private let accessKeyID: String
    private let secretAccessKey: String
    /// Nil for the static keys of an IAM user.
    private let sessionToken: String?
    /// When to ask anew: with static keys before they end, since an SDK that got no date would never ask again.
    private let askAgain: UnixTime?

    /// Finds the keys in a credential, from an exchange or a fallback.
    ///
    /// - Throws: `DeliveryError` with code `form` where it has none, as when its target is of another type.
    package init(of credential: borrowing CredentialAnswer) throws(DeliveryError) {
        guard let accessKeyID = credential.environment.text(of: "AWS_ACCESS_KEY_ID"),
            let secretAccessKey = credential.environment.text(of: "AWS_SECRET_ACCESS_KEY")
        else {
            throw DeliveryError(
                .form,
                "the credential of \(credential.target) (\(credential.type), by \(credential.source.rawValue)) has no "
                    + "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
            )
        }
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        sessionToken = credential.environment.text(of: "AWS_SESSION_TOKEN")
        askAgain = credential.askAgain
    }

    /// What `credential_process` prints: version 1.
    package var processOutput: JSON {
        var keys: JSONObject = [
            "Version": 1, "AccessKeyId": .string(accessKeyID), "SecretAccessKey": .string(secretAccessKey),
        ]
        keys["SessionToken"] = sessionToken.map { .string($0) }
        keys["Expiration"] = askAgain.map { .string(RFC3339.format($0)) }
        return .object(keys)
    }

    /// What a container-credentials endpoint answers, where SDKs take no answer without `Token` and `Expiration`.
    ///
    /// Static keys have neither: the token is empty then, which SDKs do not send, and the expiry is when to ask anew.
    ///
    /// That is `otherwise` where the broker did not say when.
    ///
    /// - Throws: `DeliveryError` with code `form` where nobody said when.
    package func containerAnswer(askAgain otherwise: UnixTime? = nil) throws(DeliveryError) -> JSON {
        guard let askAgain = askAgain ?? otherwise else {
            throw DeliveryError(.form, "the credential has no end, and no time at which to ask anew")
        }
        return [
            "AccessKeyId": .string(accessKeyID), "SecretAccessKey": .string(secretAccessKey),
            "Token": .string(sessionToken ?? ""), "Expiration": .string(RFC3339.format(askAgain)),
        ]
    }
}
