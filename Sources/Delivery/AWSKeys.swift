package import JSON
package import Time

/// The keys of an AWS credential, taken from the variables that carry it, in the shapes that AWS SDKs ask for.
package struct AWSKeys: Sendable {
    private let accessKeyID: String
    private let secretAccessKey: String
    /// Nil for the static keys of an IAM user.
    private let sessionToken: String?
    private let expires: UnixTime?

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
        expires = credential.expires
    }

    /// What `credential_process` prints: version 1; without `Expiration` an SDK never asks again.
    package var processOutput: JSON {
        var keys: JSONObject = [
            "Version": 1, "AccessKeyId": .string(accessKeyID), "SecretAccessKey": .string(secretAccessKey),
        ]
        keys["SessionToken"] = sessionToken.map { .string($0) }
        keys["Expiration"] = expires.map { .string(RFC3339.format($0)) }
        return .object(keys)
    }

    /// What a container-credentials endpoint answers, where SDKs take no answer without `Token` and `Expiration`.
    ///
    /// Static keys have neither: the token is empty then, which SDKs do not send, and the expiry is `again`, at which the SDK
    /// asks anew and so finds the cloud when it is back.
    package func containerAnswer(askAgain again: UnixTime) -> JSON {
        [
            "AccessKeyId": .string(accessKeyID), "SecretAccessKey": .string(secretAccessKey),
            "Token": .string(sessionToken ?? ""), "Expiration": .string(RFC3339.format(expires ?? again)),
        ]
    }
}
